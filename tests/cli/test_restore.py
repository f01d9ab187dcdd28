"""psgctl restore: nothing spent, ended or lapsed comes to life; nothing hostile is taken."""

import os
import shutil
import stat
import subprocess
import time

import pytest

from backups import claim_size, files, fingerprint, pack, seal
from conftest import PSGCTL, Psgctl
from person import PERSON, SECRET, code, enroll, policy


@pytest.fixture
def host(psgctl, package, tmp_path):
    """PERSON may use Billing and has an authenticator; and a backup of that."""
    policy(psgctl, package)
    psgctl.ok("assign", PERSON, "Billing")
    psgctl.id = enroll(psgctl)["id"]
    psgctl.key = tmp_path / "store" / "key"
    psgctl.backup = tmp_path / "backup"
    psgctl.ok("backup", psgctl.backup)
    return psgctl


@pytest.fixture
def fresh(tmp_path):
    """Another host, where nothing is yet."""
    return Psgctl(tmp_path / "fresh")


def listed(psgctl):
    """Every file of the store that decides something, and its content."""
    found = {}
    for folder, _, names in os.walk(psgctl.store):
        for name in names:
            path = os.path.join(folder, name)
            if name not in ("log", "lock"):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, psgctl.store)] = file.read()
    return found


def live(psgctl):
    return psgctl.ok("--json", "status", PERSON).json()


def activate_by_code(psgctl, steps=0):
    """As the person, with the code of a step near now."""
    return psgctl("activate", "Billing", input=code(SECRET, steps) + "\n",
                  env={"SUDO_UID": "1", "SUDO_USER": PERSON})


def test_put_back_as_it_was(host):
    before = host.policy()
    host.ok("unenroll", PERSON)
    host.ok("unassign", PERSON, "Billing")
    result = host.ok("restore", host.backup)
    assert host.policy() == before
    assert [a["id"] for a in host.ok("--json", "authenticators", PERSON).json()] == [host.id]
    assert "Everybody's next code works from" in result.out
    logged = [event for event in host.ok("--json", "log").json() if event["event"] == "Restored"]
    assert len(logged) == 1 and os.uname().nodename in logged[0]["reason"]
    document = host.ok("--json", "restore", host.backup).json()
    assert document["written"] == document["removed"] == document["gained"] == document["lost"] == 0
    assert document["people"] == document["authenticators"] == 1


def test_check_only_writes_nothing(host):
    host.ok("unenroll", PERSON)
    host.ok("unassign", PERSON, "Billing")
    before = listed(host)
    result = host.ok("restore", host.backup, "--check-only")
    assert listed(host) == before
    assert "Authenticators: 1 to write" in result.out and "gains" in result.out
    assert "Nothing was written" in result.out


def test_a_code_used_after_the_backup_stays_used(host):
    """Also when the host has lost all that it knew."""
    used = activate_by_code(host)
    assert used.rc == 0, used
    for folder in ("spent", "attempts"):
        shutil.rmtree(os.path.join(host.store, "people", PERSON, folder))
    host.ok("restore", host.backup)
    assert live(host) == []
    for steps in (-1, 0, 1):
        host.ok("unlock", PERSON)
        again = activate_by_code(host, steps)
        assert again.rc == 1 and "used" in again.err, again
    assert live(host) == []


def test_an_activation_does_not_come_back(host):
    host.ok("activate", "Billing", "--user", PERSON, "--scope", "Host")
    host.ok("backup", host.backup)
    host.ok("deactivate", "--all", "--user", PERSON)
    host.ok("restore", host.backup)
    assert live(host) == []
    shutil.rmtree(os.path.join(host.store, "people"))
    host.ok("restore", host.backup)
    assert live(host) == []
    # What is live on this host is this host's to know.
    host.ok("activate", "Billing", "--user", PERSON, "--scope", "Host")
    host.ok("restore", host.backup)
    assert len(live(host)) == 1


def test_what_it_does_not_have_is_ended(host):
    """An authenticator that came after the backup goes, and what it opened ends."""
    spent = os.path.join(host.store, "people", PERSON, "spent")
    host.ok("unenroll", PERSON)
    enroll(host)
    assert activate_by_code(host).rc == 0
    assert len(live(host)) == 1
    result = host.ok("--json", "restore", host.backup).json()
    assert result["removed"] == result["written"] == result["ended"] == 1
    assert live(host) == []
    assert any(name.endswith(".ended") for name in os.listdir(spent))


def test_who_is_not_in_it(host):
    enroll(host, "bin")
    host.ok("restore", host.backup)
    assert host.ok("--json", "authenticators", "bin").json()
    assert "1 removed" in host.ok("restore", host.backup, "--exact", "--check-only").out
    assert host.ok("--json", "authenticators", "bin").json()
    host.ok("restore", host.backup, "--exact")
    assert host.ok("--json", "authenticators", "bin").json() == []
    assert host.ok("--json", "authenticators", PERSON).json()


def test_a_host_that_lost_its_policy(host):
    """What was active cannot be told from what was left: it ends."""
    host.ok("activate", "Billing", "--user", PERSON, "--scope", "Host")
    os.remove(os.path.join(host.store, "policy"))
    host.ok("restore", host.backup)
    assert live(host) == []
    assert host.ok("--json", "assignments").json()


# -- keys --

def test_another_key(host, fresh):
    fresh.init()
    before = listed(fresh)
    result = fresh("restore", host.backup)
    assert result.rc == 3 and fingerprint(host.key) in result.err, result
    host.ok("backup", host.backup, "--with-key")
    result = fresh("restore", host.backup)
    assert result.rc == 3 and "another key sealed it" in result.err
    assert listed(fresh) == before


def test_no_key(host, fresh):
    result = fresh("restore", host.backup)
    assert result.rc == 3 and "put the key with the fingerprint" in result.err, result
    assert not os.path.exists(fresh.store)
    os.mkdir(fresh.store, 0o700)
    shutil.copy(host.key, os.path.join(fresh.store, "key"))
    fresh.ok("restore", host.backup)
    assert fresh.policy() == host.policy()


def test_a_new_host_from_a_backup_alone(host, fresh):
    host.ok("backup", host.backup, "--with-key", "--with-log")
    result = fresh.ok("restore", host.backup, "--check-only")
    assert not os.path.exists(fresh.store) and "key would come from the backup" in result.out
    fresh.ok("restore", host.backup)
    assert fresh.policy() == host.policy()
    path = os.path.join(fresh.store, "key")
    with open(path, "rb") as key:
        assert key.read() == host.key.read_bytes()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    events = [event["event"] for event in fresh.ok("--json", "log").json()]
    assert "Enrolled" in events and events[-1] == "Restored"
    assert activate_by_code(fresh).rc == 1
    assert live(fresh) == []


def test_the_log_of_a_host_that_has_one_is_left(host):
    host.ok("backup", host.backup, "--with-log")
    before = len(host.ok("--json", "log").json())
    result = host.ok("restore", host.backup)
    assert "unzip -p" in result.err
    assert len(host.ok("--json", "log").json()) == before + 1


# -- circumstances --

def manifest_with(psgctl, **changes):
    """The backup with other words in its manifest, sealed as it must be."""
    held = files(psgctl.backup)
    lines = [f"{key} {changes[key]}" if (key := line.split()[0]) in changes else line
             for line in held["manifest"].decode().splitlines()]
    held["manifest"] = ("\n".join(lines) + "\n").encode()
    psgctl.backup.write_bytes(pack(psgctl.key, held.items()))


def test_another_host(host):
    manifest_with(host, host="elsewhere")
    result = host("restore", host.backup)
    assert result.rc == 3 and "elsewhere" in result.err and "--force" in result.err
    host.ok("restore", host.backup, "--force")


def test_a_clock_before_the_backup(host):
    manifest_with(host, created=int(time.time()) + 3600)
    before = listed(host)
    result = host("restore", host.backup, "--force")
    assert result.rc == 3 and "set the clock" in result.err, result
    assert listed(host) == before


def test_odd_files(host, tmp_path):
    link, readable, foreign = tmp_path / "link", tmp_path / "readable", tmp_path / "foreign"
    link.symlink_to(host.backup)
    for path in (readable, foreign):
        shutil.copy(host.backup, path)
    readable.chmod(0o640)
    os.chown(foreign, 1, 1)
    os.mkfifo(tmp_path / "fifo")
    for path in (link, readable, foreign, tmp_path / "fifo", tmp_path):
        result = host("restore", path)
        assert result.rc == 3 and "chmod 600" in result.err, result
    assert host("restore", tmp_path / "none").rc == 3
    shutil.copy("/etc/passwd", readable)
    readable.chmod(0o600)
    assert "no backup of psgctl" in host("restore", readable).err


# -- sealed as it must be, and hostile all the same --

def refused(host, entries, **more):
    host.backup.write_bytes(entries if isinstance(entries, bytes) else pack(host.key, entries, **more))
    before = listed(host)
    result = host("restore", host.backup)
    assert result.rc == 3 and "nothing was changed" in result.err, result
    assert listed(host) == before
    return result


def test_hostile_archives(host, tmp_path):
    held = files(host.backup)
    rest, person = list(held.items()), held[f"people/{PERSON}"]
    for name in ("../evil", "/etc/evil", "people/../../evil", "people/..", "people/.x", "people/", "people/a/b",
                 "etc/evil", "people/%2E%2E%2Fx", "people/%zz", "log/x", "log.", "log.x", "Policy"):
        refused(host, [*rest, (name, person)])
        refused(host, [*rest, (name, b"")])
    with pytest.warns(UserWarning, match="Duplicate"):
        refused(host, [*rest, ("policy", held["policy"])])
    for mode in (stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o700, stat.S_IFIFO | 0o600, stat.S_IFCHR | 0o600):
        refused(host, rest, mode=mode)
    # A bomb: what is unpacked is what was said, and what is said is bounded.
    refused(host, [item for item in rest if not item[0].startswith("people")] +
            [(f"people/{PERSON}", b"0" * (17 << 20))])
    refused(host, [*rest, ("key", b"0" * 4096)])
    for size in (0, 1, len(held["policy"]) - 1, len(held["policy"]) + 1, 0xfffffffe):
        refused(host, seal(host.key, claim_size(pack(host.key, rest), "policy", size)))
    # What must be there.
    for missing in held:
        refused(host, [item for item in rest if item[0] != missing])
    refused(host, [item if item[0] != "policy" else ("policy", item[1][:3000]) for item in rest])
    refused(host, [item if item[0] != "manifest" else ("manifest", item[1] + b"\0") for item in rest])
    assert "upgrade" in refused(host, rest, version=2).err
    assert not (tmp_path / "evil").exists() and not os.path.exists("/etc/evil")


def test_hostile_people(host):
    held = files(host.backup)
    name = f"people/{PERSON}"
    text = held[name].decode()
    sealed = text.split("sealed ")[1].split("\n")[0]

    def with_text(changed, entry=name):
        return [(key, value) for key, value in held.items() if key != name] + [(entry, changed.encode())]
    for changed in (text + "spent ../../../etc/evil\n", text + "spent x.ended\n", text + "ended .x\n",
                    text.replace(f"name {PERSON}", "name bin"), text.replace(f"name {PERSON}", "name ../x"),
                    text.replace(host.id, "../../../../x"), text.replace(host.id, "0" * 16),
                    text.replace(sealed, sealed[:-2]), text.replace(sealed, sealed[:-2] + "zz"),
                    text.replace(sealed, "00" * 2000), text.replace("psg-person 1", "psg-person 2"),
                    text + "attempts ../x\ncount 3\n", text + "more\n", text[:-1], ""):
        refused(host, with_text(changed))
    # Another's authenticator in this person's name, and the same under another's.
    refused(host, with_text(text.replace(f"name {PERSON}", "name bin"), "people/bin"))
    # Names of a kind that is yet to come stay spent.
    host.backup.write_bytes(pack(host.key, with_text(text + "spent recovery-0123456789abcdef-4\n")))
    host.ok("restore", host.backup)
    path = os.path.join(host.store, "people", PERSON, "spent", "recovery-0123456789abcdef-4")
    assert os.path.getsize(path) == 0


def test_recovery_codes_are_not_restored(host):
    held = files(host.backup)
    name = f"people/{PERSON}"
    held[name] += b"left recovery\n"
    host.backup.write_bytes(pack(host.key, held.items()))
    result = host.ok("restore", host.backup)
    assert "recovery codes are not restored" in result.err and PERSON in result.err
    with open(os.path.join(host.store, "people", PERSON, "recovery"), "wb"):
        pass
    assert "recovery codes" not in host.ok("restore", host.backup).err


# -- full disks --

def test_a_full_disk(host, fresh, tmp_path):
    """Wherever the room ends: refused with the remedy, and with room again the same command completes it."""
    host.ok("backup", host.backup, "--with-key")
    os.mkdir(fresh.store, 0o700)
    script = f"""
        mount -t tmpfs -o size=256k,nr_inodes=40,mode=0700 none {fresh.store} || exit 9
        cd /
        for left in 0 1 2 3 5 8; do
            rm -rf {fresh.store}/*
            mkdir {fresh.store}/fill
            n=0
            while [ $n -lt $((38 - left)) ]; do : >{fresh.store}/fill/$n 2>/dev/null; n=$((n + 1)); done
            {PSGCTL} restore {host.backup} >{tmp_path}/said 2>&1
            echo "first $?"
            rm -rf {fresh.store}/fill
            {PSGCTL} restore {host.backup} >/dev/null 2>&1
            echo "second $?"
            {PSGCTL} --json authenticators | grep -c '"id"'
        done"""
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False,
                          env=fresh.environment(), stdin=subprocess.DEVNULL)
    words = done.stdout.split("\n")
    assert words.count("second 0") == 6 and words.count("1") == 6, done
    assert words.count("first 4") >= 4, done
