"""Where the logins of `make bench` happen: namespaces of their own, over files of their own.

Accounts, name services, /run and the network are private; what the modules keep lies in BUILD/bench, so on the
host's own file system, and is seen as /run/bench. The host's files are not touched: the private ones are laid over
them in this mount namespace alone."""

import os
import shutil
import struct
import subprocess
import sys
import time

from common import Failed

ROOT = "/run/bench"
INSIDE = "PSG_BENCH_INSIDE"
UID_FIRST = 20000
USER_PROCESS = 7
UTMP = struct.Struct("=hxxi32s4s32s256shhiii4i20x")


def enter(script, arguments):
    """Runs the script again, in the namespaces, as the leader of a session of its own; its exit status."""
    if os.geteuid() != 0:
        sys.exit("Logins are measured as root: they need accounts and a mount namespace of their own.")
    command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--propagation", "private",
               sys.executable, "-B", script, *arguments]
    return subprocess.run(command, env={**os.environ, INSIDE: "1", "LC_ALL": "C"}, start_new_session=True,
                          check=False).returncode


def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"mount {' '.join(arguments)}: {done.stderr.strip()}")


def write(path, text, mode=0o644, uid=0):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)
    os.chown(path, uid, uid)


def logged_in(name):
    """pam_timestamp believes nobody who is not in utmp."""
    return UTMP.pack(USER_PROCESS, os.getpid(), b"bench", b"bnch", name.encode(), b"", 0, 0, 0,
                     int(time.time()) - 60, 0, 0, 0, 0, 0)


def make(folder, names):
    """An empty `folder`, seen as ROOT, and accounts for `names`."""
    if folder.startswith("/run/"):
        raise Failed(f"{folder}: logins are not measured in a build below /run; use another BUILD")
    shutil.rmtree(folder, ignore_errors=True)
    lines = [f"{name}:x:{UID_FIRST + at}:{UID_FIRST + at}::{ROOT}/home/{name}:/bin/sh\n"
             for at, name in enumerate(names)]
    groups = [f"{name}:x:{UID_FIRST + at}:\n" for at, name in enumerate(names)]
    write(folder + "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n" + "".join(lines))
    write(folder + "/etc/group", "root:x:0:\n" + "".join(groups))
    write(folder + "/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\n")
    for name in ("passwd", "group", "nsswitch.conf"):
        if os.path.exists("/etc/" + name):
            mount("--bind", f"{folder}/etc/{name}", "/etc/" + name)
    # A syslog daemon that listens in /dev would log every login; the one in /run goes with /run.
    if os.path.exists("/dev/log") and not os.path.islink("/dev/log"):
        mount("--bind", "/dev/null", "/dev/log")
    held = os.open(folder, os.O_PATH)
    mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    os.mkdir(ROOT)
    mount("--bind", f"/proc/{os.getpid()}/fd/{held}", ROOT)
    os.close(held)
    with open("/run/utmp", "wb") as file:
        file.write(logged_in("root"))
        file.write(logged_in(names[0]))


def service(name, auth, account, session="required pam_permit.so"):
    write(f"{ROOT}/pam.d/{name}", f"auth {auth}\naccount {account}\nsession {session}\n")


def leader():
    """This process, as `psgctl activate --session` names a session's leader."""
    with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return f"{os.getpid()}-{fields[19]}"
