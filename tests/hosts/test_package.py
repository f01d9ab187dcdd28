"""The Debian package: made, judged, installed, upgraded, removed and purged with the real tools (tree.py)."""

import base64
import os
import re
import subprocess
import time

import pytest

import world
from machine import totp
from tree import SOURCE, Tree

PACKAGE = "libpam-psg"
MODULE = os.path.join(world.pam_dir() or "", "pam_psg.so")
SERVICE = "/etc/pam.d/sshd"
STACK = "auth requisite pam_psg.so\naccount requisite pam_psg.so\nsession requisite pam_psg.so\n"
PERSON, SECRET = "psgperson", os.urandom(20)
OLD = "0.0.9"


@pytest.fixture(name="tree", scope="module")
def fixture_tree(the_machine):
    """With a person, without a stack for sshd, and with the package, made from the build under test."""
    tree = Tree()
    for path in (SERVICE, "/etc/psg", "/var/lib/psg"):
        if tree.exists(path):
            tree.remove(path)
    with open(tree.path("/etc/passwd"), "a", encoding="utf-8") as file:
        file.write(f"{PERSON}:x:3999:3999::/:/bin/sh\n")
    # Its index of manual pages takes longer than all else.
    if tree.exists("/var/lib/dpkg/info/man-db.triggers"):
        tree.write("/var/lib/dpkg/triggers/File", "")
    tree.run("sh", "-c", f"cd {SOURCE} && debian/rules binary", DEB_BUILD_OPTIONS="noautodbgsym")
    return tree


@pytest.fixture(name="deb", scope="module")
def fixture_deb(tree):
    names = [name for name in os.listdir(tree.path(SOURCE + "/..")) if name.endswith(".deb")]
    assert len(names) == 1, names
    return "/psg/" + names[0]


def installed(tree):
    """Its version and state, as dpkg has it; None when it knows nothing."""
    done = tree.run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", PACKAGE, status=None)
    return done.stdout if done.returncode == 0 else None


def version():
    with open(os.path.join(world.REPO, "Makefile"), encoding="utf-8") as file:
        return re.search(r"^VERSION\s*:=\s*(\S+)$", file.read(), re.M).group(1)


def logs_in(tree, step=0):
    """A login through the module where the package put it, by a code; those of later steps are other codes."""
    code = totp(SECRET, int(time.time()) // 30 + step)
    return tree.run("pamtester", "sshd", PERSON, "authenticate", "acct_mgmt", "open_session", stdin=code + "\n",
                    status=None).returncode == 0


@pytest.fixture(name="gated")
def fixture_gated(tree, deb):
    """The package is installed, the person assigned and enrolled, and sshd's stack names the module: whatever was
    before."""
    tree.write(SERVICE, STACK)
    if installed(tree) != "installed " + version():
        tree.run("dpkg", "-i", deb)
    if not tree.exists("/var/lib/psg/policy"):
        prepare(tree)
    return tree


def prepare(tree):
    tree.run("psgctl", "init")
    tree.run("psgctl", "deploy", "/usr/share/pam_psg/sample-package")
    tree.run("psgctl", "assign", PERSON, "Server_Operators")
    secret = base64.b32encode(SECRET).decode() + "\n"
    tree.run("psgctl", "enroll", PERSON, "--no-confirm", "--secret", "-", stdin=secret)


def stacks(tree):
    files = [entry.name for entry in os.scandir(tree.path("/etc/pam.d")) if entry.is_file()]
    return {name: tree.read("/etc/pam.d/" + name) for name in files}


def test_version_is_the_makefiles(tree):
    said = tree.run("dpkg-parsechangelog", "-l", SOURCE + "/debian/changelog", "-S", "Version").stdout.strip()
    assert said == version()


def test_lintian_has_nothing_to_say(tree, deb):
    done = tree.run("lintian", "--allow-root", "-EI", "--pedantic", "--no-tag-display-limit", deb, status=None)
    said = done.stdout + done.stderr
    assert re.findall(r"^(?:[EW]: |Cannot|warning: cannot).*", said, re.M) == [] and done.returncode == 0, said


def test_install_changes_no_stack(tree, deb):
    if installed(tree):
        tree.write(SERVICE, "")
        tree.run("dpkg", "-P", PACKAGE)
    before = stacks(tree)
    tree.run("dpkg", "-i", deb)
    assert installed(tree) == "installed " + version() and tree.exists(MODULE)
    assert stacks(tree) == before


def test_upgrade_under_a_stack_that_names_it(gated, deb):
    """Nobody is locked out, nothing of the store is touched, and what is no longer shipped goes."""
    gated.run("dpkg-deb", "-R", deb, "/tmp/old")
    control = gated.read("/tmp/old/DEBIAN/control")
    gated.write("/tmp/old/DEBIAN/control", control.replace(f"Version: {version()}", "Version: " + OLD))
    gated.write("/tmp/old/usr/share/pam_psg/of-old", "")
    gated.run("dpkg-deb", "-Znone", "-b", "/tmp/old", "/tmp/old.deb")
    gated.run("dpkg", "-i", "--force-downgrade", "/tmp/old.deb")
    assert installed(gated) == "installed " + OLD and gated.exists("/usr/share/pam_psg/of-old")
    assert logs_in(gated)
    store = gated.read("/var/lib/psg/log")
    gated.run("dpkg", "-i", deb)
    assert installed(gated) == "installed " + version()
    assert gated.exists(MODULE) and not gated.exists("/usr/share/pam_psg/of-old")
    assert gated.read("/var/lib/psg/log") == store
    assert logs_in(gated, 1)


def test_what_an_installation_enables(gated):
    """The daily housekeeping; not what ends sessions, no stack, no sudoers."""
    wants = gated.path("/etc/systemd/system")
    found = {os.path.join(where, name)[len(wants):] for where, _, names in os.walk(wants) for name in names
             if "psg" in name}
    assert found == {"/timers.target.wants/psg-housekeeping.timer"}
    files = gated.run("dpkg", "-L", PACKAGE).stdout.split()
    assert [path for path in files if path.startswith("/etc/")] == ["/etc/psg"]
    assert os.stat(gated.path("/etc/psg")).st_mode & 0o7777 == 0o700


@pytest.fixture(name="systemctl")
def fixture_systemctl(gated):
    """As under systemd: who runs what is in /tmp/active, and what is asked of it is written down. Returns what was
    asked to start, restart or stop since the last time."""
    real, policy = gated.path("/usr/bin/systemctl"), gated.path("/usr/sbin/policy-rc.d")
    if os.path.exists(policy):
        os.remove(policy)
    os.rename(real, real + ".real")
    gated.write("/usr/bin/systemctl", """#!/bin/sh
echo "$*" >>/tmp/asked
case "$*" in
*is-enabled*timer*) echo enabled ;;
*is-enabled*) echo disabled; exit 1 ;;
*is-active*) for unit; do :; done; grep -q "$unit" /tmp/active ;;
esac
""")
    os.chmod(real, 0o755)
    os.makedirs(gated.path("/run/systemd/system"))

    def asked():
        lines = gated.read("/tmp/asked")
        gated.write("/tmp/asked", "")
        return {match for match in re.findall(r"(?:^| )((?:start|restart|stop) .*)", lines, re.M)}
    gated.write("/tmp/asked", "")
    gated.write("/tmp/active", "")
    yield asked
    os.rename(real + ".real", real)
    gated.remove("/run/systemd/system")


def test_units_over_an_upgrade_and_a_removal(gated, deb, systemctl):
    """What is switched off stays off; what runs goes on with the new program, and is not left running without one."""
    gated.write("/tmp/active", "psg-enforce.service\n")
    gated.run("dpkg", "-i", deb)
    assert systemctl() == {"restart psg-housekeeping.timer", "restart psg-enforce.service"}
    gated.run("dpkg", "-r", PACKAGE, status=1)
    assert not any(line.startswith("stop") for line in systemctl())
    gated.write(SERVICE, "")
    gated.run("dpkg", "-r", PACKAGE)
    assert systemctl() == {"stop psg-enforce.service", "stop psg-housekeeping.timer"}
    gated.write("/tmp/active", "")
    gated.run("dpkg", "-i", deb)
    assert not any("enforce" in line for line in systemctl())


@pytest.mark.parametrize("name", ["psgctl-activate", "psg-housekeeping.timer", "psg-store", "pam_psg"])
def test_manual_pages_are_found(gated, name):
    files = gated.run("dpkg", "-L", PACKAGE).stdout.split()
    page = next(path for path in files if re.search(rf"/man\d/{re.escape(name)}\.\d\.gz$", path))
    with open(gated.path(page), "rb") as file:  # through its link, where it is one
        assert file.read(2) == b"\x1f\x8b"


def test_pkg_config_says_where_things_are(gated):
    variable = {name: gated.run("pkg-config", f"--variable={name}", "pam_psg").stdout.strip()
                for name in ("moduledir", "sbindir", "pamdir", "includedir")}
    assert gated.run("pkg-config", "--modversion", "pam_psg").stdout.strip() == version()
    assert gated.exists(variable["moduledir"] + "/pam_psg.so") and gated.exists(variable["sbindir"] + "/psgctl")
    assert gated.exists(variable["pamdir"] + "/sudo") and gated.exists(variable["includedir"] + "/sudo")


NAMED = {  # by the file of each line: what needs the module, and where
    "/etc/pam.d/plain": ("# of pam_psg.so\nauth requisite pam_psg.so\n", 2),
    "/etc/pam.d/continued": ("auth \\\n requisite pam_psg.so\n", 2),
    "/etc/pam.d/by_path": ("auth [success=1 default=ignore] /lib/security/$ISA/pam_psg.so debug\n", 1),
    "/etc/pam.d/in_brackets": ("account required [pam_psg.so]", 1),
    "/etc/pam.d/may_be_missing": ("-session optional pam_psg.so\n", 1),
    "/etc/pam.d/shipped": ("@include /usr/share/pam_psg/include/sudo\n", 1),
    "/etc/pam.d/below/that": ("account include /opt/more\n", None),
    "/etc/pam.d/other": ("auth substack \\\n/opt/again\n", None),
    "/opt/more": ("@include below/that\nsession requisite pam_psg.so\n", 2),
    "/opt/again": ("@include /opt/again\npassword requisite pam_psg.so enroll\n", 2),
    "/etc/pam.conf": ("sshd account required pam_psg.so\n", 1),
    "/usr/lib/pam.d/vendor": ("auth required pam_psg.so\n", 1),
}
NOT_NAMED = {
    "/etc/pam.d/comment": "#auth requisite pam_psg.so\nauth required pam_unix.so # pam_psg.so \\\n",
    "/etc/pam.d/cut": "auth required pam_unix.so # \\\n #pam_psg.so\n",
    "/etc/pam.d/similar": "auth required pam_psg.so.old\nauth required my_pam_psg.so\n@include /opt/nothing\n",
    "/etc/pam.d/sshd.dpkg-old": "auth required pam_psg.so\n", "/etc/pam.d/sshd~": "auth required pam_psg.so\n",
    "/opt/not_included": "auth required pam_psg.so\n",
}


def in_use(root):
    """What prerm, postrm and `make uninstall` ask: the places, and whether there are any."""
    done = subprocess.run(["sh", "-euc", f'. {world.REPO}/debian/in-use.sh; psg_in_use "$1"', "sh", root], text=True,
                          capture_output=True, check=False)
    assert done.stderr == ""
    return {line.strip() for line in done.stdout.splitlines()}, done.returncode == 0


def fill(root, files):
    for path, text in files.items():
        os.makedirs(os.path.dirname(f"{root}{path}"), exist_ok=True)
        with open(f"{root}{path}", "w", encoding="utf-8") as file:
            file.write(text)


def test_who_needs_the_module(tmp_path):
    assert in_use(str(tmp_path)) == (set(), False)
    fill(tmp_path, NOT_NAMED)
    os.symlink("nowhere", tmp_path / "etc/pam.d/dangling")
    assert in_use(str(tmp_path)) == (set(), False)
    fill(tmp_path, {path: text for path, (text, _) in NAMED.items()})
    assert in_use(str(tmp_path)) == ({f"{path}:{line}" for path, (_, line) in NAMED.items() if line}, True)


def test_what_cannot_be_read_may_need_it(tmp_path):
    fill(tmp_path, {"/etc/pam.d/sshd": ""})
    os.mkdir(tmp_path / "bin")
    done = subprocess.run(["/bin/sh", "-c", f'. {world.REPO}/debian/in-use.sh; psg_in_use "$1"', "sh", str(tmp_path)],
                          text=True, capture_output=True, check=False, env={"PATH": str(tmp_path / "bin")})
    assert done.returncode == 0 and done.stdout == "  /etc/pam.d/sshd: cannot be read\n"


def test_removal_is_refused_while_a_stack_names_it(gated):
    """The message says where. Everything goes on as before."""
    gated.write(SERVICE, "@include /usr/share/pam_psg/include/sshd-password\n")
    done = gated.run("dpkg", "-r", PACKAGE, status=1)
    assert f"  {SERVICE}:1\n" in done.stderr and "root shell" in done.stderr, done.stderr
    assert installed(gated) == "installed " + version() and gated.exists(MODULE)
    assert gated.run("dpkg", "--audit").stdout == ""


def test_removal_keeps_the_store(gated):
    """Comments and what editors left behind name nothing."""
    gated.write(SERVICE, "# pam_psg.so was here\nauth required pam_deny.so # pam_psg.so\n")
    gated.run("dpkg", "-r", PACKAGE)
    assert not gated.exists(MODULE) and not gated.exists("/usr/sbin/psgctl")
    assert installed(gated) in (None, "config-files " + version())
    assert gated.exists("/var/lib/psg/policy") and gated.exists("/etc/psg/key")


def test_purge_takes_the_store_unless_a_stack_names_it(gated):
    gated.write(SERVICE, "")
    gated.run("dpkg", "-r", PACKAGE)
    gated.write(SERVICE, STACK)
    done = gated.run("dpkg", "-P", PACKAGE)
    assert f"  {SERVICE}:1\n" in done.stderr
    assert gated.exists("/var/lib/psg/policy") and gated.exists("/etc/psg/key")


def test_purge(gated):
    gated.write(SERVICE, "")
    gated.run("dpkg", "-P", PACKAGE)
    assert installed(gated) in (None, "not-installed ")
    left = [path for path in ("/var/lib/psg", "/etc/psg", "/usr/share/pam_psg", MODULE) if gated.exists(path)]
    assert left == []
    assert [name for _, _, names in os.walk(gated.path("/etc/systemd")) for name in names if "psg" in name] == []


# -- without dpkg --

def make(*arguments):
    command = ["make", "-s", "--no-print-directory", "-C", world.REPO, "BUILD=" + world.build_dir(), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "MAKEFLAGS": ""})


def test_make_uninstall(machine, tmp_path):
    where = [f"DESTDIR={tmp_path}", "PREFIX=/opt/psg", "SYSCONFDIR=/etc", "PAMDIR=/opt/security"]
    assert make("install", *where).returncode == 0
    machine.write(str(tmp_path / "mine"), "")
    os.makedirs(tmp_path / "etc/pam.d")
    machine.write(str(tmp_path / "etc/pam.d/sudo"), "@include /opt/psg/share/pam_psg/include/sudo\n")
    done = make("uninstall", *where)
    assert done.returncode != 0 and "  /etc/pam.d/sudo:1\n" in done.stderr, done.stderr
    assert (tmp_path / "opt/security/pam_psg.so").exists()
    machine.write(str(tmp_path / "etc/pam.d/sudo"), "auth required pam_unix.so\n")
    done = make("uninstall", *where)
    assert done.returncode == 0, done.stderr
    left = {os.path.relpath(os.path.join(place, name), tmp_path)
            for place, _, names in os.walk(tmp_path) for name in names}
    assert left == {"mine", "etc/pam.d/sudo"}
    assert not (tmp_path / "opt/psg/share/pam_psg").exists() and not (tmp_path / "etc/psg").exists()
