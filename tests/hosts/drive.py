"""Drives ssh, sudo, su, login and pamtester as a person at a terminal would."""

import contextlib
import os
import re
import subprocess
import time

import pexpect

import world
from machine import CONF, PASSWORD

CODE = "Authenticator code: "
PASSWORD_PROMPT = r"[Pp]assword( for \S+)?: ?"
PROMPT = "psg-prompt> "
TIMEOUT = 30
PORT = 2222

# ssh asks through this instead of a terminal, so that stdout and stderr are the command's alone. What
# it was asked is written down, an answer a line is taken from the file of answers.
ASKPASS = r"""#!/bin/sh
printf '%s\n' "$1" >>"$PSG_ASKED"
case $1 in
*assword*) printf '%s\n' "$PSG_PASSWORD" ;;
*ode:*) code=$(head -n 1 "$PSG_CODES"); sed -i 1d "$PSG_CODES"; printf '%s\n' "$code" ;;
*) exit 1 ;;
esac
"""


def as_person(person, *command):
    """A command line that runs `command` as that person, real uid and all."""
    return ["setpriv", "--reuid", str(person.uid), "--regid", str(person.uid), "--init-groups",
            "--inh-caps=-all", "env", "-i", "PATH=/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + person.home,
            "TERM=dumb", "LC_ALL=C.UTF-8", "USER=" + person.name, *command]


def spawn(command, **options):
    return pexpect.spawn(command[0], command[1:], timeout=TIMEOUT, encoding="utf-8",
                         codec_errors="replace", echo=False, cwd="/", **options)


class Shell:
    """An interactive shell at a terminal, in a session of its own: prompts are answered, statuses read."""

    def __init__(self, child):
        self.child = child
        self.child.sendline(f"PS1='{PROMPT[:4]}''{PROMPT[4:]}'; PROMPT_COMMAND=; stty -echo; bind 'set enable-bracketed-paste off'")
        self.child.expect_exact(PROMPT)
        self.child.sendline("")
        while self.child.expect_exact([PROMPT, pexpect.TIMEOUT], timeout=0.3) == 0:
            pass

    @classmethod
    def of(cls, person):
        return cls(spawn(as_person(person, "bash", "--norc", "--noediting", "-i")))

    def run(self, command, codes=(), password=PASSWORD):
        """Runs a command, answering what it asks. Returns (status, output, number of codes asked for)."""
        codes, asked, seen = list(codes), 0, ""
        self.child.sendline(command + "; echo \"status=$?\"")
        while True:
            which = self.child.expect([CODE, PASSWORD_PROMPT, r"status=(\d+)\r?\n"])
            seen += self.child.before + (self.child.after if which < 2 else "")
            if which == 2:
                status = int(self.child.match.group(1))
                self.child.expect_exact(PROMPT)
                return status, seen, asked
            if which == 0:
                asked += 1
                self.child.sendline(codes.pop(0) if codes else "")
            else:
                self.child.sendline(password)

    def close(self):
        self.child.close(force=True)


def answer(command, codes=(), password=PASSWORD, env=None):
    """Runs a program at a terminal of its own to its end, answering what it asks: (status, output, codes asked)."""
    child = spawn(command, env=env) if env else spawn(command)
    codes, asked, seen = list(codes), 0, ""
    while True:
        which = child.expect([CODE, PASSWORD_PROMPT, pexpect.EOF])
        seen += child.before
        if which == 2:
            child.close()
            return (child.exitstatus if child.exitstatus is not None else 128 + child.signalstatus,
                    seen, asked)
        if which == 0:
            asked += 1
            if codes and codes[0] is None:
                codes.pop(0)
                child.sendeof()
            else:
                child.sendline(codes.pop(0) if codes else "")
        else:
            child.sendline(password)


class Sshd:
    """The real sshd on 127.0.0.1, with one of the shipped snippets or other settings."""

    port, log_level = PORT, "ERROR"

    def __init__(self, snippet=None, settings=""):
        self.folder = world.ROOT + "/ssh"
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        if not os.path.exists(self.folder + "/host"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder + "/host"], check=True)
        subprocess.run("rm -rf /etc/ssh/sshd_config.d && mkdir -p /etc/ssh/sshd_config.d", shell=True, check=True)
        if snippet:
            subprocess.run(["cp", f"{CONF}/sshd_config.d/{snippet}.conf", "/etc/ssh/sshd_config.d/"], check=True)
        else:
            with open("/etc/ssh/sshd_config.d/test.conf", "w", encoding="utf-8") as file:
                file.write(settings)
        # Debian's file as packaged, whatever this host's administrator made of it.
        subprocess.run(["cp", "/usr/share/openssh/sshd_config", "/etc/ssh/sshd_config"], check=True)
        command = ["/usr/sbin/sshd", "-D", "-e", "-p", str(PORT), "-h", self.folder + "/host",
                   "-o", "ListenAddress=127.0.0.1", "-o", "PidFile=none"]
        self.log = open(self.folder + "/log", "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + TIMEOUT
        while b"Server listening" not in open(self.folder + "/log", "rb").read():
            assert self.process.poll() is None and time.monotonic() < end, open(self.folder + "/log").read()
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def options(self, person, key):
        return ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-o", "LogLevel=" + self.log_level, "-o", "IdentityAgent=none", "-o", "NumberOfPasswordPrompts=1",
                "-o", "IdentitiesOnly=yes"] + (["-i", person.key()] if key else
                                               ["-o", "PubkeyAuthentication=no"])

    def environment(self, codes, password):
        """What ssh needs to ask us; the prompts it had are in self.asked() afterwards."""
        path = self.folder + "/askpass"
        with open(path, "w", encoding="utf-8") as file:
            file.write(ASKPASS)
        os.chmod(path, 0o755)
        with open(self.folder + "/codes", "w", encoding="utf-8") as file:
            file.write("".join(code + "\n" for code in codes))
        open(self.folder + "/asked", "wb").close()
        return {**os.environ, "SSH_ASKPASS": path, "SSH_ASKPASS_REQUIRE": "force", "PSG_PASSWORD": password,
                "PSG_CODES": self.folder + "/codes", "PSG_ASKED": self.folder + "/asked"}

    def asked(self):
        with open(self.folder + "/asked", encoding="utf-8") as file:
            return [re.sub(r"^\(.*?\) ", "", line.rstrip("\n")) for line in file]

    def run(self, person, *command, codes=(), key=False, password=PASSWORD, program="ssh", stdin=None):
        """ssh person@ COMMAND without a terminal: a CompletedProcess with the streams apart."""
        port, options, where = str(self.port), self.options(person, key), f"{person.name}@127.0.0.1"
        line = {"ssh": ["ssh", "-p", port, *options, where, *command],
                "scp": ["scp", "-P", port, *options, *command],
                "sftp": ["sftp", "-q", "-o", "BatchMode=no", "-b", "-", "-P", port, *options, where]}[program]
        return subprocess.run(line, input=stdin if stdin is not None else "", capture_output=True, text=True,
                              env=self.environment(codes, password), check=False, timeout=60)

    def shell(self, person, codes=(), key=False, password=PASSWORD):
        """An interactive login: a Shell."""
        return Shell(spawn(["ssh", "-tt", "-p", str(self.port), *self.options(person, key),
                            f"{person.name}@127.0.0.1"], env=self.environment(codes, password)))


class Elsewhere(Sshd):
    """An sshd that somebody else started, on a port of its own."""

    def __init__(self, port):  # pylint: disable=super-init-not-called
        self.port, self.folder = port, world.ROOT + "/ssh"

    def __exit__(self, *_):
        pass


class Shared:
    """One connection that stays open and channels over it (ControlMaster, ControlPersist)."""

    def __init__(self, server, person, codes=(), key=False):
        self.path = f"{server.folder}/shared-{person.name}"
        self.line = ["ssh", "-p", str(server.port), *server.options(person, key), "-o", "ControlPath=" + self.path]
        self.where = f"{person.name}@127.0.0.1"
        # The connection that stays keeps the streams of the command that opened it.
        with open(self.path + ".err", "wb") as errors:
            self.opened = subprocess.run(
                [*self.line, "-o", "ControlMaster=auto", "-o", "ControlPersist=60", self.where, "true"], check=False,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                env=server.environment(codes, PASSWORD), timeout=60).returncode

    def run(self, *command):
        return subprocess.run([*self.line, "-o", "BatchMode=yes", self.where, *command], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=60)

    def shell(self):
        return Shell(spawn([*self.line, "-tt", "-o", "BatchMode=yes", self.where]))

    def close(self):
        subprocess.run([*self.line, "-O", "exit", self.where], capture_output=True, check=False)


@contextlib.contextmanager
def forwarding(server, person, here, there, codes=(), key=False):
    """ssh -N -L: no command, no shell, a port alone. Yields the client's process."""
    with open(server.folder + "/forward.err", "wb") as errors:
        client = subprocess.Popen(
            ["ssh", "-p", str(server.port), *server.options(person, key), "-o", "ExitOnForwardFailure=yes", "-N",
             "-L", f"127.0.0.1:{here}:127.0.0.1:{there}", f"{person.name}@127.0.0.1"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=errors, env=server.environment(codes, PASSWORD))
    try:
        yield client
    finally:
        client.kill()
        client.wait()
