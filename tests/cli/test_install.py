"""psgctl policy export and install: the policy carried from one host to another as the one file that it is."""

import json
import os
import subprocess

import pytest

from conftest import Psgctl
from person import PERSON, enroll, policy


def siphash(key, data):
    """SipHash-2-4, what a record's checksum is."""
    mask = (1 << 64) - 1
    k0, k1 = (int.from_bytes(key[i:i + 8], "little") for i in (0, 8))
    v = [k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573]

    def turn(value, bits):
        return (value << bits | value >> (64 - bits)) & mask

    def rounds(count):
        for _ in range(count):
            for a, b, c, d, left, right in ((0, 1, 2, 3, 13, 16), (2, 1, 0, 3, 17, 21)):
                v[a], v[c] = v[a] + v[b] & mask, v[c] + v[d] & mask
                v[b], v[d] = turn(v[b], left) ^ v[a], turn(v[d], right) ^ v[c]
                v[a] = turn(v[a], 32)
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 255])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at:at + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 255
    rounds(4)
    return (v[0] ^ v[1] ^ v[2] ^ v[3]).to_bytes(8, "little")


def resealed(policy_file, key, change):
    """The same policy with the value of one record changed, and the right checksum for it."""
    key = key.encode()
    at = policy_file.index(len(key).to_bytes(4, "little"), 2048)
    while policy_file[at + 8:at + 8 + len(key)] != key:
        at = policy_file.index(len(key).to_bytes(4, "little"), at + 1)
    value_len = int.from_bytes(policy_file[at + 4:at + 8], "little")
    begin = at + 8 + len(key)
    value = change(policy_file[begin:begin + value_len - 8])
    check = siphash(b"psg policy check", len(key).to_bytes(4, "little") + key + value)
    return policy_file[:begin] + value + check + policy_file[begin + value_len:]


def of_version(policy_file, version):
    """The same policy as another version of psgctl would begin it."""
    return resealed(policy_file, "format", lambda value: value[:8] + version.to_bytes(4, "little") + value[12:])


@pytest.fixture
def here(psgctl, package):
    """A host with a policy."""
    policy(psgctl, package)
    psgctl.ok("assign", PERSON, "Billing")
    psgctl.ok("assign", "%staff", "Everyone")
    return psgctl


@pytest.fixture
def there(tmp_path):
    """Another host, new."""
    host = Psgctl(tmp_path / "there")
    host.init()
    return host


@pytest.fixture
def exported(here, tmp_path):
    path = tmp_path / "exported"
    here.ok("policy", "export", path)
    return path


def documents(psgctl, tmp_path, name):
    """All that was deployed, byte by byte."""
    out = tmp_path / name
    psgctl.ok("retrieve", "--all", "--output", out)
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def generation(psgctl):
    """How often a policy was written: what it begins with."""
    whole = psgctl.policy_bytes()
    at = whole.index(b"psg-cdb\n") + 12
    return int.from_bytes(whole[at:at + 8], "little")


def test_the_generation_rises(here, there, exported):
    """By it psgctl tells whether its own policy is in force."""
    for name in range(3):
        here.ok("assign", f"%other{name}", "Everyone")
    before = generation(here)
    here.ok("policy", "install", exported)
    assert generation(here) == before + 1
    before = generation(here)
    there.ok("policy", "install", exported)
    assert generation(there) > 1
    there.ok("policy", "export", exported)
    here.ok("policy", "install", exported)
    assert generation(here) == before + 1


def test_carried_whole(here, there, exported, tmp_path):
    assert exported.stat().st_mode & 0o7777 == 0o600
    result = there.ok("policy", "install", exported)
    assert "Assignments: 2 more, 0 fewer" in result.out
    assert there.policy() == here.policy()
    assert documents(there, tmp_path, "a") == documents(here, tmp_path, "b")
    logged = there.ok("--json", "log").json()
    assert [event["event"] for event in logged][-1] == "Deployed"
    assert "policy installed" in logged[-1]["reason"]


def test_by_pipe(here, there):
    with here.popen("policy", "export", "-", stdout=subprocess.PIPE) as export:
        there.ok("policy", "install", "-", stdin=export.stdout)
    assert export.returncode == 0
    assert there.policy() == here.policy()


def test_check_only_writes_nothing(there, exported):
    before, names = there.policy_bytes(), sorted(os.listdir(there.store))
    result = there.ok("policy", "install", exported, "--check-only")
    assert there.policy_bytes() == before and sorted(os.listdir(there.store)) == names
    assert PERSON in result.out and "gains" in result.out and "Nothing was written" in result.out
    document = there.ok("--json", "policy", "install", exported, "--check-only").json()
    assert document["checkOnly"] and document["gained"] == 2 and document["lost"] == 0
    changes = {(change["userName"], change["application"]) for change in document["changes"]}
    assert changes == {(PERSON, "billing"), ("%staff", "sshd")}


def test_who_needs_no_activation_any_more_is_named(here, exported, package):
    looser = package("looser").group("Billing", ["Bills"], requires=False)
    here.deploy(looser)
    open_door = exported.with_name("open")
    here.ok("policy", "export", open_door)
    here.ok("policy", "install", exported)
    result = here.ok("policy", "install", open_door)
    assert f"{PERSON} needed an activation for billing and no longer does" in result.err


def test_damage(there, exported):
    """Whatever byte is another one: all of it comes in force, or nothing changes and the exit status is 3."""
    there.ok("policy", "install", exported)
    whole, sound = exported.read_bytes(), there.policy()
    bad = exported.with_name("bad")
    refused = 0
    for at in [*range(0, len(whole), len(whole) // 30), 2048, len(whole) - 1]:
        bad.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1:])
        before = there.policy_bytes()
        result = there("policy", "install", bad)
        assert result.rc in (0, 3), result
        if result.rc == 3:
            assert there.policy_bytes() == before
            assert "nothing was changed" in result.err
            refused += 1
        assert there.policy() == sound
    assert refused > 10
    for cut in (0, 7, 2047, len(whole) // 2, len(whole) - 1):
        bad.write_bytes(whole[:cut])
        assert there("policy", "install", bad).rc in (0, 3)
        assert there.policy() == sound
    assert [name for name in os.listdir(there.store) if name.startswith(".")] == []


def test_another_version(there, exported):
    whole, before = exported.read_bytes(), there.policy_bytes()
    assert of_version(whole, 4) == whole
    for version, word in ((5, "upgrade psgctl"), (2, "export it again")):
        exported.write_bytes(of_version(whole, version))
        result = there("policy", "install", exported)
        assert result.rc == 3 and word in result.err, result
        assert there.policy_bytes() == before


def test_sound_to_the_last_value(there, exported):
    """Right checksums, and a value that no writer makes: a login would find it out when it is too late."""
    whole, before = exported.read_bytes(), there.policy_bytes()
    for key in ("settings", "group/Billing", "set/Bills", "policy/Billing", f"assigned/{PERSON}"):
        exported.write_bytes(resealed(whole, key, lambda value: b"\xff" * len(value)))
        result = there("policy", "install", exported)
        assert result.rc == 3 and "damaged" in result.err, (key, result)
        assert there.policy_bytes() == before


def test_odd_files(there, exported, tmp_path):
    before = there.policy_bytes()
    link = tmp_path / "link"
    link.symlink_to(exported)
    os.mkfifo(tmp_path / "fifo")
    writable, foreign = tmp_path / "writable", tmp_path / "foreign"
    for path in (writable, foreign):
        path.write_bytes(exported.read_bytes())
    writable.chmod(0o662)
    os.chown(foreign, 1, 1)
    for path in (link, tmp_path / "fifo", tmp_path, writable, foreign):
        result = there("policy", "install", path)
        assert result.rc == 3 and "chmod go-w" in result.err, result
    assert there("policy", "install", tmp_path / "none").rc == 3
    assert there.policy_bytes() == before


def test_what_stands_there(here, tmp_path):
    other, target = tmp_path / "other", tmp_path / "target"
    other.write_text("mine\n")
    target.write_text("mine\n")
    link = tmp_path / "link"
    link.symlink_to(target)
    for path in (other, link, tmp_path):
        result = here("policy", "export", path)
        assert result.rc == 3 and "name another" in result.err, result
    assert other.read_text() == target.read_text() == "mine\n" and link.is_symlink()
    # An older export is replaced.
    here.ok("policy", "export", tmp_path / "policy")
    here.ok("unassign", "%staff", "Everyone")
    here.ok("policy", "export", tmp_path / "policy")
    assert (tmp_path / "policy").read_bytes() == here.policy_bytes()
    with open("/dev/full", "wb") as full:
        assert here("policy", "export", "-", stdout=full).rc == 3


def test_a_damaged_policy_is_not_exported(here, tmp_path):
    path = os.path.join(here.store, "policy")
    whole = here.policy_bytes()
    at = whole.index(b"Bills") + 2
    with open(path, "wb") as file:
        file.write(whole[:at] + b"?" + whole[at + 1:])
    assert here("policy", "export", tmp_path / "out").rc == 4
    assert not (tmp_path / "out").exists()


def test_installed_over_a_damaged_one(there, exported):
    """What an administrator needs it for on the worst day."""
    with open(os.path.join(there.store, "policy"), "wb") as file:
        file.write(b"damaged")
    there.ok("policy", "install", exported)
    assert there.ok("assignments", "--json").json()


def live(psgctl):
    return psgctl.ok("--json", "status", PERSON).json()


def test_what_it_takes_away_is_ended(here, there, exported):
    enroll(here)
    here.ok("activate", "Billing", "--user", PERSON, "--scope", "Host")
    assert live(here)
    there.ok("policy", "export", exported.with_name("empty"))
    here.ok("policy", "install", exported.with_name("empty"))
    here.ok("policy", "install", exported)
    assert live(here) == []


def test_what_was_left_is_ended(here, exported):
    """An unassign that was killed when the policy was another and nothing had ended yet."""
    enroll(here)
    here.ok("activate", "Billing", "--user", PERSON, "--scope", "Host")
    active = here.policy_bytes()
    there = exported.with_name("less")
    spent = os.path.join(here.store, "people", PERSON, "spent")
    names = set(os.listdir(spent))
    here.ok("unassign", PERSON, "Billing")
    there.write_bytes(here.policy_bytes())
    for name in set(os.listdir(spent)) - names:  # it did not come to that
        os.remove(os.path.join(spent, name))
    exported.write_bytes(active)
    here.ok("policy", "install", exported)
    assert live(here) == []


def test_what_cannot_be_told_is_ended(here, exported):
    """With the policy before unreadable, nobody knows what was served and what was left."""
    enroll(here)
    here.ok("activate", "Billing", "--user", PERSON, "--scope", "Host")
    with open(os.path.join(here.store, "policy"), "wb") as file:
        file.write(b"damaged")
    here.ok("policy", "install", exported)
    assert live(here) == []


def test_usage(here, tmp_path):
    for words in (["policy"], ["policy", "install"], ["policy", "remove", "x"],
                  ["policy", "export", tmp_path / "x", "--check-only"]):
        assert here(*words).rc == 2, words
    assert not (tmp_path / "x").exists()
    assert json.loads(here.ok("--json", "groups").out)
