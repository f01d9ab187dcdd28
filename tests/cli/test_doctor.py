"""doctor: stacks on disk, good and bad; each bad one gives exactly its findings, at their lines.

In a stack below a comment says what is to be found at its line: `account sufficient x.so # gate-passed-by`."""

import os
import re
import shutil
import subprocess
import time

import pytest

from conftest import BUILD, REPO
from person import PERSON, assign_until_over, enroll
from policies import parse, set_policy_version

DATA = os.path.join(REPO, "tests", "data", "doctor")
CONF = os.path.join(REPO, "conf", "pam.d")
MANIFEST = '<Package xmlns="http://soap.sforce.com/2006/04/metadata">%s</Package>'
SERVICES = ["sshd", "login", "su", "su-l", "sudo", "sudo-i", "billing", "swaylock"]
MEMBERS = {"severity", "name", "service", "file", "line", "message", "remedy"}


@pytest.fixture(scope="session", name="preload")
def fixture_preload(tmp_path_factory):
    made = tmp_path_factory.mktemp("clock") / "clock.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", made, f"{DATA}/clock.c"], check=True)
    return str(made)


class Host:
    """A pam.d with Debian's includes, a module, a store in which daemon may pass everywhere after a code."""

    def __init__(self, psgctl, path, preload):
        self.psgctl, self.path, self.preload = psgctl, path / "pam.d", preload
        self.module = path / "module" / "pam_psg.so"
        shutil.copytree(DATA, self.path, ignore=shutil.ignore_patterns("*.c"))
        self.module.parent.mkdir(mode=0o755)
        os.symlink(os.path.join(BUILD, "pam_psg.so"), self.module)

    def write(self, name, text):
        """PSG, and pam_psg.so by itself, stand for the module as it was built."""
        (self.path / name).write_text(re.sub(r"\bPSG\b|(?<!/)\bpam_psg\.so", str(self.module), text))
        return self

    def run(self, *args, clock="good"):
        return self.psgctl("doctor", "--pam-dir", self.path, *args,
                           env={"LD_PRELOAD": self.preload, "CLOCK": clock})

    def __call__(self, *args, **more):
        """The findings; the exit status must fit them."""
        result = self.run("--json", *args, **more)
        made = result.json()
        assert all(set(item) == MEMBERS for item in made["findings"])
        assert all(item["message"] and item["remedy"] for item in made["findings"])
        order = [item["severity"] for item in made["findings"]]
        assert order == sorted(order, key=["error", "warning", "note"].index)
        assert [made[kind + "s"] for kind in ("error", "warning", "note")] == \
            [order.count(kind) for kind in ("error", "warning", "note")]
        assert result.rc == (1 if made["errors"] + made["warnings"] else 0), result
        return made["findings"]

    def places(self, *args, **more):
        """The findings as {"NAME FILE:LINE"}."""
        return {short(item) for item in self(*args, **more)}

    def expected(self):
        """What the comments say."""
        found = set()
        for file in self.path.iterdir():
            for number, line in enumerate(file.read_text().split("\n"), 1):
                match = re.search(r"# ([a-z -]+)$", line)
                if match and not line.startswith("#"):
                    found |= {f"{name} {file.name}:{number}" for name in match.group(1).split()}
        return found


def short(item):
    where = os.path.basename(item["file"] or "") + (f":{item['line']}" if item["line"] else "")
    return f"{item['name']} {where}".strip()


@pytest.fixture(name="host")
def fixture_host(psgctl, package, tmp_path, preload):
    psgctl.init()
    psgctl.deploy(package().permission_set("Pass", apps=SERVICES, user=["Enter"])
                  .group("Passers", ["Pass"], requires=True))
    psgctl.ok("assign", PERSON, "Passers")
    enroll(psgctl)
    return Host(psgctl, tmp_path, preload)


# -- good ones --

def shipped(host, sshd):
    for name in ("login", "sudo", "sudo-i", "su", "psg-enroll"):
        host.write(name, open(f"{CONF}/{name}", encoding="utf-8").read())
    host.write("su-l", open(f"{CONF}/su", encoding="utf-8").read())
    return host.write("sshd", open(f"{CONF}/{sshd}", encoding="utf-8").read())


@pytest.mark.parametrize("sshd", ["sshd-password", "sshd-publickey"])
def test_the_shipped_stacks(host, sshd):
    assert shipped(host, sshd)() == []
    made = host.run("--json").json()
    assert made["services"] == ["login", "psg-enroll", "sshd", "su", "su-l", "sudo", "sudo-i"]
    result = host.run()
    assert result.rc == 0 and "0 errors, 0 warnings, 0 notes." in result.out
    assert host.run("--quiet").out == ""


GOOD = {
    "first factor in brackets": """
        auth [success=2 default=ignore] pam_unix.so
        auth [success=1 default=ignore] pam_sss.so
        auth requisite pam_deny.so
        auth requisite PSG
        account requisite PSG
        session requisite PSG
        """,
    "nologin and limits above": """
        auth requisite pam_unix.so
        auth requisite PSG
        account required pam_nologin.so
        account [success=ok default=die] PSG
        session required pam_limits.so
        session requisite PSG
        """,
    "two locks on one door": """
        auth requisite pam_unix.so
        auth requisite PSG
        account requisite PSG
        account requisite PSG permission=Enter
        session requisite PSG
        """,
    "a backup beside it is no service": "",
}
# Debian's: all of su, and a line above it.
SU_L = "auth include su\naccount include su\nsession optional pam_keyinit.so force revoke\nsession include su\n"


@pytest.mark.parametrize("name", GOOD)
def test_good(host, name):
    host.write("billing.dpkg-old", "account optional PSG\n").write("Billing~", "account optional PSG\n")
    if GOOD[name]:
        host.write("billing", GOOD[name])
    assert host() == []


def test_a_service_that_includes_another(host):
    assert shipped(host, "sshd-password").write("su-l", SU_L)() == []


# -- bad ones --

AUTH = "auth requisite pam_unix.so\nauth requisite PSG\n"
ACCOUNT = "account requisite PSG\n"
SESSION = "session requisite PSG\n"
LOGINUID = "session required pam_loginuid.so\n"

# Service, stack, what is found where no comment can say it.
BAD = {
    # the gate
    "no account line": ("billing", AUTH + SESSION, {"account-missing billing"}),
    "no session line": ("billing", AUTH + ACCOUNT, {"session-missing billing"}),
    "no auth line": ("billing", "auth requisite pam_unix.so\n" + ACCOUNT + SESSION, {"auth-missing billing"}),
    "below common-account": ("billing", AUTH + "@include common-account\naccount requisite PSG\n" + SESSION,
                             {"gate-passed-by common-account:17"}),
    "below a harmless include": ("billing", AUTH + ACCOUNT + "session include common-session-noninteractive\n"
                                 "session requisite PSG # gate-below-include\n", set()),
    "required": ("billing", AUTH + "account required PSG # gate-not-requisite\n" + SESSION, set()),
    "optional": ("billing", AUTH + "account optional PSG # gate-overruled\naccount required pam_unix.so\n" + SESSION,
                 set()),
    "sufficient": ("billing", AUTH + "account sufficient PSG # gate-overruled\naccount required pam_unix.so\n" +
                   SESSION, set()),
    "ignored": ("billing", AUTH + "account [success=ok default=ignore] PSG # gate-overruled\n"
                "account required pam_permit.so\n" + SESSION, set()),
    "after sufficient": ("billing", AUTH + "account sufficient pam_localuser.so # gate-passed-by\n" + ACCOUNT +
                         SESSION, set()),
    "jumped over": ("billing", AUTH + "account [success=1 default=ignore] pam_succeed_if.so user = x"
                    " # gate-passed-by\n" + ACCOUNT + "account required pam_permit.so\n" + SESSION, set()),
    "done in a substack does not end it": ("billing", AUTH + "account substack inner\n"
                                           "account requisite PSG # gate-below-include\n" + SESSION, set()),
    "done in an include does": ("billing", AUTH + "account include inner\n" + ACCOUNT + SESSION,
                                {"gate-passed-by inner:1"}),
    "a jump over a substack": ("billing", AUTH + "account [default=1] pam_permit.so # gate-passed-by\n"
                               "account substack guarded\naccount required pam_permit.so\n" + SESSION, set()),
    "reset": ("billing", AUTH + "account required PSG # gate-overruled\n"
              "account [default=reset] pam_warn.so\naccount required pam_permit.so\n" + SESSION, set()),
    "reset in a substack": ("billing", AUTH + "account required pam_permit.so\naccount substack resets\n" + SESSION,
                            {"gate-overruled resets:1"}),
    "twice": ("billing", AUTH + ACCOUNT + "account requisite PSG # gate-twice\n" + SESSION, set()),
    "session error hides it from sudo": ("sudo", AUTH + ACCOUNT + "session required pam_limits.so"
                                         " # gate-passed-by\n" + SESSION, {"sibling-ungated"}),
    "only sudo": ("sudo", AUTH + ACCOUNT + SESSION, {"sibling-ungated"}),
    "in common-session": ("billing", AUTH + ACCOUNT + "@include common-session\n", {"session-missing billing"}),
    # around it
    "no loginuid": ("sshd", AUTH + ACCOUNT + "session requisite PSG # loginuid-missing\n", set()),
    "loginuid below": ("login", AUTH + ACCOUNT + SESSION +
                       "session required pam_loginuid.so # loginuid-late\n", set()),
    "loginuid in su": ("su-l", AUTH + ACCOUNT + SESSION + "session required pam_loginuid.so # loginuid-restarts\n",
                       {"sibling-ungated"}),
    "systemd first": ("sshd", AUTH + ACCOUNT + LOGINUID +
                      "session optional pam_systemd.so # systemd-first\n" + SESSION, set()),
    "a locker": ("swaylock", "auth requisite pam_unix.so\nauth requisite PSG # service-unprivileged\n" + ACCOUNT +
                 SESSION, set()),
    # auth
    "a first factor that goes on": ("billing", "auth required pam_unix.so # auth-first-factor\nauth required PSG\n" +
                                    ACCOUNT + SESSION, set()),
    "die in a substack does not end it": ("billing", "auth substack common-auth\nauth requisite PSG\n" + ACCOUNT +
                                          SESSION, {"auth-first-factor common-auth:17"}),
    "code before password": ("billing", "auth requisite PSG # auth-first-factor\nauth requisite pam_unix.so\n" +
                             ACCOUNT + SESSION, set()),
    "sufficient password": ("billing", "auth sufficient pam_unix.so # auth-first-factor auth-passed-by\n"
                            "auth required PSG\n" + ACCOUNT + SESSION, set()),
    "alone": ("billing", "auth requisite PSG # auth-alone\n" + ACCOUNT + SESSION, set()),
    "alone, and a yes below": ("billing", "auth requisite PSG # auth-alone\n"
                               "auth required pam_permit.so # auth-open\n" + ACCOUNT + SESSION, set()),
    "rootok where everybody is root": ("sshd", "auth sufficient pam_rootok.so # auth-open auth-passed-by\n" + AUTH +
                                       ACCOUNT + LOGINUID + SESSION, set()),
    "optional code": ("billing", "auth requisite pam_unix.so\nauth optional PSG # auth-overruled\n" +
                      ACCOUNT + SESSION, set()),
    # lines
    "an unknown argument": ("billing", AUTH + "account requisite PSG evenroot # argument-invalid\n" + SESSION, set()),
    "a bad value": ("billing", AUTH + ACCOUNT + "session requisite PSG \\\n  store=var/lib/psg\n",
                    {"argument-invalid billing:4"}),
    "permissive": ("billing", AUTH + "account requisite PSG permissive # permissive\n" + SESSION, set()),
    "subject caller": ("billing", AUTH + "account requisite PSG subject=caller # subject-caller\n" + SESSION, set()),
    "subject user in su": ("su", AUTH + "account requisite PSG subject=user # subject-user\n" + SESSION,
                           {"sibling-ungated"}),
    "unassigned_ok": ("billing", AUTH + "account requisite PSG unassigned_ok # unassigned-ok\n" + SESSION, set()),
    "an unknown control": ("billing", AUTH + ACCOUNT + SESSION +
                           "session optinal pam_motd.so # control-invalid\n"
                           "session [success=ok defualt=die] pam_motd.so # control-invalid\n", set()),
    "an include of nothing": ("billing", AUTH + ACCOUNT + SESSION + "@include nowhere # stack-problem\n", set()),
    "a loop": ("billing", AUTH + ACCOUNT + SESSION + "session include billing # stack-problem\n", set()),
    "no module": ("billing", AUTH + ACCOUNT + "session requisite /nowhere/pam_psg.so # module-missing\n", set()),
    # demands
    "nothing gives it": ("other-door", "auth requisite pam_unix.so\nauth requisite PSG # demand-unserved\n" +
                         ACCOUNT + SESSION, set()),
}


@pytest.mark.parametrize("name", BAD)
def test_bad(host, name):
    service, text, more = BAD[name]
    host.write("inner", "account sufficient pam_localuser.so\n")
    host.write("guarded", "account requisite pam_warn.so\naccount requisite PSG\n")
    host.write("resets", "account required PSG\naccount [default=reset] pam_warn.so\n")
    if name == "in common-session":
        host.write("common-session", "session requisite PSG # gate-in-common\n")
    host.write(service, text)
    wanted = host.expected() | more
    found = host.places(service)
    assert found == wanted


def test_a_service_that_is_not_gated_or_not_there(host):
    host.write("billing", "account required pam_unix.so\n")
    assert host.places("billing") == {"not-gated billing"}
    assert host.places("Nowhere") == {"stack-missing"}
    assert host.places() == set()  # not asked for
    assert host.run("../x").rc == 3
    assert host.run("--pam-dir").rc == 2


def test_gate_in_a_common_file_is_one_finding(host):
    host.write("common-account", "account requisite PSG # gate-in-common\n")
    for name in ("cron", "passwd", "chsh"):
        host.write(name, "@include common-account\n")
    found = host()
    assert [short(item) for item in found] == ["gate-in-common common-account:1"]
    assert found[0]["service"] is None


def test_findings_for_people(host):
    """As compilers write them: file, line, severity, service, message, name; then the remedy."""
    host.write("billing", AUTH + "account required PSG\n" + SESSION)
    result = host.run("billing")
    assert result.out.splitlines()[0] == (f"{host.path}/billing:3: warning: billing: the control is `required` "
                                          "[gate-not-requisite]")
    assert result.out.splitlines()[1].startswith("    make its control `requisite`")
    assert result.rc == 1 and result.out.endswith("0 errors, 1 warning, 0 notes.\n")


# -- files --

@pytest.mark.parametrize("what, mode, owner", [("group may write", 0o664, 0), ("all may write", 0o646, 0),
                                               ("another's", 0o644, 1)])
def test_stack_file_of_others(host, what, mode, owner):
    host.write("billing", AUTH + ACCOUNT + SESSION + "@include common-session\n")
    for name in ("billing", "common-session"):
        os.chmod(host.path / name, mode)
        os.chown(host.path / name, owner, 0)
        assert host.places() == {f"stack-mode {name}"}, what
        os.chmod(host.path / name, 0o644)
        os.chown(host.path / name, 0, 0)
    os.chmod(host.path, 0o777)
    assert host.places() == {"stack-mode pam.d"}


def test_module_of_others_or_broken(host):
    host.write("billing", AUTH + ACCOUNT + SESSION)
    os.unlink(host.module)
    assert host.places() == {"module-missing billing:2"}
    shutil.copy(os.path.join(BUILD, "pam_psg.so"), host.module)
    os.chmod(host.module, 0o666)
    assert host.places() == {"module-mode pam_psg.so"}
    host.module.write_bytes(b"no shared object")
    os.chmod(host.module, 0o644)
    assert host.places() == {"module-unloadable billing:2"}
    os.unlink(host.module)
    os.mkfifo(host.module, 0o644)  # is not waited for
    assert host.places() == {"module-unloadable billing:2"}


def test_a_module_of_others_is_not_run(host, tmp_path):
    """Its constructor would run as root."""
    host.write("billing", AUTH + ACCOUNT + SESSION)
    constructor = f'__attribute__((constructor)) static void run(void) {{ creat("{tmp_path}/ran", 0600); }}'
    (tmp_path / "c.c").write_text(f"#include <fcntl.h>\n{constructor}\nint pam_sm_acct_mgmt(void) {{ return 0; }}\n")
    os.unlink(host.module)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", host.module, tmp_path / "c.c"], check=True)
    os.chown(host.module, 1, 0)
    assert host.places() == {"module-mode pam_psg.so"} and not (tmp_path / "ran").exists()
    os.chown(host.module, 0, 0)
    assert host.places() == set() and (tmp_path / "ran").exists()


# -- the store and the clock --

def test_clock(host):
    assert host.places() == set()
    assert host.places(clock="lost") == {"clock-unsynchronised"}


@pytest.fixture(name="billing")
def fixture_billing(host):
    return host.write("billing", AUTH + ACCOUNT + SESSION)


def test_no_store(billing, tmp_path):
    """The stacks are judged all the same, and it is a finding, not status 4."""
    billing.write("billing", AUTH + "account optional PSG\naccount required pam_permit.so\n" + SESSION)
    result = billing.run("--json", "--store", tmp_path / "none")
    assert result.rc == 1
    assert {short(item) for item in result.json()["findings"]} == {"store-missing none", "gate-overruled billing:3"}


def test_store_named_in_the_stack(billing, tmp_path):
    text = (AUTH + ACCOUNT + SESSION).replace("PSG", f"PSG store={tmp_path}/other")
    billing.write("billing", text)
    assert billing.places() == {"store-missing other"}
    billing.write("till", text.replace("/other", "/third"))
    assert billing.places() == {"store-missing other", "store-missing third"}


@pytest.mark.parametrize("entry", ["", "policy", "people", f"people/{PERSON}", "log"])
def test_modes_of_the_store(billing, entry):
    path = os.path.join(billing.psgctl.store, entry).rstrip("/")
    mode = os.stat(path).st_mode
    os.chmod(path, mode | 0o040)
    assert f"store-mode {os.path.basename(path)}" in billing.places()
    os.chmod(path, mode)
    os.chown(path, 1, 0)
    assert f"store-mode {os.path.basename(path)}" in billing.places()
    os.chown(path, 0, 0)
    assert billing.places() == set()


def test_key(billing):
    key = os.path.join(billing.psgctl.store, "key")
    os.chmod(key, 0o644)
    assert billing.places() == {"key-unreadable key", "store-mode key"}
    os.chmod(key, 0o600)
    assert billing.places() == set()
    os.rename(key, key + ".away")
    assert billing.places() == {"key-unreadable key"}


def test_policy(billing):
    policy = os.path.join(billing.psgctl.store, "policy")
    set_policy_version(policy, 99)
    assert billing.places() == {"policy-unreadable policy"}
    os.truncate(policy, 100)
    assert billing.places() == {"policy-unreadable policy"}
    os.unlink(policy)
    assert billing.places() == {"policy-unreadable policy"}


def test_what_is_deployed_and_not_in_force(billing, package):
    ctl = billing.psgctl
    spare = package("spare").permission_set("Spare_PS", apps=["spare"]).group("Spare", ["Spare_PS"])
    ctl.ok("deploy", spare)
    ctl.ok("assign", "games", "Spare")
    ctl.ok("deploy", "--defer", package("more").permission_set("Spare_PS", apps=["more"]))
    assert billing.places() == {"policy-deferred policy"}
    assert "deployed with --defer and not in force: PermissionSet/Spare_PS" in billing.run().out
    ctl.ok("recalculate")
    gone = package("gone").file("package.xml", MANIFEST % "").file(
        "destructiveChanges.xml", MANIFEST % "<types><members>Spare_PS</members><name>PermissionSet</name></types>")
    ctl.ok("deploy", "--force", gone)
    assert "group-failed policy" in billing.places()
    assert ("the group Spare is Failed and gives nothing: The permission set Spare_PS does not exist."
            in billing.run().out)


def test_store_that_does_not_outlive_a_restart(billing):
    setup = ("cp -a $STORE $STORE.copy && mount -t tmpfs -o mode=0700 tmpfs $STORE && "
             "cp -a $STORE.copy/. $STORE")
    result = billing.psgctl.in_namespace(f"{setup} && export LD_PRELOAD={billing.preload}", "--json", "doctor",
                                         "--pam-dir", billing.path)
    assert [short(item) for item in result.json()["findings"]] == ["store-volatile store"]
    assert result.rc == 0  # a note


# -- people --

def test_who_reaches_it_without_activation(billing, package):
    billing.psgctl.deploy(package("open").permission_set("Free", apps=["billing"]).group("Everyone", ["Free"]))
    assert billing.places() == {"group-unreachable store"}
    billing.psgctl.ok("assign", "bin", "Everyone")
    billing.psgctl.ok("assign", "%mail", "Everyone")
    found = [item for item in billing() if item["name"] == "reach-open"]
    assert [item["message"] for item in found] == ["%mail gets through without an activation",
                                                   "bin gets through without an activation"]
    assert {short(item) for item in found} == {"reach-open billing:2"}
    billing.psgctl.ok("unassign", "%mail", "Everyone")
    assign_until_over(billing.psgctl, "bin", "Everyone")
    found = billing()
    assert [(item["name"], item["message"]) for item in found] == \
        [("group-unreachable", "every assignment of the group Everyone is over")]


def test_exempt_users_are_noted(billing, package):
    billing.psgctl.deploy(package("gate").gate(exemptUsers=["backup"]))
    assert billing.places() == {"exempt-user store"}
    # Who is exempt is nobody who needs the group.
    billing.psgctl.ok("assign", "backup", "Passers")
    billing.psgctl.ok("unassign", PERSON, "Passers")
    assert billing.places() == {"exempt-user store", "demand-unassigned billing:2"}


def test_not_enrolled(billing):
    billing.psgctl.ok("assign", "bin", "Passers")
    found = billing()
    assert [(item["name"], item["message"]) for item in found] == \
        [("not-enrolled", "bin is assigned and has no authenticator")]
    billing.psgctl.ok("unassign", "bin", "Passers")
    billing.psgctl.ok("unenroll", PERSON)
    assert billing.places() == {"not-enrolled store"}


def test_who_enrols_alone(billing, package):
    """A note, until the time is over or an authenticator was taken away."""
    billing.psgctl.ok("assign", "bin", "Passers")
    billing.psgctl.deploy(package("alone").activation_policy("Passers", enrollment="Self"))
    found = billing()
    assert [item["name"] for item in found] == ["enrols-alone"] and billing.run().rc == 0
    assert re.fullmatch(r"bin is assigned, has no authenticator, and may enrol one until \d{4}-\S+Z",
                        found[0]["message"])
    billing.psgctl.ok("enroll", "bin", "--no-confirm", "--qr", "none")
    assert billing() == []
    # What is assigned in the second of the unenrolling counts as assigned after it.
    made = [a["createdDate"] for a in billing.psgctl.ok("assignments", "--json").json() if a["assignee"] == "bin"]
    while time.time() < parse(made[0]) + 1:
        time.sleep(0.05)
    billing.psgctl.ok("unenroll", "bin")
    assert billing.places() == {"not-enrolled store"}
    billing.psgctl.ok("unassign", "bin", "Passers")
    billing.psgctl.ok("assign", "bin", "Passers")
    assert billing.places() == {"enrols-alone store"}


@pytest.mark.parametrize("stack,found", [
    ("auth requisite PSG\n", {"auth-alone billing:1", "enrolment-unproven billing:1"}),
    ("auth required pam_unix.so\nauth requisite PSG\n",
     {"auth-first-factor billing:1", "enrolment-unproven billing:2"}),
    ("auth requisite PSG conceal\n", {"auth-alone billing:1"}),
    ("auth requisite PSG after=publickey\n", set()), (AUTH, set())])
def test_enrolling_unproven(billing, package, stack, found):
    """Whoever comes first to a stack that asks nobody who it is would be the one who enrols."""
    billing.write("billing", stack + ACCOUNT + SESSION)
    before = billing.places()
    assert not any("unproven" in place for place in before)
    billing.psgctl.deploy(package("alone").activation_policy("Passers", enrollment="Self"))
    assert billing.places() == found


def test_authenticator_of_another_key(billing):
    os.unlink(os.path.join(billing.psgctl.store, "key"))
    billing.psgctl.ok("init")
    assert billing.places() == {"authenticator-unreadable store"}


def test_members_of_a_group_need_authenticators(accounts, billing):
    billing.psgctl.ok("assign", "%staff", "Passers")
    result = accounts(billing.psgctl, "--json", "doctor", "--pam-dir", billing.path)
    found = [item["message"] for item in result.json()["findings"] if item["name"] == "not-enrolled"]
    assert found == ["alice is assigned through %staff and has no authenticator"]


def test_demands(billing):
    billing.psgctl.ok("unassign", PERSON, "Passers")
    assert billing.places() == {"demand-unassigned billing:2", "group-unreachable store"}
    billing.write("billing", (AUTH + ACCOUNT + SESSION).replace("PSG", "PSG group=Nobody"))
    assert billing.places() == {"demand-unserved billing:2", "group-unreachable store"}
    billing.write("billing", (AUTH + ACCOUNT + SESSION).replace("PSG", "PSG permission=Enter"))
    assert billing.places() == {"demand-unassigned billing:2", "group-unreachable store"}
    billing.write("billing", (AUTH + ACCOUNT + SESSION).replace("PSG", "PSG permission=Leave"))
    assert billing.places() == {"demand-unserved billing:2", "group-unreachable store"}
