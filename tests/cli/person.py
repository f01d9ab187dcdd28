"""What the tests of the people's side share: codes, a policy, sessions, terminals, pictures."""

import os
import re
import signal
import subprocess
import time

import pexpect

from conftest import PSGCTL

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238's, 20 bytes
PERSON, PERSON_UID = "daemon", 1  # an account that every host has


def code(secret=SECRET, steps=0, algorithm="SHA1", digits=6, period=30):
    """The code of a step near now, by another implementation than ours."""
    when = time.gmtime(time.time() + steps * period)
    result = subprocess.run(
        ["oathtool", f"--totp={algorithm}", "--base32", f"--digits={digits}",
         f"--time-step-size={period}s", "--now", time.strftime("%Y-%m-%d %H:%M:%S UTC", when),
         secret], capture_output=True, text=True, check=True)
    return result.stdout.strip()


def wrong_code(secret=SECRET):
    """Right for no step anywhere near."""
    near = {code(secret, n) for n in range(-12, 13)}
    return next(c for c in (f"{n:06}" for n in range(1000)) if c not in near)


def policy(psgctl, package, **elements):
    """Two groups, one set by itself, and a rule for Billing (Host unless told)."""
    psgctl.init()
    rules = {"scope": "Host", **elements}
    made = (package().permission_set("Login", apps=["sshd"])
            .permission_set("Bills", apps=["billing"], user=["EditBillingInfo"])
            .permission_set("Solo", custom=["Deploy"], hasActivationRequired=True)
            .muting_set("Hush", apps=["billing"])
            .group("Billing", ["Bills"], requires=True)
            .group("Quiet", ["Bills"], requires=True, muting=["Hush"])
            .group("Everyone", ["Login"], requires=False)
            .activation_policy("Billing", **rules))
    psgctl.deploy(made)
    return psgctl


def enroll(psgctl, user=PERSON, secret=SECRET, *more):
    """Enrolled without a terminal; returns the JSON."""
    return psgctl.ok("--json", "enroll", user, "--secret", "-", *more, input=secret + "\n").json()


def as_person(**more):
    """The environment of `sudo psgctl` run by PERSON."""
    return {"SUDO_UID": str(PERSON_UID), "SUDO_USER": PERSON, **more}


class Session:
    """A session of its own whose leader is a shell that lives until close()."""

    def __init__(self, psgctl):
        self.psgctl = psgctl
        self.shell = subprocess.Popen(["sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, start_new_session=True,
                                      env=psgctl.environment(**as_person()))

    def id(self):
        with open(f"/proc/{self.shell.pid}/stat", encoding="utf-8") as file:
            start = file.read().rpartition(")")[2].split()[19]
        return f"{self.shell.pid}-{start}"

    def run(self, command):
        """Runs a shell command; the output and the exit status."""
        self.shell.stdin.write(f"{command}\necho \"#$?\"\n")
        self.shell.stdin.flush()
        out = ""
        for line in self.shell.stdout:
            if line.startswith("#"):
                return out, int(line[1:])
            out += line
        raise AssertionError(f"the session ended: {out}")

    def close(self):
        self.shell.stdin.close()
        self.shell.wait(timeout=10)
        self.shell.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def terminal(psgctl, *args, **env):
    """psgctl on a terminal."""
    return pexpect.spawn(PSGCTL, [str(a) for a in args], env=psgctl.environment(**env),
                         encoding="utf-8", timeout=20, dimensions=(120, 200), preexec_fn=hear_interrupts)


def hear_interrupts():
    """As from a login shell: what is started in the background inherits them ignored."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def ended(child):
    """The exit status of a process on a terminal, and what it said since the last expect."""
    child.expect(pexpect.EOF)
    rest = child.before
    child.close()
    return child.exitstatus, rest


# -- pictures --

def zbar(rows, tmp_path):
    """Reads a picture of dark (1) and light (0) modules with zbarimg."""
    scale = 6
    width = max(map(len, rows)) * scale
    body = b""
    for row in rows:
        line = b"".join((b"\0" if dark else b"\xff") * scale for dark in row)
        body += line.ljust(width, b"\xff") * scale
    path = tmp_path / "qr.pgm"
    path.write_bytes(b"P5 %d %d 255\n" % (width, len(rows) * scale) + body)
    result = subprocess.run(["zbarimg", "-q", "--raw", str(path)], capture_output=True, text=True,
                            check=False)
    return result.stdout.strip()


def utf8_rows(text):
    """Half blocks are light, spaces dark."""
    rows = []
    for line in text.splitlines():
        line = re.sub(r"\x1b\[[0-9;]*m", "", line)
        if not line.strip("\u2588\u2580\u2584 ") and "\u2588" in line:
            rows.append([c in " \u2584" for c in line])
            rows.append([c in " \u2580" for c in line])
    return rows


def ansi_rows(text):
    rows = []
    for line in text.splitlines():
        cells = re.findall(r"\x1b\[(4[07])m  ", line)
        if cells:
            rows.append([cell == "40" for cell in cells])
    return rows


def svg_rows(text):
    size = int(re.search(r'viewBox="0 0 (\d+) ', text).group(1))
    rows = [[False] * size for _ in range(size)]
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", text):
        for at in range(int(x), int(x) + int(length)):
            rows[int(y)][at] = True
    return rows


# -- the store --

def store_text(psgctl):
    """Every byte of the store but the policy and the key."""
    found = b""
    for folder, _, names in os.walk(psgctl.store):
        for name in names:
            if name not in ("policy", "key"):
                with open(os.path.join(folder, name), "rb") as file:
                    found += file.read()
    return found


def events(psgctl, kind=None):
    lines = psgctl.ok("--json", "log").json()
    return [line for line in lines if kind in (None, line["event"])]


def wait_for_fresh_step(period=30, room=5):
    """Sleeps over the end of a step when it is near: a code must not age inside a test."""
    left = period - time.time() % period
    if left < room:
        time.sleep(left + 0.1)


def assign_until_over(psgctl, user, name):
    """Assigns with an end, and comes back when that is past. The end, as it is printed."""
    end = int(time.time()) + 4
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
    psgctl.ok("assign", user, name, "--until", text)
    time.sleep(max(0, end + 0.1 - time.time()))
    return text
