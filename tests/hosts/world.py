#!/usr/bin/python3
"""A private machine for the tests and the demo: the host's own programs, nobody else's files.

    world.py COMMAND ...      runs COMMAND in it, as root, and returns its exit status

Mount, network and PID namespaces of its own: /etc, /run, /var/lib, /var/log, /dev, /usr/sbin and the
PAM module directory are copies or empty, the network is one loopback, and when the command ends
every process of this machine ends with it. The host keeps no trace (test_untouched.py)."""

import fcntl
import glob
import hashlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOT = "/run/psg"  # of this machine's own things
SYSLOG = ROOT + "/syslog"
HOST_MARKS = ROOT + "/host-before.json"
HOST_NS_FD = 19  # the host's mount namespace, held open so that a test can look back
LOGINUID_UNSET = "4294967295"

WATCHED = ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sudoers", "/etc/pam.d",
           "/etc/ssh", "/etc/sudoers.d", "/etc/psg", "/etc/login.defs", "/run/sudo", "/var/lib/sudo",
           "/var/lib/psg", "/var/log/lastlog", "/var/log/wtmp", "/var/log/btmp", "/root/.ssh"]


def build_dir():
    """The build under test, absolute."""
    return os.path.abspath(os.environ.get("PSG_BUILD") or os.path.join(REPO, "build"))


def pam_dir():
    found = glob.glob("/usr/lib/*/security/pam_unix.so") + glob.glob("/usr/lib*/security/pam_unix.so")
    return os.path.dirname(found[0]) if found else None


def why_not():
    """Why no private machine can be made here, or None."""
    if os.geteuid() != 0:
        return "not root"
    if pam_dir() is None:
        return "no PAM module directory"
    for name in ("pam_psg.so", "psgctl"):
        if not os.path.exists(os.path.join(build_dir(), name)):
            return f"{build_dir()}/{name} is not built"
    missing = [p for p in ("sshd", "ssh", "sudo", "su", "login", "pamtester", "unshare", "setpriv")
               if shutil.which(p, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
    if missing:
        return "not installed: " + " ".join(missing)
    probe = subprocess.run(UNSHARE + ["mount", "-t", "proc", "proc", "/proc"],
                           capture_output=True, text=True, check=False)
    return None if probe.returncode == 0 else "no namespaces: " + probe.stderr.strip()


UNSHARE = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child",
           "--propagation", "private"]


def enter(command):
    """Runs `command` in a private machine; its exit status. Whatever ends this process ends all of it."""
    os.environ["PSG_BUILD"] = build_dir()
    host = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    os.dup2(host, HOST_NS_FD, inheritable=True)
    # unshare ignores SIGTERM and SIGINT while it waits; only its own death kills its child.
    inside = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *UNSHARE, sys.executable, "-B",
                               os.path.abspath(__file__), *command], pass_fds=[HOST_NS_FD])
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: inside.kill())
    status = inside.wait()
    return status if status >= 0 else 128 - status


def marks():
    """What the watched files of the machine we are on look like, and what is in the busy folders."""
    result = {}
    for top in WATCHED:
        files = [top] if not os.path.isdir(top) else [
            os.path.join(where, name) for where, _, names in os.walk(top) for name in names]
        result[top] = "there" if os.path.exists(top) else "absent"
        for path in files:
            if os.path.isfile(path):
                status = os.stat(path)
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
                result[path] = f"{digest} {status.st_mode:o} {status.st_uid} {status.st_gid}"
    for folder in ("/etc", "/usr/sbin", "/var/lib", "/run", "/home", pam_dir()):
        result[folder + "/*"] = " ".join(sorted(os.listdir(folder)))
    return result


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def tmpfs(path, mode):
    os.makedirs(path, exist_ok=True)
    mount("-t", "tmpfs", "-o", "mode=" + mode, "tmpfs", path)


def put_copy(path):
    """A copy of `path` that may be written, over it."""
    copy = ROOT + "/copies" + path
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    subprocess.run(["cp", "-a", "--one-file-system", path, copy], check=True)
    mount("--bind", copy, path)


def hide(path, mode, keep):
    """An empty folder over `path`, in which the paths of `keep` that lie below it are still there."""
    below = [item for item in keep if item.startswith(path + "/")]
    held = [ROOT + f"/keep/{os.path.basename(path)}{number}" for number in range(len(below))]
    for item, place in zip(below, held):
        os.makedirs(place)
        mount("--rbind", item, place)
    tmpfs(path, mode)
    for item, place in zip(below, held):
        os.makedirs(item)
        mount("--move", place, item)


def private_dev():
    new = ROOT + "/dev"
    tmpfs(new, "0755")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        open(f"{new}/{name}", "wb").close()
        mount("--bind", "/dev/" + name, f"{new}/{name}")
    for name in ("pts", "shm"):
        os.mkdir(f"{new}/{name}")
    mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=0620,gid=5", "devpts", new + "/pts")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", new + "/shm")
    os.symlink("pts/ptmx", new + "/ptmx")
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink("/proc/self/fd" + target, f"{new}/{name}")
    mount("--move", new, "/dev")


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14x", b"lo", 1 | 64)  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(sock, 0x8914, request)  # SIOCSIFFLAGS


def install():
    """The programs under test where an administrator has them."""
    put_copy("/usr/sbin")
    put_copy(pam_dir())
    for name, place, mode in (("psgctl", "/usr/sbin", 0o755), ("pam_psg.so", pam_dir(), 0o644)):
        shutil.copy(os.path.join(build_dir(), name), place)
        os.chmod(os.path.join(place, name), mode)


def make():
    """Builds the machine around this process, which is its PID 1."""
    before = marks()
    mount("-t", "proc", "proc", "/proc")
    keep = [REPO, build_dir()]
    tmpfs("/run", "0755")
    for name in ("", "/copies", "/homes", "/tmp", "/keep"):
        os.mkdir(ROOT + name)
    os.chmod(ROOT + "/tmp", 0o1777)
    for name in ("sshd", "lock"):
        os.mkdir("/run/" + name)
    open("/run/utmp", "wb").close()
    with open(HOST_MARKS, "w", encoding="utf-8") as file:
        json.dump(before, file)
    put_copy("/etc")
    # sudo complains of a host that does not know its own name, as a fresh one may not.
    with open("/etc/hosts", "a", encoding="utf-8") as file:
        file.write(f"\n127.0.0.1 localhost {socket.gethostname()}\n")
    install()
    for path in ("/var/lib", "/var/log", "/var/mail"):
        hide(os.path.realpath(path), "0755", keep)
    private_dev()
    loopback_up()
    try:  # A developer's own audit session must not be every test user's.
        with open("/proc/self/loginuid", "w", encoding="ascii") as file:
            file.write(LOGINUID_UNSET)
    except OSError:
        pass


def listen():
    """/dev/log: what the programs say to syslog goes, a line each, to SYSLOG."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind("/dev/log")
    os.chmod("/dev/log", 0o666)
    sock.setblocking(False)
    return sock


def attend(sock, child):
    """PID 1's work until `child` ends: write down syslog, bury the orphans."""
    with open(SYSLOG, "ab", buffering=0) as log:
        while True:
            if select.select([sock], [], [], 0.05)[0]:
                log.write(sock.recv(65536).replace(b"\n", b" ").rstrip(b"\0 ") + b"\n")
                continue
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return 1
            if pid == child.pid:
                return os.waitstatus_to_exitcode(status)


def main():
    if os.getpid() != 1:
        reason = why_not()
        if reason:
            sys.exit("No private machine: " + reason)
        sys.exit(enter(sys.argv[1:]))
    os.environ.update(PSG_WORLD="1", TMPDIR=ROOT + "/tmp", LC_ALL="C.UTF-8", TZ="UTC",
                      PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    for name in ("SSH_AUTH_SOCK", "SSH_ASKPASS", "SUDO_ASKPASS", "DISPLAY", "PSG_STORE"):
        os.environ.pop(name, None)
    make()
    sock = listen()
    # Its own session: the one it was started in has no number in this PID namespace.
    child = subprocess.Popen(sys.argv[1:], start_new_session=True, pass_fds=[HOST_NS_FD])
    status = attend(sock, child)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
