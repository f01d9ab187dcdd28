"""The real sshd behind the shipped stacks and sshd_config snippets."""

import os
import stat

import pytest

from machine import wait_until

ALONE = "auth requisite pam_psg.so\naccount requisite pam_psg.so\nsession required pam_loginuid.so\n" \
        "session requisite pam_psg.so\n"
KEY_ALONE = "UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nAuthenticationMethods publickey\n"
CODE_ALONE = "UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication yes\n" \
             "AuthenticationMethods keyboard-interactive:pam\n"


def test_password_and_code(machine, sshd):
    person, server = machine.person(), sshd("psg-password-code")
    done = server.run(person, "echo in", codes=[person.code()])
    assert (done.returncode, done.stdout, done.stderr) == (0, "in\n", "")
    assert server.asked() == ["Password: ", "Authenticator code: "]


@pytest.mark.parametrize("code", ["wrong", "", "spent"])
def test_password_without_a_right_code(machine, sshd, code):
    person, server = machine.person(), sshd("psg-password-code")
    if code == "spent":
        code = person.code()
        assert server.run(person, "true", codes=[code]).returncode == 0
    elif code == "wrong":
        code = person.wrong_code()
    done = server.run(person, "echo in", codes=[code])
    assert done.returncode == 255 and done.stdout == ""


def test_wrong_password_never_reaches_the_code(machine, sshd):
    person, server = machine.person(), sshd("psg-password-code")
    done = server.run(person, "echo in", codes=[person.code()], password="not it")
    assert done.returncode == 255 and done.stdout == ""
    assert server.asked() == ["Password: "]
    assert not os.path.exists(f"/var/lib/psg/people/{person.name}/attempts")


@pytest.mark.parametrize("assigned,enrolled", [(False, True), (True, False)])
def test_who_has_no_claim_stays_out(machine, sshd, assigned, enrolled):
    person, server = machine.person(assigned=assigned, enrolled=enrolled), sshd("psg-password-code")
    done = server.run(person, "echo in", codes=["123456"])
    assert done.returncode == 255 and done.stdout == ""


def test_no_activation_required_no_code(machine, sshd):
    machine.deploy(required=False)
    person, server = machine.person(), sshd("psg-password-code")
    assert server.run(person, "echo in").stdout == "in\n"
    assert server.asked() == ["Password: "]


def test_host_activation_asks_for_the_password_alone(machine, sshd):
    person, server = machine.person(), sshd("psg-password-code")
    person.activate_host()
    assert server.run(person, "echo in").stdout == "in\n"
    assert server.asked() == ["Password: "]


def test_key_and_code(machine, sshd):
    machine.stack("sshd", "sshd-publickey")
    person, server = machine.person(), sshd("psg-key-code")
    done = server.run(person, "echo in", codes=[person.code()], key=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "in\n", "")
    assert server.asked() == ["Authenticator code: "]
    assert server.run(person, "echo in", codes=[person.wrong_code()], key=True).returncode == 255
    assert server.run(person, "echo in", codes=[person.code()], key=False).returncode == 255


def test_key_and_code_without_the_key_first(machine, sshd):
    """after=publickey: where sshd_config forgets the key, the module does not."""
    machine.stack("sshd", "sshd-publickey")
    person, server = machine.person(), sshd(settings=CODE_ALONE)
    assert server.run(person, "echo in", codes=[person.code()], key=False).returncode == 255
    person.activate_host()
    assert server.run(person, "echo in", codes=[person.code()], key=False).returncode == 255


def test_key_and_host_activation_asks_nothing(machine, sshd):
    machine.stack("sshd", "sshd-publickey")
    person, server = machine.person(), sshd("psg-key-code")
    person.activate_host()
    assert server.run(person, "echo in", key=True).stdout == "in\n"
    assert server.asked() == []


@pytest.mark.parametrize("stack", ["sshd-password", "sshd-publickey"])
def test_key_alone(machine, sshd, stack):
    """auth is never called; the gate stands in account."""
    machine.stack("sshd", stack)
    person, server = machine.person(), sshd(settings=KEY_ALONE)
    done = server.run(person, "echo in", key=True)
    assert done.returncode == 255 and done.stdout == ""
    person.activate_host()
    done = server.run(person, "echo in", key=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "in\n", "")
    person.lapse()
    assert server.run(person, "echo in", key=True).returncode == 255


def test_session_gate_alone_refuses_the_command(machine, sshd):
    """A stack that lost its account line: sshd keeps the connection, and no command runs."""
    machine.stack_text("sshd", "auth required pam_deny.so\naccount required pam_permit.so\n"
                       "session required pam_loginuid.so\nsession requisite pam_psg.so\n")
    person, server = machine.person(), sshd(settings=KEY_ALONE)
    done = server.run(person, "echo in", key=True)
    assert done.returncode != 0 and done.stdout == "" and done.stderr == ""
    person.activate_host()
    assert server.run(person, "echo in", key=True).stdout == "in\n"


def test_module_alone_in_auth(machine, sshd):
    """With nothing else in auth, a live Host activation must not be a way in for strangers."""
    machine.stack_text("sshd", ALONE)
    person, server = machine.person(), sshd(settings=CODE_ALONE)
    assert server.run(person, "echo in", codes=[""]).returncode == 255
    person.activate_host()
    for codes in ([], [""], [person.wrong_code()]):
        done = server.run(person, "echo in", codes=codes)
        assert done.returncode == 255 and done.stdout == ""
    person.lapse()
    assert server.run(person, "echo in", codes=[person.code()]).stdout == "in\n"


@pytest.mark.parametrize("required,assigned", [(False, True), (True, False)])
def test_module_alone_in_auth_lets_no_stranger_in(machine, sshd, required, assigned):
    machine.deploy(required=required)
    machine.stack_text("sshd", ALONE)
    person, server = machine.person(assigned=assigned), sshd(settings=CODE_ALONE)
    assert server.run(person, "echo in", codes=["123456"]).returncode == 255


@pytest.mark.parametrize("how", ["code", "key"])
def test_streams_stay_clean(machine, sshd, tmp_path, how):
    """scp and sftp speak a protocol on stdout: not a byte of ours may be in it, let in or refused."""
    person = machine.person()
    key = how == "key"
    server = sshd(settings=KEY_ALONE) if key else sshd("psg-password-code")
    if key:
        person.activate_host()
    here, there = tmp_path / "here", f"{person.home}/there"
    here.write_bytes(os.urandom(100000))
    fresh = (lambda: []) if key else (lambda: [person.code()])

    done = server.run(person, str(here), f"{person.name}@127.0.0.1:{there}", codes=fresh(), key=key, program="scp")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with open(there, "rb") as file:
        assert file.read() == here.read_bytes()
    done = server.run(person, "-O", f"{person.name}@127.0.0.1:{there}", str(tmp_path / "back"), codes=fresh(),
                      key=key, program="scp")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "back").read_bytes() == here.read_bytes()
    done = server.run(person, codes=fresh(), key=key, program="sftp", stdin="ls there\n")
    assert (done.returncode, done.stderr) == (0, "") and "there" in done.stdout

    person.lapse()
    done = server.run(person, str(here), f"{person.name}@127.0.0.1:{there}2", codes=[""], key=key, program="scp")
    assert done.returncode != 0 and done.stdout == "" and not os.path.exists(there + "2")
    assert "protocol" not in done.stderr and "message" not in done.stderr


def test_lapse_closes_the_door(machine, sshd):
    machine.deploy(lifetime="PT10S", scope="Host")
    person, server = machine.person(), sshd("psg-password-code")
    assert server.run(person, "echo in", codes=[person.code()]).stdout == "in\n"
    assert wait_until(lambda: machine.explain(person, "sshd")["verdict"] == "ACTIVATE")
    assert server.run(person, "echo in", codes=[""]).returncode == 255
    assert server.run(person, "echo in", codes=[person.code()]).stdout == "in\n"


def test_root_needs_no_code(machine, sshd):
    class Root:
        name, home, uid = "root", "/run/psg/homes/root", 0
    machine.root_password()
    server = sshd(settings=CODE_ALONE + "PermitRootLogin yes\n")
    assert server.run(Root, "id -u").stdout == "0\n"
    assert server.asked() == ["Password: "]


def test_the_environment_carries_no_ticket(machine, sshd):
    person, server = machine.person(), sshd("psg-password-code")
    done = server.run(person, "env", codes=[person.code()])
    assert done.returncode == 0 and "PSG_TICKET" not in done.stdout
    assert "PSG_" in done.stdout


def test_files_a_login_leaves_are_roots(machine, sshd):
    person, server = machine.person(), sshd("psg-password-code")
    assert server.run(person, "umask 0; true", codes=[person.code()]).returncode == 0
    for where, folders, files in os.walk("/var/lib/psg"):
        for path in [where] + [os.path.join(where, name) for name in folders + files]:
            status = os.lstat(path)
            assert (status.st_uid, status.st_gid) == (0, 0), path
            assert stat.S_IMODE(status.st_mode) & 0o077 == 0, path


