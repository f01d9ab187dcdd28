"""The shipped files: the stacks keep the rules that were measured, sudoers lets through what it says."""

import os
import re
import shutil
import subprocess

import pytest

from drive import Shell
from machine import CONF

STACKS = sorted(os.listdir(f"{CONF}/pam.d")) if os.path.isdir(f"{CONF}/pam.d") else []


def lines_of(stack, kind):
    """The lines of a phase in order, includes among them."""
    found = []
    with open(f"{CONF}/pam.d/{stack}", encoding="utf-8") as file:
        for line in file:
            line = line.split("#")[0].strip()
            if line.startswith("@include"):
                if line.split()[1].startswith(f"common-{kind}"):
                    found.append(("include", line.split()[1]))
            elif line.split() and line.split()[0] == kind:
                match = re.match(r"\S+\s+(\[.*?\]|\S+)\s+(\S+)\s*(.*)", line)
                found.append((match.group(1), match.group(2)))
    return found


@pytest.mark.parametrize("stack", [name for name in STACKS if name != "psg-enroll"])
def test_stack_keeps_the_rules(stack):
    account, session, auth = (lines_of(stack, kind) for kind in ("account", "session", "auth"))
    assert account[0] == ("requisite", "pam_psg.so")
    before = [module for _, module in session[:session.index(("requisite", "pam_psg.so"))]]
    assert before == ([] if stack.startswith("su") else ["pam_loginuid.so"])
    if stack.startswith("su"):
        assert "pam_loginuid.so" not in [module for _, module in session]
    assert ("requisite", "pam_psg.so") in auth
    if stack != "sshd-publickey":
        assert auth.index(("include", "common-auth")) < auth.index(("requisite", "pam_psg.so"))
    else:
        assert auth == [("requisite", "pam_psg.so")]


def test_sudoers_parses(machine):
    shutil.copy(f"{CONF}/sudoers.d/psgctl", "/etc/sudoers.d/psgctl")
    os.chmod("/etc/sudoers.d/psgctl", 0o440)
    subprocess.run(["visudo", "-c"], check=True, capture_output=True)


MAY = [["status"], ["--json", "status"], ["activate", "Operators"],
       ["activate", "Operators", "--for", "30m", "--reason", "INC-17 disk full - again"],
       ["deactivate", "--id", "person1/0123456789abcdef-123"],
       ["activate", "Operators", "--scope", "Host"], ["deactivate", "Operators"], ["deactivate", "--all"]]
MAY_NOT = [["status", "alice"], ["activate", "Operators", "--user", "alice"], ["activate", "Operators", "--use", "alice"],
           ["activate", "Operators", "--user=alice"], ["activate", "--user", "alice", "Operators"],
           ["activate", "Operators", "--reason", "x", "--user", "alice"],
           ["activate", "Operators", "--reason", "x --user alice"], ["--store", "/tmp/x", "status"],
           ["--store=/tmp/x", "activate", "Operators"], ["activate", "Operators", "--key", "/tmp/x"],
           ["activate", "Operators", "--reason", "x", "--reason=y"], ["activate", "Operators", "--session", "--user"],
           ["deactivate", "Operators", "--user", "alice"], ["deactivate", "--all", "--user", "alice"],
           ["enroll", "alice"], ["assign", "alice", "Operators"], ["deploy", "/tmp/x"], ["init"], [], ["log"]]


@pytest.fixture(name="only_shipped")
def fixture_only_shipped(machine):
    machine.write("/etc/sudoers", machine.read(f"{CONF}/sudoers.d/psgctl"), 0o440)
    return machine.person()


@pytest.mark.parametrize("arguments", MAY, ids=" ".join)
def test_sudoers_lets_through(only_shipped, arguments):
    done = subprocess.run(["sudo", "-l", "-U", only_shipped.name, "/usr/sbin/psgctl", *arguments],
                          capture_output=True, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("arguments", MAY_NOT, ids=" ".join)
def test_sudoers_stops(only_shipped, arguments):
    done = subprocess.run(["sudo", "-l", "-U", only_shipped.name, "/usr/sbin/psgctl", *arguments],
                          capture_output=True, check=False)
    assert done.returncode != 0


def test_people_look_after_themselves(machine, only_shipped):
    """The real sudo runs the real psgctl for the person who calls it, on a host that gates sudo by none of ours."""
    machine.stack_text("sudo", "auth required pam_deny.so\naccount required pam_permit.so\nsession required pam_permit.so\n")
    shell = Shell.of(only_shipped)
    status, output, _ = shell.run("sudo psgctl activate Operators", [only_shipped.wrong_code()])
    assert status == 1 and only_shipped.status() == [], output
    assert shell.run("sudo psgctl activate Operators --scope Host", [only_shipped.code()])[0] == 3
    status, output, asked = shell.run("sudo psgctl activate Operators", [only_shipped.code()])
    assert status == 0 and asked == 1, output
    assert [item["permissionSetGroup"] for item in only_shipped.status()] == ["Operators"]
    assert "Operators" in shell.run("sudo psgctl status")[1]
    assert shell.run("sudo psgctl deactivate --all")[0] == 0 and only_shipped.status() == []
    shell.close()


UNITS = sorted(name for name in os.listdir(f"{CONF}/systemd") if name.endswith(".service"))


@pytest.mark.parametrize("unit", UNITS)
def test_unit_is_hardened(unit):
    """As systemd judges it: below 3 is its safe range."""
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"{CONF}/systemd/{unit}"],
                          capture_output=True, text=True, check=True)
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure and float(exposure.group(1)) < 3, done.stdout


def test_units_parse(machine):
    files = [f"{CONF}/systemd/{name}" for name in os.listdir(f"{CONF}/systemd")]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True, check=False)
    assert not re.search(r"psg-", done.stdout + done.stderr), done.stderr


def test_housekeeping_needs_no_more_than_its_unit_gives(machine):
    """Its own command line with its own capabilities, where a login that was killed left a folder of no mode."""
    text = machine.read(f"{CONF}/systemd/psg-housekeeping.service")
    command = re.search(r"^ExecStart=(.*)$", text, re.M).group(1).split()
    kept = [name[len("CAP_"):].lower() for name in
            re.search(r"^CapabilityBoundingSet=(.*)$", text, re.M).group(1).split()]
    person = machine.person()
    folder = f"/var/lib/psg/people/{person.name}/attempts"
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0)
    caps = ",".join(["-all", *("+" + name for name in kept)])
    done = subprocess.run(["setpriv", f"--bounding-set={caps}", f"--inh-caps={caps}", "--no-new-privs", *command],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout + done.stderr == ""


def test_tmpfiles_and_sysusers(machine, tmp_path):
    """On an image that comes up empty: the key's folder is root's alone, and the only group is the one that terminals
    have."""
    os.mkdir(tmp_path / "etc")
    for program, arguments in (("tmpfiles", ["--create"]), ("sysusers", [])):
        subprocess.run(["systemd-" + program, f"--root={tmp_path}", *arguments, f"{CONF}/{program}.d/pam_psg.conf"],
                       check=True, capture_output=True)
    folder = os.stat(tmp_path / "etc/psg")
    assert (folder.st_mode & 0o7777, folder.st_uid, folder.st_gid) == (0o700, 0, 0)
    assert [line.split(":")[:3] for line in machine.read(tmp_path / "etc/group").splitlines()] == [["tty", "x", "5"]]
    assert not (tmp_path / "etc/passwd").exists()
    assert not (tmp_path / "var").exists()
