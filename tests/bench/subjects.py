"""What is measured: each module with its state, as an administrator would set it up.

Everybody has the same secret, so a code is good for all, and each module is asked for a fresh one at every login:
the next person's, then the next step's. What codes leave behind is put away between the rounds, not removed: ext4
searches long for an inode while many were removed in the last minute, which would be the bench's own doing."""

import base64
import concurrent.futures
import glob
import hashlib
import hmac
import os
import shutil
import struct

import stage
from common import HERE, Failed, run

SECRET = bytes(range(11, 31))
BASE32 = base64.b32encode(SECRET).decode()
PERIOD_S = 30
PERM_DENIED = 6
GOOGLE = f'{BASE32}\n" RATE_LIMIT 3 30\n" WINDOW_SIZE 3\n" DISALLOW_REUSE\n" TOTP_AUTH\n'
PACKAGE = {
    "permissionsets/Bench_Set.permissionset-meta.xml":
        "<PermissionSet xmlns='http://soap.sforce.com/2006/04/metadata'><applicationVisibilities><application>bench"
        "</application><visible>true</visible></applicationVisibilities><label>Bench</label></PermissionSet>",
    **{f"permissionsetgroups/Bench_{name}.permissionsetgroup-meta.xml":
       "<PermissionSetGroup xmlns='http://soap.sforce.com/2006/04/metadata'>"
       f"<hasActivationRequired>{required}</hasActivationRequired><label>Bench {name}</label>"
       "<permissionSets>Bench_Set</permissionSets></PermissionSetGroup>"
       for name, required in (("Host", "true"), ("Session", "true"), ("Free", "false"))},
    "activationpolicies/Bench_Host.activationpolicy-meta.xml":
        "<ActivationPolicy xmlns='urn:pam-psg:metadata'><scope>Host</scope></ActivationPolicy>",
}
ROLES = {"host": "Bench_Host", "session": "Bench_Session", "free": "Bench_Free"}


def code(step):
    digest = hmac.new(SECRET, struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"


def person(prefix, number):
    return f"{prefix}{number:03}"


def put_away(path):
    """Out of the module's sight, whatever of it is there."""
    put_away.count += 1
    try:
        os.rename(path, f"{stage.ROOT}/away/{put_away.count}")
    except FileNotFoundError:
        pass


put_away.count = 0


class Subject:
    """One row: a PAM service and who logs in to it."""

    def __init__(self, key, name, service, prefix="p", people=1, **more):
        self.key, self.name, self.service, self.prefix, self.people = key, name, service, prefix, people
        self.phases = more.get("phases", "account")
        self.expect = more.get("expect", 0)
        self.again = more.get("again", False)  # its module forgets all but a person's last code
        self.reset = more.get("reset", lambda: None)
        self.kind = "code" if more.get("coded") else "check"
        self.about = more.get("about", {})  # users, groups, where these are what the row is about


class Oath:
    """pam_oath: one file with everybody in it."""

    def __init__(self, users, persons):
        self.path, self.people = f"{stage.ROOT}/oath-{users}/users.oath", min(users, persons)
        self.lines = "".join(f"HOTP/T30/6 {name} - {SECRET.hex()}\n" for name in
                             [person("p", at) for at in range(self.people)] +
                             [f"user{at:07}" for at in range(users - self.people)])
        self.service = f"oath-{users}"
        stage.service(self.service, f"required pam_oath.so usersfile={self.path} window=5", "required pam_permit.so")
        self.reset()

    def reset(self):
        for name in (self.path, self.path + ".lock", self.path + ".new"):
            put_away(name)
        stage.write(self.path, self.lines, 0o600)


class Google:
    """google-authenticator: a file in each home, with what its own program recommends."""

    def __init__(self, names, first):
        self.names, self.first, self.service = names, first, "google"
        stage.service(self.service, "required pam_google_authenticator.so", "required pam_permit.so")
        for at, name in enumerate(names):
            os.makedirs(f"{stage.ROOT}/home/{name}", exist_ok=True)
            os.chown(f"{stage.ROOT}/home/{name}", first + at, first + at)
        self.reset()

    def reset(self):
        for at, name in enumerate(self.names):
            path = f"{stage.ROOT}/home/{name}/.google_authenticator"
            put_away(path)
            stage.write(path, GOOGLE, 0o400, self.first + at)


class Store:
    """pam_psg: a store with a policy of some size; Store.people is enrolled once and copied."""

    enrolled = None

    def __init__(self, build, users, groups, permissions, persons):
        self.psgctl, self.module = build + "/psgctl", build + "/pam_psg.so"
        self.users, self.groups, self.persons = users, groups, min(persons, users - len(ROLES))
        self.name = f"psg-{users}-{groups}"
        self.path, self.package = f"{stage.ROOT}/{self.name}", f"{stage.ROOT}/packages"
        self.command("init")
        self.generate(permissions)
        self.enroll(persons)
        self.activate()
        self.services()

    def command(self, *arguments, given=None):
        run([self.psgctl, "--store", self.path, *arguments], given)

    def generate(self, permissions):
        sets = max(self.groups // 2, 10)
        run([HERE + "/generate", self.package, "--sets", str(sets), "--permissions", str(permissions), "--groups",
             str(self.groups), "--members", str(min(sets, 20)), "--assignments", str(self.users)])
        for path, text in PACKAGE.items():
            stage.write(f"{self.package}/bench/main/default/{path}", text)
        for name in ("sets", "groups", "bench"):
            self.command("deploy", f"{self.package}/{name}")
        listing = self.package + "/assignments"
        with open(listing, encoding="ascii") as file:
            lines = file.readlines()
        own = [f"{person(role, 0)} {group}\n" for role, group in ROLES.items()]
        own += [f"{person('p', at)} Bench_Session\n" for at in range(self.persons)]
        stage.write(listing, "".join(lines[:self.users - len(own)] + own))
        self.command("assign", "--file", listing)
        put_away(self.package)

    def enroll(self, persons):
        if Store.enrolled:
            shutil.copyfile(Store.enrolled + "/key", self.path + "/key")
            shutil.copytree(Store.enrolled + "/people", self.path + "/people", dirs_exist_ok=True)
            return
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda at: self.command("enroll", person("p", at), "--secret", "-", "--qr", "none",
                                                  "--no-confirm", given=BASE32 + "\n"), range(persons)))
        copy = f"{stage.ROOT}/enrolled"
        os.makedirs(copy)
        shutil.copy(self.path + "/key", copy)
        shutil.copytree(self.path + "/people", copy + "/people")
        Store.enrolled = copy

    def activate(self):
        self.command("activate", "Bench_Host", "--user", person("host", 0), "--scope", "Host")
        self.command("activate", "Bench_Session", "--user", person("session", 0), "--session", stage.leader())

    def services(self):
        line = f"required {self.module} store={self.path} application=bench"
        stage.service(self.name, line, line)
        stage.service(self.name + "-code", line, "required pam_permit.so")

    def reset(self):
        for at in range(self.persons):
            for part in ("spent", "attempts"):
                folder = f"{self.path}/people/{person('p', at)}/{part}"
                for name in os.listdir(folder) if os.path.isdir(folder) else []:
                    put_away(f"{folder}/{name}")

    def check(self, key, name, role, expect=0, about=None):
        return Subject(key, name, self.name, role, expect=expect, about=about or {})

    def verify(self, key, name, about=None, whole=False):
        return Subject(key, name, self.name + ("" if whole else "-code"), "p", self.persons, phases="auth,account",
                       coded=True, reset=self.reset, about=about or {})


def names_of(persons):
    """Everybody who has an account; the persons come first."""
    return [person("p", at) for at in range(persons)] + [person(role, 0) for role in (*ROLES, "stranger")]


def stores(build, size):
    users, groups = size["users"][1], size["groups"][1]  # of the rows that are not about size: it comes first
    wanted = [(users, groups), *((count, groups) for count in size["users"]),
              *((users, count) for count in size["groups"])]
    made = {}
    for users, groups in wanted:
        if (users, groups) not in made:
            print(f"  a store of {users:,} users and {groups:,} groups ...", flush=True)
            made[users, groups] = Store(build, users, groups, size["permissions"], size["persons"])
    return made


def timestamp():
    """pam_timestamp: its check is an auth line; open_session writes what it checks."""
    stage.service("timestamp", "required pam_timestamp.so", "required pam_permit.so")
    stage.service("timestamp-open", "required pam_permit.so", "required pam_permit.so", "required pam_timestamp.so")
    return Subject("timestamp", "pam_timestamp, a live timestamp", "timestamp", phases="auth,account")


def peers(size):
    persons = size["persons"]
    for name in ("pam_oath", "pam_google_authenticator"):
        if not glob.glob(f"/lib/*/security/{name}.so") + glob.glob(f"/lib*/security/{name}.so"):
            raise Failed(f"{name}.so is not installed; tests/deps installs what is missing")
    os.mkdir(stage.ROOT + "/away")
    stage.service("permit", "required pam_permit.so", "required pam_permit.so")
    stage.service("other", "required pam_deny.so", "required pam_deny.so", "required pam_deny.so")
    google = Google([person("p", at) for at in range(persons)], stage.UID_FIRST)
    rows = [Subject("floor", "pam_permit, account: the floor", "permit"),
            Subject("floor-code", "pam_permit, auth and account: the floor", "permit", people=persons,
                    phases="auth,account", coded=True), timestamp()]
    for users in size["oath"]:
        oath = Oath(users, persons)
        rows.append(Subject(f"oath-{users}", f"pam_oath, {users:,} users", oath.service, people=oath.people,
                            phases="auth,account", coded=True, again=True, reset=oath.reset, about={"users": users}))
    rows.append(Subject("google", "google-authenticator", google.service, people=persons, phases="auth,account",
                        coded=True, reset=google.reset))
    return rows


def all_of_them(build, size):
    """Every row, in the order in which they take turns."""
    rows = peers(size)
    made = stores(build, size)
    (users, groups), base = next(iter(made.items()))
    rows += [base.check("host", "pam_psg, live activation, scope Host", "host"),
             base.check("session", "pam_psg, live activation, scope Session", "session"),
             base.check("free", "pam_psg, no activation needed", "free"),
             base.check("stranger", "pam_psg, refused: not assigned", "stranger", PERM_DENIED),
             base.verify("verify", "pam_psg, verify + activate"),
             base.verify("whole", "pam_psg, the same and its account line", whole=True)]
    for (n_users, n_groups), store in made.items():
        if store is base:
            continue
        about = {"users": n_users} if n_groups == groups else {"groups": n_groups}
        text = f"{n_users:,} users" if n_groups == groups else f"{n_groups:,} groups"
        tail = "-".join(f"{name}-{count}" for name, count in about.items())
        rows.append(store.check("host-" + tail, f"pam_psg, scope Host, {text}", "host", about=about))
        rows.append(store.verify("verify-" + tail, f"pam_psg, verify + activate, {text}", about=about))
    return rows, (users, groups)
