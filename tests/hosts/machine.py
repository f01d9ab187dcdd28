"""What the tests do on the private machine (world.py): stacks, metadata, people, what was logged."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import struct
import subprocess
import time

import world

PASSWORD = "correct horse"
# openssl passwd -6 of PASSWORD: made once, so that a new person costs no key derivation.
PASSWORD_HASH = "$6$psgtests$Dj3ioRzg4vZke8WoqgdRHiPXwDF.OVp1WzpvNPGTP/kXgp8nLFoe8eQhyj2MfMmjrRWQXkVLgUKGimal99hEE."
CONF = os.path.join(world.REPO, "conf")
GROUP = "Operators"
SERVICES = ("sshd", "sudo", "sudo-i", "su", "su-l", "login")
SMALLEST_UID = 3000
WINDOW = 10


def totp(secret, step):
    """RFC 6238 with SHA1 and six digits; the demo uses oathtool and so checks this one too."""
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 10**6:06d}"


def wait_until(condition, seconds=30):
    """Polls; the last answer is returned, so that an assert may stand around it."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return condition()
        time.sleep(0.05)
    return True


class Person:
    """A Unix user with a password and, once enrolled, an authenticator in the pocket."""

    PERIOD = 30

    def __init__(self, machine, name, uid):
        self.machine, self.name, self.uid = machine, name, uid
        self.home = f"{world.ROOT}/homes/{name}"
        self.secret, self.spent = None, 0

    def enroll(self):
        self.secret, self.spent = os.urandom(20), 0
        self.machine.psgctl("enroll", self.name, "--replace", "--no-confirm", "--qr", "none",
                            "--secret", "-", stdin=base64.b32encode(self.secret).decode() + "\n")

    def code(self):
        """A right code nobody used yet. The tests' window is WINDOW steps to each side, so several can
        be had at once; each stays right for at least a minute, so no test is a matter of luck."""
        now = int(time.time()) // self.PERIOD
        step = max(now, self.spent + 1)
        assert step <= now + WINDOW - 2, "this test wants more codes than the window holds"
        self.spent = step
        return totp(self.secret, step)

    def wrong_code(self):
        now = int(time.time()) // self.PERIOD
        right = {totp(self.secret, step) for step in range(now - WINDOW - 2, now + WINDOW + 3)}
        return next(f"{n:06d}" for n in range(100000, 999999) if f"{n:06d}" not in right)

    def assign(self, group=GROUP):
        self.machine.psgctl("assign", self.name, group)

    def activate_host(self, group=GROUP):
        """A live Host activation, by the administrator."""
        self.machine.psgctl("activate", group, "--user", self.name, "--scope", "Host")

    def lapse(self, group=GROUP):
        self.machine.psgctl("deactivate", group, "--user", self.name)

    def status(self):
        return self.machine.psgctl_json("status", self.name)

    def attempts(self):
        """How many wrong codes stand against this person."""
        folder = f"/var/lib/psg/people/{self.name}/attempts"
        return len(os.listdir(folder)) if os.path.isdir(folder) else 0

    def key(self):
        """A private key sshd lets this person in by."""
        path = f"{self.home}/.ssh/id"
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
            shutil.copy(path + ".pub", os.path.dirname(path) + "/authorized_keys")
            for name in (self.home, f"{self.home}/.ssh", f"{self.home}/.ssh/authorized_keys"):
                os.chown(name, self.uid, self.uid)
        return path


class Machine:
    """The one private machine; `fresh` before each test."""

    def __init__(self):
        self.people = 0
        self.log_start = 0
        self.files = {name: self.read(name) for name in ("/etc/passwd", "/etc/shadow", "/etc/group")}
        # Debian's own, but for the two seconds pam_unix makes everybody wait whom a later module refuses.
        common = self.read("/etc/pam.d/common-auth")
        self.write("/etc/pam.d/common-auth", common.replace("pam_unix.so nullok", "pam_unix.so nullok nodelay"))
        self.append("/etc/login.defs", "FAIL_DELAY 0\n")

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    @staticmethod
    def write(path, text, mode=0o644):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def fresh(self):
        """No store, no people, Debian's stacks with the shipped ones over them."""
        for path in ("/var/lib/psg", "/etc/psg", "/run/sudo", "/var/lib/sudo", "/etc/sudoers.d"):
            shutil.rmtree(path, ignore_errors=True)
        os.mkdir("/etc/sudoers.d", 0o755)
        for path, text in self.files.items():
            self.write(path, text, 0o640 if path == "/etc/shadow" else 0o644)
        for service in ("sudo", "sudo-i", "su", "login"):
            self.stack(service, service)
        self.stack("su-l", "su")
        self.stack("sshd", "sshd-password")
        self.sudoers("")
        self.log_start = os.path.getsize(world.SYSLOG)
        self.psgctl("init")
        self.deploy()

    # -- the stacks --

    def stack(self, service, shipped):
        """conf/pam.d/SHIPPED, verbatim, as /etc/pam.d/SERVICE."""
        self.write("/etc/pam.d/" + service, self.read(f"{CONF}/pam.d/{shipped}"))

    def stack_text(self, service, text):
        self.write("/etc/pam.d/" + service, text)

    def sudoers(self, text):
        """root and everybody may do everything, and `text`."""
        self.write("/etc/sudoers", "Defaults !lecture, passwd_tries=1, secure_path=\"/usr/sbin:/usr/bin\"\n"
                   "root ALL=(ALL:ALL) ALL\nALL ALL=(ALL:ALL) ALL\n" + text +
                   "\n@includedir /etc/sudoers.d\n", 0o440)

    # -- psgctl --

    def psgctl(self, *arguments, stdin="", status=0):
        """Runs it; `status` None: any will do."""
        done = subprocess.run(["psgctl", *arguments], input=stdin, capture_output=True, text=True,
                              check=False, timeout=60)
        if status is not None:
            assert done.returncode == status, f"psgctl {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def psgctl_json(self, *arguments, status=0):
        return json.loads(self.psgctl("--json", *arguments, status=status).stdout)

    def deploy(self, *services, **more):
        self.psgctl("deploy", self.package(*services, **more))

    def package(self, services=SERVICES, required=True, lifetime="PT8H", attempts=5, **policy):
        """Its directory: a group GROUP of one set that opens `services`, and its ActivationPolicy."""
        package = f"{world.ROOT}/tmp/package"
        shutil.rmtree(package, ignore_errors=True)
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        salesforce = "http://soap.sforce.com/2006/04/metadata"
        opened = "".join(f"<applicationVisibilities><application>{name}</application><visible>true</visible>"
                         "</applicationVisibilities>" for name in services)
        parts = {
            f"permissionsets/{GROUP}_PS.permissionset":
                f'<PermissionSet xmlns="{salesforce}">{opened}<label>{GROUP}</label></PermissionSet>',
            f"permissionsetgroups/{GROUP}.permissionsetgroup":
                f'<PermissionSetGroup xmlns="{salesforce}"><hasActivationRequired>{str(required).lower()}'
                f"</hasActivationRequired><label>{GROUP}</label><permissionSets>{GROUP}_PS</permissionSets>"
                "</PermissionSetGroup>",
            f"activationpolicies/{GROUP}.activationpolicy":
                '<ActivationPolicy xmlns="urn:pam-psg:metadata">' +
                "".join(f"<{name}>{value}</{name}>" for name, value in
                        sorted({"lifetime": lifetime, **policy}.items())) + "</ActivationPolicy>",
            "settings/Gate.settings":
                f'<GateSettings xmlns="urn:pam-psg:metadata"><throttle><attempts>{attempts}</attempts></throttle>'
                f"<window>{WINDOW}</window></GateSettings>",
            "package.xml":
                f'<Package xmlns="{salesforce}">' + "".join(
                    f"<types><members>{name}</members><name>{kind}</name></types>" for kind, name in
                    (("PermissionSet", GROUP + "_PS"), ("PermissionSetGroup", GROUP),
                     ("ActivationPolicy", GROUP), ("Settings", "Gate"))) + "<version>63.0</version></Package>"}
        for path, text in parts.items():
            os.makedirs(os.path.dirname(f"{package}/{path}"), exist_ok=True)
            self.write(f"{package}/{path}", head + text + "\n")
        return package

    def delete_by_force(self, kind, name):
        """A package that only deletes, whoever is still in it or has it."""
        package = f"{world.ROOT}/tmp/deletion"
        os.makedirs(package, exist_ok=True)
        manifest = '<Package xmlns="http://soap.sforce.com/2006/04/metadata">%s</Package>\n'
        self.write(f"{package}/package.xml", manifest % "<version>63.0</version>")
        self.write(f"{package}/destructiveChanges.xml",
                   manifest % f"<types><members>{name}</members><name>{kind}</name></types>")
        self.psgctl("deploy", "--force", package)

    # -- people --

    def person(self, name=None, assigned=True, enrolled=True, expired=False):
        """A new user; `expired`: whose password must be changed at once."""
        self.people += 1
        uid = SMALLEST_UID + self.people
        name = name or f"person{self.people}"
        person = Person(self, name, uid)
        last_change = 0 if expired else 19000
        self.append("/etc/passwd", f"{name}:x:{uid}:{uid}:{name}:{person.home}:/bin/bash\n")
        self.append("/etc/group", f"{name}:x:{uid}:\n")
        self.append("/etc/shadow", f"{name}:{PASSWORD_HASH}:{last_change}:0:99999:7:::\n")
        os.makedirs(person.home, mode=0o755, exist_ok=True)
        self.write(person.home + "/.bashrc", "")
        self.write(person.home + "/.hushlogin", "")
        os.chown(person.home, uid, uid)
        if assigned:
            person.assign()
        if enrolled:
            person.enroll()
        return person

    @staticmethod
    def append(path, line):
        with open(path, "a", encoding="utf-8") as file:
            file.write(line)

    def root_password(self):
        """Gives root PASSWORD."""
        lines = self.read("/etc/shadow").splitlines(True)
        self.write("/etc/shadow", "".join(f"root:{PASSWORD_HASH}:19000:0:99999:7:::\n" if
                   line.startswith("root:") else line for line in lines), 0o640)

    # -- what it said --

    def syslog(self):
        """This test's lines; PID 1 writes them within moments."""
        time.sleep(0.1)
        with open(world.SYSLOG, "rb") as file:
            file.seek(self.log_start)
            return file.read().decode("utf-8", "replace")

    def explain(self, person, service, *more):
        done = self.psgctl("--json", "explain", person.name, service, *more, status=None)
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)
