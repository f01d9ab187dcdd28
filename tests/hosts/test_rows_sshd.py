"""What the table in pam_psg(8) says of sshd: the phases that run, who is asked, and what a refusal looks like to a
person whose ssh is as talkative as it comes. What else sshd must do is in test_sshd.py and test_session.py."""

import os
import socket
import subprocess

from drive import CODE, PORT
from machine import PASSWORD, wait_until
from rows import COMMAND, PHASES, TABLE, Log, inside, row, shipped, watch, whole_life

SETTINGS = "UsePAM yes\nPasswordAuthentication {0}\nKbdInteractiveAuthentication {1}\nAuthenticationMethods {2}\n"
CODE_LOGIN = SETTINGS.format("no", "yes", "keyboard-interactive:pam")
PASSWORD_LOGIN = SETTINGS.format("yes", "no", "password")
KEY_LOGIN = SETTINGS.format("no", "no", "publickey")
KEY_AND_CODE = SETTINGS.format("no", "yes", "publickey,keyboard-interactive:pam")
FORWARDED = 2223


def options(server, person, key):
    """As ssh comes, and two prompts: sshd sends what the module said with the second one."""
    wanted = {"LogLevel=ERROR": "LogLevel=INFO", "NumberOfPasswordPrompts=1": "NumberOfPasswordPrompts=2"}
    return [wanted.get(word, word) for word in server.options(person, key)]


def started(server, person, codes, line, key=False, stdin=""):
    """A finished client: (status, both streams, codes asked). The second prompt for a code is answered by Enter."""
    done = subprocess.run(line(options(server, person, key)), input=stdin, capture_output=True, text=True,
                          env=server.environment([*codes, ""], PASSWORD), check=False, timeout=60)
    if "-tt" not in done.args:  # a terminal shows the input as well
        assert done.returncode == 0 or done.stdout == "", "a refusal must leave a protocol's stream clean"
    return done.returncode, done.stdout + done.stderr, min(server.asked().count(CODE), 1)


def ssh(server, person, key=False):
    def run(codes):
        return started(server, person, codes, lambda words: [
            "ssh", "-p", str(PORT), *words, f"{person.name}@127.0.0.1", COMMAND], key)
    return run


def sshd_stack(machine, name="sshd-password", arguments=""):
    # With no line of ours in auth nothing of it is left in the key's stack, and libpam refuses by itself.
    text = shipped(machine, name)
    return lambda phases: watch(machine, "sshd", text if name == "sshd-password" or "auth" in phases else
                                text + "auth required pam_permit.so\n", arguments, phases)


@row("ssh, keyboard-interactive")
def test_keyboard_interactive(machine, sshd):
    """A shell at a terminal, told what to do by its standard input."""
    person, server = machine.person(), sshd(settings=CODE_LOGIN)
    whole_life(machine, "ssh, keyboard-interactive", person, lambda codes: started(
        server, person, codes, lambda words: ["ssh", "-tt", "-p", str(PORT), *words, f"{person.name}@127.0.0.1"],
        stdin=f"{COMMAND}; exit\n"), sshd_stack(machine))


@row("ssh, password")
def test_password(machine, sshd):
    person, server = machine.person(), sshd(settings=PASSWORD_LOGIN)
    whole_life(machine, "ssh, password", person, ssh(server, person), sshd_stack(machine))


@row("ssh, publickey")
def test_publickey(machine, sshd):
    person, server = machine.person(), sshd(settings=KEY_LOGIN)
    whole_life(machine, "ssh, publickey", person, ssh(server, person, key=True), sshd_stack(machine))


@row("ssh, key and code")
def test_key_and_code(machine, sshd):
    person, server = machine.person(), sshd(settings=KEY_AND_CODE)
    whole_life(machine, "ssh, key and code", person, ssh(server, person, key=True),
               sshd_stack(machine, "sshd-publickey"))


@row("ssh, command")
def test_command(machine, sshd):
    person, server = machine.person(), sshd(settings=CODE_LOGIN)
    whole_life(machine, "ssh, command", person, ssh(server, person), sshd_stack(machine))


@row("scp")
def test_scp(machine, sshd):
    """Both protocols of scp: sftp's, and -O the old one."""
    person, server = machine.person(), sshd(settings=CODE_LOGIN)
    source, target = person.home + "/source", person.home + "/target"
    machine.write(source, "in-side")
    os.chown(person.home, person.uid, person.uid)

    def run(codes):
        if os.path.exists(target):
            os.remove(target)
        status, seen, asked = started(server, person, codes, lambda words: [
            "scp", *protocol, "-P", str(PORT), *words, source, f"{person.name}@127.0.0.1:{target}"])
        return status, seen + (machine.read(target) if os.path.exists(target) else ""), asked
    protocol = []
    whole_life(machine, "scp", person, run, sshd_stack(machine))
    protocol = ["-O"]
    sshd_stack(machine)(PHASES)
    result = run([person.wrong_code()])
    assert not inside(result) and result[0] == 1 and result[1].endswith("lost connection\n")
    assert inside(run([person.code()]))


@row("sftp")
def test_sftp(machine, sshd):
    person, server = machine.person(), sshd(settings=CODE_LOGIN)

    def run(codes):
        status, seen, asked = started(server, person, codes, lambda words: [
            "sftp", "-P", str(PORT), *words, f"{person.name}@127.0.0.1"], stdin="pwd\n")
        return status, seen.replace(f"Remote working directory: {person.home}", "in-side"), asked
    whole_life(machine, "sftp", person, run, sshd_stack(machine))


@row("ssh, forwarding only")
def test_forwarding_only(machine, sshd):
    """-N asks for no shell; what answers behind the forwarded port is the sshd itself."""
    person, server = machine.person(), sshd(settings=CODE_LOGIN)

    def greeting():
        try:
            with socket.create_connection(("127.0.0.1", FORWARDED), timeout=10) as end:
                return end.recv(8) == b"SSH-2.0-"
        except OSError:
            return False

    def refused():
        return "open failed" in machine.read(said.name)

    def run(codes):
        client = subprocess.Popen(
            ["ssh", "-N", "-L", f"{FORWARDED}:127.0.0.1:{PORT}", "-p", str(PORT), *options(server, person, False),
             f"{person.name}@127.0.0.1"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
            env=server.environment([*codes, ""], PASSWORD))
        said.truncate(0)
        try:  # A session refused by its own line alone leaves the client connected, and forwards nothing.
            assert wait_until(lambda: client.poll() is not None or greeting() or refused())
            sign = "in-side" if client.poll() is None and not refused() else ""
        finally:
            client.terminate()
            client.wait()
        return client.returncode, machine.read(said.name) + sign, min(server.asked().count(CODE), 1)
    with open(person.home + "/said", "a", encoding="utf-8") as said:
        whole_life(machine, "ssh, forwarding only", person, run, sshd_stack(machine))


@row("ssh, further channel")
def test_further_channel(machine, sshd):
    """It makes no PAM call: what the login has it has, also once the activation is ended."""
    person, server = machine.person(), sshd(settings=CODE_LOGIN)
    sshd_stack(machine)(PHASES)
    control = person.home + "/control"
    where = f"{person.name}@127.0.0.1"
    master = subprocess.Popen(
        ["ssh", "-N", "-M", "-S", control, "-p", str(PORT), *options(server, person, False), where],
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=server.environment([person.code()], PASSWORD))
    try:
        assert wait_until(lambda: os.path.exists(control)) and len(person.status()) == 1
        machine.psgctl("deactivate", "--all", "--user", person.name)
        log = Log()
        done = subprocess.run(["ssh", "-S", control, "-p", str(PORT), where, COMMAND], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stdout.strip()) == (0, "in-side")
        assert log.phases() == TABLE["ssh, further channel"].runs() and "pam_psg" not in log.text()
    finally:
        master.terminate()
        master.wait()


def test_subject_caller_asks_nobody(machine, sshd):
    """The caller is root always: the free pass of which the page warns; even_root makes it root's code."""
    person, server = machine.person(assigned=False), sshd(settings=CODE_LOGIN)
    sshd_stack(machine, arguments="subject=caller")(PHASES)
    result = ssh(server, person)([])
    assert inside(result) and result[2] == 0
    sshd_stack(machine, arguments="subject=caller even_root")(PHASES)
    log = Log()
    assert not inside(ssh(server, person)([])) and log.refused("root")
