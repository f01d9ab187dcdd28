"""doctor on the private machine: its real stacks, what the real sshd -T says, the real sudoers.

The shipped files give no error and no warning; then one thing at a time is broken."""

import os
import subprocess

import pytest

import world
from machine import CONF

# Of the machine the tests run on, not of what is judged here.
ELSEWHERE = {"clock-unsynchronised", "store-volatile"}


@pytest.fixture(name="doctor")
def fixture_doctor(machine):
    """Shipped stacks and settings, somebody who can pass them, and doctor: {"NAME FILE:LINE"} without notes."""
    shipped_sshd(machine, "psg-password-code")
    machine.person()

    def doctor(*services, notes=False):
        made = machine.psgctl_json("doctor", *services, status=None)
        return {f"{item['name']} {item['file']}:{item['line']}" for item in made["findings"]
                if item["name"] not in ELSEWHERE and (notes or item["severity"] != "note")}
    doctor.machine = machine
    return doctor


def shipped_sshd(machine, snippet):
    subprocess.run("rm -rf /etc/ssh/sshd_config.d && mkdir -p /etc/ssh/sshd_config.d /run/sshd", shell=True,
                   check=True)
    machine.write("/etc/ssh/sshd_config", machine.read("/usr/share/openssh/sshd_config"))
    machine.write("/etc/ssh/sshd_config.d/10-psg.conf", machine.read(f"{CONF}/sshd_config.d/{snippet}.conf"))
    if not os.path.exists("/etc/ssh/ssh_host_ed25519_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/ssh_host_ed25519_key"],
                       check=True)


def line_of(machine, path, text):
    """FILE:LINE of the line that has `text`."""
    lines = machine.read(path).split("\n")
    return f"{path}:{next(number for number, line in enumerate(lines, 1) if text in line)}"


def replace(machine, path, old, new):
    text = machine.read(path)
    assert old in text
    machine.write(path, text.replace(old, new, 1))


# -- as shipped --

@pytest.mark.parametrize("stack, snippet", [("sshd-password", "psg-password-code"),
                                            ("sshd-publickey", "psg-key-code")])
def test_what_is_shipped_gives_no_finding(doctor, stack, snippet):
    doctor.machine.stack("sshd", stack)
    shipped_sshd(doctor.machine, snippet)
    assert doctor() == set()
    # Debian's PermitRootLogin lets root in with a key: said, and no more.
    assert doctor(notes=True) == {"root-login-key /etc/ssh/sshd_config:None"}


def test_debian_before_pam_psg_is_not_gated(doctor):
    machine = doctor.machine
    for service in ("sudo", "sudo-i", "su", "su-l", "login"):
        machine.stack_text(service, "@include common-auth\n@include common-account\n@include common-session\n")
    assert machine.psgctl_json("doctor", status=None)["services"] == ["sshd"]
    assert doctor("sudo") == {"not-gated /etc/pam.d/sudo:None"}


def test_root_login(doctor):
    machine = doctor.machine
    machine.write("/etc/ssh/sshd_config.d/00-root.conf", "\nPermitRootLogin yes\n")
    assert doctor("sshd") == {"root-login /etc/ssh/sshd_config.d/00-root.conf:2"}
    text = machine.read("/etc/pam.d/sshd").replace("pam_psg.so", "pam_psg.so even_root")
    machine.write("/etc/pam.d/sshd", text)
    assert doctor("sshd") == set()
    machine.stack("sshd", "sshd-password")
    machine.write("/etc/ssh/sshd_config.d/00-root.conf", "PermitRootLogin no\n")
    assert doctor("sshd", notes=True) == set()


# -- sshd's settings --

@pytest.mark.parametrize("settings, names", [
    (["KbdInteractiveAuthentication no", "AuthenticationMethods any"], ["sshd-kbdinteractive", None]),
    (["ChallengeResponseAuthentication no", "AuthenticationMethods any"], ["sshd-kbdinteractive", None]),
    (["UsePAM no"], ["sshd-usepam"]),
    (["AcceptEnv PSG_*"], ["sshd-acceptenv"]),
    (["AcceptEnv LANG PSG"], []),
    (["AuthenticationMethods publickey"], ["sshd-no-code"]),
    (["AuthenticationMethods keyboard-interactive:pam publickey,password", "PasswordAuthentication yes"],
     ["sshd-password", None]),
    (["AuthenticationMethods any", "PasswordAuthentication yes"], [None, "sshd-password"]),
], ids=str)
def test_sshd_settings(doctor, settings, names):
    """sshd takes the first value it meets: this file's."""
    path = "/etc/ssh/sshd_config.d/00-first.conf"
    doctor.machine.write(path, "\n".join(settings) + "\n")
    wanted = {f"{name} {path}:{number}" for number, name in enumerate(names, 1) if name}
    if "AuthenticationMethods any" in settings:  # a key is then enough, by Debian's default
        wanted.add("sshd-no-code /etc/ssh/sshd_config:None")
    assert doctor("sshd") == wanted


def test_a_key_that_nobody_asks_for(doctor):
    """The two shipped pairs, crossed."""
    doctor.machine.stack("sshd", "sshd-publickey")
    assert doctor("sshd") == {"sshd-after /etc/ssh/sshd_config.d/10-psg.conf:" +
                              line_of(doctor.machine, "/etc/ssh/sshd_config.d/10-psg.conf",
                                      "AuthenticationMethods").rpartition(":")[2]}
    doctor.machine.stack("sshd", "sshd-password")
    shipped_sshd(doctor.machine, "psg-key-code")
    assert doctor("sshd") == set()


def test_sshd_without_methods(doctor):
    """Debian's own settings: a key alone, or a password that is answered for the person."""
    os.unlink("/etc/ssh/sshd_config.d/10-psg.conf")
    names = {item.split()[0] for item in doctor("sshd")}
    assert names == {"sshd-password", "sshd-no-code", "sshd-kbdinteractive"}


def test_sshd_match_blocks_are_noted(doctor):
    path = "/etc/ssh/sshd_config.d/20-match.conf"
    doctor.machine.write(path, "Match User backup\nPasswordAuthentication yes\nPermitRootLogin yes\n")
    assert doctor("sshd", notes=True) == {f"sshd-match {path}:1", "root-login-key /etc/ssh/sshd_config:None"}


def test_sshd_that_does_not_say(doctor):
    for line, says in (("UsePAM perhaps", "00-first.conf"),
                       ("KbdInteractiveAuthentication no", "keyboard-interactive")):
        doctor.machine.write("/etc/ssh/sshd_config.d/00-first.conf", line + "\n")
        assert doctor("sshd") == {"sshd-unjudged /etc/ssh/sshd_config:None"}
        made = doctor.machine.psgctl_json("doctor", "sshd", status=1)["findings"]
        assert says in next(item["message"] for item in made if item["name"] == "sshd-unjudged")


# -- sudo's settings --

@pytest.mark.parametrize("line, name", [
    ("Defaults !pam_session", "sudo-no-session"),
    ("Defaults:backup requiretty, !pam_session", "sudo-no-session"),
    ("Defaults !pam_acct_mgmt", "sudo-no-account"),
    ("Defaults@ALL !pam_acct_mgmt", "sudo-no-account"),
    ("Defaults!/usr/bin/id !pam_acct_mgmt", "sudo-no-account"),
    ("Defaults>backup ! pam_session", "sudo-no-session"),
    ("Defaults timestamp_timeout=-1", "sudo-timestamp"),
    ("Defaults:ALL timestamp_timeout = 480", "sudo-timestamp"),
    ("Defaults pam_service=other", "sudo-service"),
    ("Defaults pam_login_service = passwd", "sudo-service"),
])
@pytest.mark.parametrize("path", ["/etc/sudoers", "/etc/sudoers.d/site"])
def test_sudo_settings(doctor, line, name, path):
    machine = doctor.machine
    if path == "/etc/sudoers":
        machine.sudoers(line + "\n")
    else:
        machine.write(path, f"# of this site\n{line}\n", 0o440)
    assert doctor("sudo", "sudo-i") == {f"{name} {line_of(machine, path, line)}"}


def test_sudo_settings_that_do_no_harm(doctor):
    doctor.machine.sudoers("Defaults !pam_session\nDefaults timestamp_timeout=15, pam_session\n"
                           "# Defaults !pam_acct_mgmt\nDefaults:root !authenticate\nDefaults pam_service=sudo-i\n")
    assert doctor("sudo", "sudo-i") == set()


def test_the_right_one_of_several_lines(doctor):
    # What is said for somebody holds against what is said for all, wherever that stands.
    doctor.machine.sudoers("Defaults:backup pam_session\nDefaults:root !pam_session\nDefaults:games !pam_session\n"
                           "Defaults pam_session\n")
    machine = doctor.machine
    made = machine.psgctl_json("doctor", "sudo", "sudo-i", status=1)["findings"]
    found = {(item["message"], f"{item['file']}:{item['line']}") for item in made if item["severity"] == "error"}
    assert found == {(f"Defaults says !pam_session for username {name}",
                      line_of(machine, "/etc/sudoers", f"Defaults:{name} ")) for name in ("root", "games")}


@pytest.fixture(name="stand_in")
def fixture_stand_in(machine):
    """A script mounted over a program, in this machine alone, until the test's end."""
    covered = []

    def put(path, script):
        made = f"{world.ROOT}/tmp/stand-in-{os.path.basename(path)}"
        machine.write(made, "#!/bin/sh\n" + script, 0o755)
        subprocess.run(["mount", "--bind", made, path], check=True)
        covered.append(path)
    yield put
    for path in covered:
        subprocess.run(["umount", "--lazy", path], check=True)


def test_what_hangs_is_ended(doctor, stand_in):
    """Its streams closed or not, doctor goes on after five seconds; both at once, for they only wait."""
    stand_in("/usr/sbin/sshd", "exec >&- 2>&-; sleep 60\n")
    stand_in("/usr/bin/cvtsudoers", "sleep 60\n")
    running = [subprocess.Popen(["psgctl", "doctor", *services], stdout=subprocess.PIPE, text=True)
               for services in (["sshd"], ["sudo", "sudo-i"])]
    said = "".join(process.communicate(timeout=30)[0] for process in running)
    assert "`sshd -T` does not say: it had to be ended" in said
    assert "cvtsudoers does not say: it had to be ended" in said
    assert [process.returncode for process in running] == [1, 1]


def test_sshd_runs_without_our_environment(doctor, stand_in):
    stand_in("/usr/sbin/sshd", "echo usepam \"no$LD_PRELOAD$SUDO_USER$PSG_STORE\"; exec cat\n")
    os.environ["SUDO_USER"] = "somebody"
    try:
        assert "sshd-usepam /etc/ssh/sshd_config.d/10-psg.conf:" in " ".join(doctor("sshd"))
    finally:
        del os.environ["SUDO_USER"]


def test_sudoers_that_does_not_parse(doctor):
    doctor.machine.sudoers("Defaults =\n")
    assert doctor("sudo", "sudo-i") == {"sudo-unjudged /etc/sudoers:None"}


# -- stacks and files --

def test_gate_below_common_account(doctor):
    machine = doctor.machine
    gate = "account    requisite    pam_psg.so\n"
    text = machine.read("/etc/pam.d/sudo").replace(gate, "")
    machine.write("/etc/pam.d/sudo", text.replace("@include common-account\n", "@include common-account\n" + gate))
    assert doctor() == {f"gate-passed-by {line_of(machine, '/etc/pam.d/common-account', 'new_authtok_reqd=done')}"}


def test_sufficient_and_missing(doctor):
    machine = doctor.machine
    replace(machine, "/etc/pam.d/sshd", "account    requisite    pam_psg.so", "account sufficient pam_psg.so")
    assert doctor("sshd") == {f"gate-overruled {line_of(machine, '/etc/pam.d/sshd', 'account sufficient')}"}
    replace(machine, "/etc/pam.d/sshd", "account sufficient pam_psg.so", "")
    assert doctor("sshd") == {"account-missing /etc/pam.d/sshd:None"}


def test_the_vendors_stacks(doctor):
    """/usr/lib/pam.d counts where /etc/pam.d has no file of the name, as in libpam."""
    folder, upper = "/usr/lib/pam.d", "/run/psg/tmp/vendor"
    if os.path.isdir(folder):
        mounted = folder
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder], check=True)
    else:  # no package of this host's has one
        mounted = "/usr/lib"
        os.makedirs(upper + "/work")
        os.makedirs(upper + "/upper/pam.d")
        subprocess.run(["mount", "-t", "overlay", "-o", f"lowerdir=/usr/lib,upperdir={upper}/upper,workdir={upper}/work",
                        "overlay", mounted], check=True)
    try:
        for name in ("billing", "sudo"):
            doctor.machine.write(f"/usr/lib/pam.d/{name}", "account optional pam_psg.so\n"
                                 "account required pam_permit.so\n@include common-auth\n")
        assert {item for item in doctor() if "/usr/lib" in item} == {
            "gate-overruled /usr/lib/pam.d/billing:1", "session-missing /usr/lib/pam.d/billing:None",
            "demand-unserved /usr/lib/pam.d/billing:1"}
    finally:
        subprocess.run(["umount", "--lazy", mounted], check=True)


def test_modes(doctor):
    module = subprocess.run("ls /usr/lib/*/security/pam_psg.so", shell=True, check=True, capture_output=True,
                            text=True).stdout.strip()
    for path, name in ((module, "module-mode"), ("/etc/pam.d/common-account", "stack-mode"),
                       ("/etc/psg/key", "key-unreadable"), ("/var/lib/psg/people", "store-mode")):
        mode = os.stat(path).st_mode
        os.chmod(path, 0o777)
        assert f"{name} {path}:None" in doctor()
        os.chmod(path, mode)
    assert doctor() == set()


def test_an_ordinary_user_is_told_to_ask_root(doctor):
    person = doctor.machine.person()
    done = subprocess.run(["setpriv", "--reuid", str(person.uid), "--regid", str(person.uid), "--clear-groups",
                           "psgctl", "doctor", "login"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "[store-unreadable]" in done.stdout and "as root" in done.stdout
    assert done.stdout.count("error:") == 1


def test_sessions_that_nobody_ends(doctor):
    """A policy that says endSessions is a word to nobody unless somebody enforces."""
    machine = doctor.machine
    machine.person()
    assert doctor() == set()
    machine.deploy(endSessions="true")
    assert doctor() == {"enforce-missing /var/lib/psg:None"}
    watch = subprocess.Popen(["psgctl", "enforce", "--watch"], stderr=subprocess.PIPE, text=True)
    assert "watching" in watch.stderr.readline()
    assert doctor() == set()
    watch.terminate()
    watch.communicate()
    assert doctor() == {"enforce-missing /var/lib/psg:None"}
