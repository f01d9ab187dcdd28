"""su and sudo in the hands of a hostile caller: environment, umask, descriptors and signals are the caller's.

Whoever may not still may not, whoever may still may, and what the module left in the store is root's alone."""

import os
import signal
import stat
import subprocess

import pytest

import world
from drive import as_person

STACK = "auth required pam_permit.so\naccount requisite pam_psg.so\nsession requisite pam_psg.so\n"
EVIL = f"{world.ROOT}/tmp/evil"
ENVIRONMENT = {
    "LD_PRELOAD": EVIL + ".so", "LD_LIBRARY_PATH": EVIL, "LD_AUDIT": EVIL + ".so",
    "LD_BIND_NOW": "1", "GLIBC_TUNABLES": "glibc.malloc.check=3", "MALLOC_CHECK_": "3",
    "MALLOC_PERTURB_": "165", "MALLOC_TRACE": EVIL + ".trace", "GCONV_PATH": EVIL, "LOCPATH": EVIL, "NLSPATH": EVIL,
    "LANG": "../../../../.." + EVIL, "LC_ALL": "tr_TR.UTF-8", "LC_MESSAGES": "x" * 4000, "LANGUAGE": "\x1b[31m",
    "TZ": ":" + EVIL, "TZDIR": EVIL, "TMPDIR": EVIL, "HOME": EVIL, "IFS": "/",
    "HOSTALIASES": EVIL, "RES_OPTIONS": "x",
    "PSG_STORE": EVIL + "/store", "PSG_KEY": EVIL + "/key", "PSG_TICKET": "00" * 16, "PSG_GROUPS": "Operators",
    "PSG_TEST": "1", "SODIUM_RANDOM": "1", "SSH_AUTH_INFO_0": "publickey x", "SUDO_UID": "0", "USER": "root",
    "LOGNAME": "root", "PAM_USER": "root", "CDB": EVIL, "A" * 1000: "B" * 100000,
}


@pytest.fixture(name="people")
def fixture_people(machine):
    """One who is active and one who is not; a store of the caller's making in which both are."""
    for service in ("su", "sudo", "sshd"):
        machine.stack_text(service, STACK)
    machine.sudoers("Defaults !env_reset, !requiretty\nALL ALL=(ALL:ALL) NOPASSWD: ALL")
    active, idle = machine.person(), machine.person()
    active.activate_host()
    subprocess.run(["rm", "-rf", EVIL], check=True)
    os.makedirs(EVIL)
    subprocess.run(["cp", "-a", "/var/lib/psg", EVIL + "/store"], check=True)
    subprocess.run(["cp", "/etc/psg/key", EVIL + "/store/key"], check=True)
    machine.psgctl("--store", EVIL + "/store", "activate", "Operators", "--user", idle.name, "--scope", "Host")
    os.chmod(EVIL, 0o777)
    return active, idle


def opened(person, command, env=None, prepare=None):
    """Whether `command`, run by the person without a terminal, got to the point of making a file."""
    mark = f"{world.ROOT}/tmp/mark"
    subprocess.run(["rm", "-f", mark], check=True)
    line = [part.replace("MARK", mark) for part in command]
    setpriv = as_person(person)
    at = setpriv.index("env")
    done = subprocess.run([*setpriv[:at], *line], env=env or {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                          preexec_fn=prepare, start_new_session=True)
    assert done.returncode >= 0, f"killed: {done}"
    return os.path.exists(mark)


def store_is_roots():
    for where, folders, names in os.walk("/var/lib/psg"):
        for name in (*folders, *names):
            status = os.lstat(os.path.join(where, name))
            wanted = 0o700 if stat.S_ISDIR(status.st_mode) else 0o600
            found = status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)
            assert found == (0, 0, wanted), os.path.join(where, name)
    return True


SU = ["su", "root", "-c", "touch MARK"]
SUDO = ["sudo", "touch", "MARK"]


def ways(people, **more):
    """(in, in, out, out) is right: su and sudo of the active, su and sudo of the idle."""
    got = tuple(opened(person, command, **more) for person in people for command in (SU, SUDO))
    assert store_is_roots()
    return got


def test_the_environment(people):
    # su hands it all on to the shell, which must not be the one that fails.
    variables = {**ENVIRONMENT, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
    assert ways(people, env=variables) == (True, True, False, False)
    assert [name for name in os.listdir(f"{world.ROOT}/tmp") if name.startswith("evil.")] == []


@pytest.mark.parametrize("umask", [0, 0o777])
def test_the_umask(machine, people, umask):
    assert ways(people, prepare=lambda: os.umask(umask)) == (True, True, False, False)
    # And one who is asked: what is written for him is whole.
    pty = answered(people[1], ["sh", "-c", f"umask {umask:o}; exec su root -c 'touch {world.ROOT}/tmp/mark2'"],
                   people[1].code())
    assert "active" in pty and os.path.exists(f"{world.ROOT}/tmp/mark2") and store_is_roots()
    os.unlink(f"{world.ROOT}/tmp/mark2")
    machine.psgctl("deactivate", "--all", "--user", people[1].name)


def answered(person, command, code):
    from drive import answer  # pylint: disable=import-outside-toplevel
    return answer(as_person(person, *command), [code])[1]


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
def test_closed_descriptors(people, closed):
    """What the module opens then is 0, 1 or 2: nothing that is printed may end in the store."""
    before = {name: open(name, "rb").read() for name in ("/var/lib/psg/policy", "/etc/psg/key")}

    def close():
        for number in closed:
            os.close(number)
    assert ways(people, prepare=close) == (True, True, False, False)
    assert {name: open(name, "rb").read() for name in before} == before
    for line in open("/var/lib/psg/log", encoding="utf-8"):
        assert line.startswith("{") and line.endswith("}\n")


def ignored():
    for number in (signal.SIGXFSZ, signal.SIGPIPE, signal.SIGALRM, signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)


def childless():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def pending():
    """Blocked and on their way, as soon as somebody unblocks them. (SIGALRM kills su itself then, SIGXFSZ sudo.)"""
    numbers = {signal.SIGCHLD, signal.SIGWINCH, signal.SIGURG, signal.SIGCONT, signal.SIGPIPE}
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    for number in numbers:
        os.kill(os.getpid(), number)


@pytest.mark.parametrize("prepare", [ignored, childless, pending])
def test_signals(people, prepare):
    assert ways(people, prepare=prepare) == (True, True, False, False)


def test_nothing_is_left_changed(people, tools):
    """The host's umask, handlers, mask, descriptors, directory and environment are after the call what they were."""
    got = subprocess.run([tools.path("untouched"), people[0].name, people[1].name], capture_output=True, text=True,
                         check=False, timeout=60, stdin=subprocess.DEVNULL)
    assert (got.returncode, got.stdout) == (0, "0 6\n"), got
