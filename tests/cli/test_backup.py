"""psgctl backup: what is in it, where it is written, and that every byte of it counts."""

import fcntl
import os
import re
import subprocess
import zipfile

import pexpect
import pytest

from backups import files, fingerprint, mac
from conftest import PSGCTL, REPO
from person import PERSON, enroll, policy, terminal
from soak import soak


@pytest.fixture
def host(psgctl, package, tmp_path):
    policy(psgctl, package)
    psgctl.ok("assign", PERSON, "Billing")
    psgctl.key = tmp_path / "store" / "key"
    return psgctl


def test_what_is_in_it(host, tmp_path):
    made = enroll(host)
    host.ok("activate", "Billing", "--user", PERSON, "--scope", "Host")
    path = tmp_path / "backup"
    document = host.ok("--json", "backup", path).json()
    assert path.stat().st_mode & 0o7777 == 0o600
    assert document["people"] == document["authenticators"] == 1 and not document["withKey"]
    assert document["keyFingerprint"] == fingerprint(host.key)
    assert document["size"] == path.stat().st_size
    held = files(path)
    assert sorted(held) == ["manifest", f"people/{PERSON}", "policy"]
    assert held["policy"] == host.policy_bytes()
    person = held[f"people/{PERSON}"].decode()
    with open(os.path.join(host.store, "people", PERSON, "authenticators", made["id"]), "rb") as file:
        assert f"authenticator {made['id']}\nsealed {file.read().hex()}\n" in person
    assert "spent admin-1\n" in person and "Billing" not in person
    manifest = held["manifest"].decode()
    assert f"host {os.uname().nodename}\n" in manifest and f"key {fingerprint(host.key)}\n" in manifest
    # The seal, by another implementation.
    data = path.read_bytes()
    assert data[-64:].decode() == mac(host.key, "backup", data[:-64])
    # Whoever takes it apart by hand gets private files.
    with zipfile.ZipFile(path) as archive:
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100600}
    logged = host.ok("--json", "log").json()[-1]
    assert logged["event"] == "BackedUp" and str(path) in logged["reason"]


def test_the_key_and_the_log_only_when_asked_for(host, tmp_path):
    enroll(host)
    whole = host.ok("backup", tmp_path / "whole", "--with-key", "--with-log")
    assert "the sealing key is in it" in whole.err
    held = files(tmp_path / "whole")
    assert held["key"] == host.key.read_bytes()
    assert b'"Enrolled"' in held["log"]
    assert "with the sealing key" in host.ok("--json", "log").json()[-1]["reason"]
    plain = host.ok("backup", tmp_path / "plain")
    assert "The sealing key is not in it" in plain.out
    secret = host.key.read_text().split()[2]
    data = (tmp_path / "plain").read_bytes()
    assert secret.encode() not in data and bytes.fromhex(secret) not in data
    assert not {"key", "log"} & set(files(tmp_path / "plain"))


def test_to_standard_output(host, tmp_path):
    enroll(host)
    with open(tmp_path / "out", "wb") as out:
        host.ok("backup", "-", stdout=out)
    assert sorted(files(tmp_path / "out")) == ["manifest", f"people/{PERSON}", "policy"]
    child = terminal(host, "backup", "-")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 2 and "no text for a terminal" in child.before
    assert host("--json", "backup", "-").rc == 2
    with open("/dev/full", "wb") as full:
        result = host("backup", "-", stdout=full)
    assert result.rc == 3 and "there is no backup" in result.err


def test_what_stands_there(host, tmp_path):
    """Only an older backup is replaced, and no link is followed."""
    other, target, link = tmp_path / "other", tmp_path / "target", tmp_path / "link"
    other.write_text("mine\n")
    target.write_text("mine\n")
    link.symlink_to(target)
    for path in (other, link, tmp_path, tmp_path / "none" / "file"):
        assert host("backup", path).rc == 3, path
    assert other.read_text() == target.read_text() == "mine\n" and link.is_symlink()
    host.ok("backup", tmp_path / "backup")
    enroll(host)
    host.ok("backup", tmp_path / "backup")
    assert f"people/{PERSON}" in files(tmp_path / "backup")
    os.symlink(tmp_path / "backup", tmp_path / "to-a-backup")
    assert host("backup", tmp_path / "to-a-backup").rc == 3
    assert sorted(name for name in os.listdir(tmp_path) if name.startswith(".")) == []


def test_a_full_disk_leaves_the_older_one(host, tmp_path):
    (tmp_path / "disk").mkdir()
    setup = (f"mount -t tmpfs -o size=16k none {tmp_path}/disk && cd {tmp_path}/disk && "
             f"{host_command(host)} backup b && cp b {tmp_path}/first && dd if=/dev/zero of=fill bs=1k count=99 2>/dev/null || true; "
             f"{host_command(host)} backup b; echo status $?; cp b {tmp_path}/after; ls -A")
    done = subprocess.run(["unshare", "-m", "sh", "-c", setup], capture_output=True, text=True, check=False,
                          env=host.environment(), stdin=subprocess.DEVNULL)
    assert "status 3" in done.stdout and "disk is full" in done.stderr, done
    assert re.search(r"^b\nfill$", done.stdout, re.M), done.stdout
    assert (tmp_path / "after").read_bytes() == (tmp_path / "first").read_bytes()


def host_command(host):
    return f"{PSGCTL} --store {host.store}"


def test_what_cannot_be_opened_is_left_out_and_said(host, tmp_path):
    made = enroll(host)
    path = os.path.join(host.store, "people", PERSON, "authenticators", made["id"])
    with open(path, "r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    result = host.ok("backup", tmp_path / "backup")
    assert "1 authenticator could not be opened" in result.err
    host.ok("restore", tmp_path / "backup", "--check-only")


def test_a_damaged_policy_is_not_backed_up(host, tmp_path):
    whole = host.policy_bytes()
    at = whole.index(b"Bills") + 1
    with open(os.path.join(host.store, "policy"), "wb") as file:
        file.write(whole[:at] + b"?" + whole[at + 1:])
    assert host("backup", tmp_path / "backup").rc == 4
    assert not (tmp_path / "backup").exists()


def test_every_byte_counts(host, tmp_path):
    """One changed bit anywhere, a cut anywhere, anything added: refused, nothing changed."""
    enroll(host)
    host.ok("backup", tmp_path / "backup")
    whole = (tmp_path / "backup").read_bytes()
    before = sorted((str(path), path.read_bytes()) for path in (tmp_path / "store").rglob("*") if path.is_file())
    bad = tmp_path / "bad"
    bad.touch(0o600)
    step = max(1, len(whole) // soak(40, len(whole)))
    changed = [whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1:]
               for at in [*range(0, len(whole), step), *range(len(whole) - 100, len(whole), 9)]]
    cuts = [whole[:at] for at in (0, 1, 30, len(whole) // 2, len(whole) - 64, len(whole) - 1)]
    for data in [*changed, *cuts, whole + b"\n", b"PK" + whole]:
        bad.write_bytes(data)
        result = host("restore", bad)
        assert result.rc == 3 and "nothing was changed" in result.err, result
    after = sorted((str(path), path.read_bytes()) for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert after == before


def test_while_psgctl_changes_things(host, tmp_path):
    """A writer's lock that is held holds no backup up."""
    enroll(host)
    with open(os.path.join(host.store, "lock"), "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        host.ok("backup", tmp_path / "backup", timeout=30)


def test_the_form_is_documented():
    with open(os.path.join(REPO, "man", "psg.7"), encoding="utf-8") as file:
        text = file.read()
    for word in ("psg-backup 1 key", "manifest", "people/NAME"):
        assert word in text, word
