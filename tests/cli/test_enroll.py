"""enroll, unenroll, authenticators, verify, unlock."""

import os
import re
import stat
import subprocess
import time
import urllib.parse

import pytest

from person import (PERSON, SECRET, ansi_rows, as_person, code, ended, enroll, events, hear_interrupts, policy,
                    store_text, svg_rows, terminal, utf8_rows, wait_for_fresh_step, wrong_code, zbar)

LENGTHS = {"SHA1": 32, "SHA256": 52, "SHA512": 103}  # of 20, 32, 64 bytes in base32


@pytest.fixture
def store(psgctl):
    psgctl.init()
    return psgctl


def authenticators(psgctl, *user):
    return psgctl.ok("--json", "authenticators", *user).json()


# -- what enroll makes --

@pytest.mark.parametrize("algorithm", LENGTHS)
@pytest.mark.parametrize("digits, period", [(6, 30), (7, 60), (8, 5)])
def test_fresh_secret(store, algorithm, digits, period):
    made = store.ok("--json", "enroll", PERSON, "--algorithm", algorithm, "--digits", digits,
                    "--period", period).json()
    assert set(made) == {"id", "userName", "secret", "uri", "algorithm", "digits", "period",
                         "label", "createdDate"}
    assert (made["userName"], made["algorithm"], made["digits"], made["period"]) == \
        (PERSON, algorithm, digits, period)
    assert re.fullmatch(f"[A-Z2-7]{{{LENGTHS[algorithm]}}}", made["secret"])
    assert re.fullmatch("[0-9a-f]{16}", made["id"])
    while time.time() % period > period - 1.5:
        time.sleep(0.2)
    right = code(made["secret"], 0, algorithm, digits, period)
    assert store("verify", PERSON, input=right).rc == 0


def test_two_secrets_differ(store):
    first = store.ok("--json", "enroll", "alice").json()
    second = store.ok("--json", "enroll", "bob").json()
    assert first["secret"] != second["secret"] and first["id"] != second["id"]


def test_uri(store):
    made = enroll(store)
    uri = urllib.parse.urlsplit(made["uri"])
    host = os.uname().nodename
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert urllib.parse.unquote(uri.path) == f"/{host}:{PERSON}"
    assert urllib.parse.parse_qs(uri.query) == {
        "secret": [SECRET], "issuer": [host], "algorithm": ["SHA1"], "digits": ["6"],
        "period": ["30"]}


def test_issuer_is_encoded(psgctl, package):
    psgctl.init()
    psgctl.deploy(package().gate(issuer="Acme &amp; Söhne, 50% + more"))
    made = psgctl.ok("--json", "enroll", "a b@c").json()
    assert " " not in made["uri"] and "+" not in made["uri"]
    assert made["uri"].startswith(
        "otpauth://totp/Acme%20%26%20S%C3%B6hne%2C%2050%25%20%2B%20more:a%20b%40c?secret=")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(made["uri"]).query)
    assert query["issuer"] == ["Acme & Söhne, 50% + more"]


def test_for_people(store):
    result = store.ok("enroll", PERSON, "--label", "phone", "--secret", "-", input=SECRET)
    assert "GEZD GNBV" in result.out and "otpauth://totp/" in result.out
    assert "\u2588" not in result.out  # no picture unless on a terminal
    assert SECRET not in result.err
    assert store.ok("--quiet", "enroll", "other").err.count("enrolled") == 0


def test_uncommon_parameters_warn(store):
    assert "ignore" not in store.ok("enroll", "daemon").err
    for args in (["--algorithm", "SHA256"], ["--digits", "8"], ["--period", "60"]):
        assert "apps ignore" in store.ok("enroll", "daemon", "--add", *args).err


def test_unknown_account_warns(store):
    result = store.ok("enroll", "nobody-at-all")
    assert "no account nobody-at-all" in result.err
    assert "account" not in store.ok("enroll", PERSON).err


# -- secrets from outside --

@pytest.mark.parametrize("form", ["stdin", "file", "literal", "equals"])
def test_given_secret(store, tmp_path, form):
    secret = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq"
    path = tmp_path / "secret"
    path.write_text(secret + "\n")
    path.chmod(0o600)
    args = {"stdin": ["--secret", "-"], "file": ["--secret-file", path],
            "literal": ["--secret", secret], "equals": [f"--secret={secret}"]}[form]
    result = store.ok("--json", "enroll", PERSON, *args,
                      input=secret + "\n" if form == "stdin" else None)
    assert result.json()["secret"] == SECRET
    assert ("others on this host can read" in result.err) == (form in ("literal", "equals"))


def test_literal_secret_is_blanked(store):
    """While psgctl waits for the confirming code its arguments no longer show the secret."""
    child = terminal(store, "enroll", PERSON, "--secret", SECRET, "--qr", "none")
    child.expect("Code the authenticator")
    with open(f"/proc/{child.pid}/cmdline", "rb") as file:
        assert SECRET.encode() not in file.read()
    child.sendeof()
    assert ended(child)[0] == 1


def test_secret_file_that_others_read_warns(store, tmp_path):
    path = tmp_path / "secret"
    path.write_text(SECRET)
    path.chmod(0o644)
    assert "others may read" in store.ok("enroll", PERSON, "--secret-file", path).err


@pytest.mark.parametrize("length, rc", [(0, 3), (15, 3), (16, 0), (128, 0), (129, 3), (200, 3)])
def test_secret_sizes(store, length, rc):
    import base64
    text = base64.b32encode(bytes(range(length))).decode()
    result = store("--json", "enroll", PERSON, "--secret", "-", input=text + "\n")
    assert result.rc == rc, result
    assert len(authenticators(store)) == (rc == 0)


@pytest.mark.parametrize("bad", ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", "GEZDGNBVGY3TQOJQ!EZDGNBV",
                                 "A" * 600, "ÄÖÜ"])
def test_bad_secret_is_not_repeated(store, tmp_path, bad):
    path = tmp_path / "secret"
    path.write_text(bad)
    for args in (["--secret", "-"], ["--secret-file", path], ["--secret", bad]):
        result = store("enroll", PERSON, *args, input=bad)
        assert result.rc == 3, result
        assert bad[:8] not in result.out + result.err


def test_secret_file_mistakes(store, tmp_path):
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "nul").write_bytes(SECRET.encode() + b"\0")
    for name in ("missing", "fifo", "nul", "."):
        assert store("enroll", PERSON, "--secret-file", tmp_path / name).rc == 3
    assert store("enroll", PERSON, "--secret", "-").rc == 3  # empty stdin
    assert authenticators(store) == []


def test_secret_is_nowhere_else(store):
    made = store.ok("--json", "enroll", PERSON).json()
    assert made["secret"].encode() not in store_text(store)
    for args in (["authenticators"], ["--json", "authenticators"], ["status", PERSON],
                 ["--json", "log"], ["explain", PERSON, "sshd"]):
        result = store(*args)
        assert made["secret"] not in result.out + result.err
    assert "secret" not in authenticators(store)[0]


# -- exit statuses --

@pytest.mark.parametrize("args, rc", [
    ([], 2), (["a", "b"], 2), (["a", "--nonsense"], 2), (["a", "--replace", "--add"], 2),
    (["a", "--secret", "-", "--secret-file", "/x"], 2), (["--json", "a", "--qr", "svg"], 2),
    (["a", "--algorithm", "MD5"], 3), (["a", "--algorithm", "sha1x"], 3), (["a", "--digits", "9"], 3),
    (["a", "--digits", "5"], 3), (["a", "--digits", "six"], 3), (["a", "--period", "4"], 3),
    (["a", "--period", "3601"], 3), (["a", "--period", "-30"], 3), (["a", "--period", "30s"], 3),
    (["a", "--qr", "png"], 3), (["a", "--label", "x" * 64], 3), (["a", "--label", "a\nb"], 3),
    (["a/b"], 3), (["a:b"], 3), (["%wheel"], 3), ([""], 3), (["ü" * 100], 3), (["a" * 256], 3), (["a\x1b[31m"], 3),
])
def test_refused_command_lines(store, args, rc):
    result = store("enroll", *args)
    assert result.rc == rc, result
    assert result.err and "\x1b" not in result.err
    assert authenticators(store) == []


def test_enrolled_twice(store):
    first = enroll(store)
    again = store("enroll", PERSON)
    assert again.rc == 3 and "--replace" in again.err and again.out == ""
    assert [a["id"] for a in authenticators(store)] == [first["id"]]


def test_add_and_replace(store):
    first = enroll(store)
    second = store.ok("--json", "enroll", PERSON, "--add", "--label", "tablet").json()
    assert {a["id"] for a in authenticators(store, PERSON)} == {first["id"], second["id"]}
    third = store.ok("--json", "enroll", PERSON, "--replace").json()
    assert [a["id"] for a in authenticators(store, PERSON)] == [third["id"]]
    assert [e["userName"] for e in events(store, "Enrolled")] == [PERSON] * 3


def test_no_store(psgctl):
    for args in (["enroll", "a"], ["unenroll", "a"], ["authenticators"], ["verify", "a"],
                 ["unlock", "a"]):
        result = psgctl(*args)
        assert result.rc == 4 and "init" in result.err, result


def test_wrong_key(store, tmp_path):
    """Sealed with another key: still enrolled, never readable, and --replace cures it."""
    enroll(store)
    os.remove(os.path.join(store.store, "key"))
    store.init()
    assert "do not open" in store.ok("authenticators").err
    assert store("enroll", PERSON).rc == 3
    assert store("verify", PERSON, input="123456").rc == 1
    made = store.ok("--json", "enroll", PERSON, "--replace").json()
    assert [a["id"] for a in authenticators(store)] == [made["id"]]


# -- the picture --

@pytest.mark.parametrize("form, rows", [("utf8", utf8_rows), ("ansi", ansi_rows), ("svg", svg_rows)])
@pytest.mark.parametrize("algorithm", ["SHA1", "SHA512"])
def test_qr_reads_back(store, tmp_path, form, rows, algorithm):
    result = store.ok("enroll", PERSON, "--qr", form, "--algorithm", algorithm)
    picture = rows(result.out)
    read = zbar(picture, tmp_path)
    assert read.startswith("QR-Code:otpauth://totp/") or read.startswith("otpauth://totp/"), read
    assert f"algorithm={algorithm}" in read
    # four light modules on every side
    quiet = [row[:4] + row[-4:] for row in picture[4:-5]] + picture[:4] + picture[-4:]
    assert not any(map(any, quiet))
    if form == "svg":
        assert result.out.startswith("<?xml") and result.out.endswith("</svg>\n")


def test_qr_on_a_terminal_has_its_own_colours(store, tmp_path):
    child = terminal(store, "enroll", PERSON, "--no-confirm")
    status, out = ended(child)
    assert status == 0
    lines = [line for line in out.splitlines() if "\u2588" in line]
    assert lines and all(line.startswith("\x1b[38;5;231;48;5;16m") and
                         line.rstrip().endswith("\x1b[0m") for line in lines)
    assert "otpauth://" in zbar(utf8_rows(out), tmp_path)


# -- the first code --

def spent(psgctl, user=PERSON):
    folder = os.path.join(psgctl.store, "people", user, "spent")
    return os.listdir(folder) if os.path.isdir(folder) else []


def test_confirmed_on_a_terminal(store):
    wait_for_fresh_step()
    child = terminal(store, "enroll", PERSON, "--secret", SECRET, "--qr", "none")
    child.expect("Code the authenticator shows now: ")
    assert store.ok("--json", "authenticators").json() == []  # not before it was right
    right = code()
    child.sendline(right)
    status, rest = ended(child)
    assert status == 0 and right not in rest
    made = authenticators(store)
    assert len(made) == 1 and made[0]["failures"] == 0
    assert any(name.startswith(made[0]["id"]) for name in spent(store)), "the code was not spent"


def test_three_tries(store):
    wait_for_fresh_step()
    child = terminal(store, "enroll", PERSON, "--secret", SECRET, "--qr", "none")
    for answer in (wrong_code(), "nonsense"):
        child.expect("shows now: ")
        child.sendline(answer)
    child.expect("shows now: ")
    child.sendline(code())
    assert ended(child)[0] == 0
    assert len(authenticators(store)) == 1


@pytest.mark.parametrize("how", ["wrong", "end", "interrupt"])
@pytest.mark.parametrize("mode", ["first", "--replace", "--add"])
def test_unconfirmed_leaves_nothing(store, how, mode):
    before = []
    if mode != "first":
        enroll(store)
        before = authenticators(store)
    args = [] if mode == "first" else [mode]
    child = terminal(store, "enroll", PERSON, "--qr", "none", *args)
    child.expect("shows now: ")
    if how == "end":
        child.sendeof()
    elif how == "interrupt":
        child.sendintr()
    else:
        # An old device's code proves nothing about the new one.
        child.sendline(code() if before else "000000")
        for _ in range(2):
            child.expect("shows now: ")
            child.sendline("000000")
    status, rest = ended(child)
    assert status == (None if how == "interrupt" else 1), rest
    assert authenticators(store) == before
    assert spent(store) == []


def test_drift_is_told_while_confirming(store):
    wait_for_fresh_step()
    child = terminal(store, "enroll", PERSON, "--secret", SECRET, "--qr", "none")
    child.expect("shows now: ")
    child.sendline(code(steps=-6))
    child.expect("about 180 seconds behind")
    child.sendeof()
    assert ended(child)[0] == 1


def test_replace_keeps_the_old(store):
    """Until the new one is confirmed; then it is gone."""
    enroll(store)
    fresh = "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK"
    child = terminal(store, "enroll", PERSON, "--replace", "--secret", fresh, "--qr", "none")
    child.expect("shows now: ")
    wait_for_fresh_step()
    assert store("verify", PERSON, input=code()).rc == 0
    child.sendline(code(fresh))
    assert ended(child)[0] == 0
    assert store("verify", PERSON, input=code()).rc == 1
    assert store("verify", PERSON, input=code(fresh)).rc == 0


def test_confirming_the_throttled(psgctl, package):
    """Root has seen a right code: what somebody wore out before does not stand in the way."""
    policy(psgctl, package)
    psgctl.ok("assign", PERSON, "Billing")
    enroll(psgctl)
    for _ in range(5):
        psgctl("activate", "Billing", input=wrong_code(), env=as_person())
    assert authenticators(psgctl)[0]["throttledUntil"]
    fresh = "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK"
    child = terminal(psgctl, "enroll", PERSON, "--replace", "--secret", fresh, "--qr", "none")
    child.expect("shows now: ")
    wait_for_fresh_step()
    child.sendline(code(fresh))
    assert ended(child)[0] == 0
    assert [a["throttledUntil"] for a in authenticators(psgctl)] == [None]


def test_interrupt_gives_the_echo_back(store):
    """The terminal is the shell's afterwards, with its echo."""
    import pexpect
    child = pexpect.spawn("sh", env=store.environment(PS1="$ "), encoding="utf-8", timeout=20,
                          preexec_fn=hear_interrupts)
    from conftest import PSGCTL
    child.sendline(f"{PSGCTL} enroll {PERSON} --qr none")
    child.expect("shows now: ")
    assert not child.getecho()
    child.sendintr()
    child.expect(r"\$ ")
    child.sendline("echo still-$((40 + 2))")
    child.expect("still-42")
    assert child.getecho()
    child.close(force=True)


def test_json_on_a_terminal_confirms_too(store):
    wait_for_fresh_step()
    child = terminal(store, "--json", "enroll", PERSON, "--secret", SECRET)
    child.expect('"uri": ')
    child.expect("shows now: ")
    child.sendline(code())
    assert ended(child)[0] == 0
    assert len(authenticators(store)) == 1


# -- authenticators --

def test_authenticators(store):
    assert authenticators(store) == [] and authenticators(store, PERSON) == []
    assert store.ok("authenticators").out == "None.\n"
    enroll(store, "zoe")
    enroll(store, "bob", SECRET, "--label", "phone", "--digits", "8")
    rows = authenticators(store)
    assert [r["userName"] for r in rows] == ["bob", "zoe"]
    assert set(rows[0]) == {"id", "userName", "algorithm", "digits", "period", "label",
                            "createdDate", "failures", "throttledUntil", "recoveryCodesLeft"}
    assert (rows[0]["label"], rows[0]["digits"], rows[0]["failures"], rows[0]["throttledUntil"]) == \
        ("phone", 8, 0, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", rows[0]["createdDate"])
    assert authenticators(store, "zoe") == [rows[1]]
    assert "phone" in store.ok("authenticators").out
    assert store("authenticators", "a/b").rc == 3
    assert store("authenticators", "a", "b").rc == 2


# -- unenroll --

def test_unenroll(store):
    first = enroll(store)
    store.ok("enroll", PERSON, "--add")
    assert store("unenroll", PERSON, "--id", "0" * 16).rc == 1
    assert store("unenroll", PERSON, "--id", "../../../policy").rc == 1
    assert store("unenroll", "bob", "--id", first["id"]).rc == 1
    assert len(authenticators(store)) == 2
    assert store.ok("--json", "unenroll", PERSON, "--id", first["id"]).json() == \
        {"userName": PERSON, "removed": 1, "recoveryCodesRemoved": 0, "ended": 0}
    assert len(authenticators(store)) == 1
    assert store.ok("--json", "unenroll", PERSON).json()["removed"] == 1
    assert store.ok("--json", "unenroll", PERSON).json()["removed"] == 0
    assert len(events(store, "Unenrolled")) == 2
    assert store("unenroll").rc == 2 and store("unenroll", "a/b").rc == 3


def test_unenroll_ends_what_it_opened(psgctl, package):
    policy(psgctl, package)
    psgctl.ok("assign", PERSON, "Billing")
    psgctl.ok("assign", PERSON, "Solo")
    made = enroll(psgctl)
    wait_for_fresh_step()
    psgctl.ok("activate", "Billing", input=code(), env=as_person())
    psgctl.ok("activate", "Solo", "--user", PERSON, "--scope", "Host")
    other = psgctl.ok("--json", "enroll", PERSON, "--add").json()
    assert psgctl.ok("--json", "unenroll", PERSON, "--id", other["id"]).json()["ended"] == 0
    assert psgctl.ok("--json", "unenroll", PERSON, "--id", made["id"]).json()["ended"] == 1
    assert [s["permissionSet"] for s in psgctl.ok("--json", "status").json()] == ["Solo"]


@pytest.mark.parametrize("by_id", [True, False])
def test_unenroll_ends_the_unwritten(psgctl, package, by_id):
    """A login that won its name with the device, and writes after it was taken away, wakes to an ended activation."""
    policy(psgctl, package)
    psgctl.ok("assign", PERSON, "Billing")
    made = enroll(psgctl)
    wait_for_fresh_step()
    psgctl.ok("activate", "Billing", input=code(), env=as_person())
    spent = os.path.join(psgctl.store, "people", PERSON, "spent")
    for name in (made["id"] + "-99", "0123456789abcdef-99", "admin-7"):
        os.close(os.open(os.path.join(spent, name), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    psgctl.ok("unenroll", PERSON, *(["--id", made["id"]] if by_id else []))
    ended = {name for name in os.listdir(spent) if name.endswith("-99.ended") or name == "admin-7.ended"}
    assert ended == {made["id"] + "-99.ended"} | (set() if by_id else {"0123456789abcdef-99.ended"})


# -- verify --

def test_verify(store):
    made = enroll(store)
    wait_for_fresh_step()
    for steps, within in ((0, True), (-1, True), (1, True), (-2, False), (2, False), (10, False),
                          (-10, False)):
        result = store("--json", "verify", PERSON, input=code(steps=steps) + "\n")
        assert result.rc == (0 if within else 1), result
        assert result.json() == {"userName": PERSON, "valid": within, "id": made["id"],
                                 "driftSteps": steps, "driftSeconds": steps * 30,
                                 "withinWindow": within}
    for _ in range(2):  # and nothing was spent
        assert store("verify", PERSON, input=code()).rc == 0
    assert spent(store) == [] and authenticators(store)[0]["failures"] == 0


def test_verify_refuses(store):
    assert store("verify", PERSON, input="123456").rc == 1  # not enrolled
    made = enroll(store)
    for answer in ("", "abc", "12345", "1234567890", wrong_code(), "1" * 1000):
        result = store("verify", PERSON, input=answer)
        assert result.rc == 1, result
    wrong = store("--json", "verify", PERSON, input=wrong_code())
    assert wrong.json()["valid"] is False and wrong.json()["id"] is None
    assert made["id"] not in wrong.out
    assert store("verify").rc == 2 and store("verify", "a/b").rc == 3


def test_verify_follows_the_policys_window(psgctl, package):
    psgctl.init()
    psgctl.deploy(package().gate(window=3))
    enroll(psgctl)
    wait_for_fresh_step()
    assert psgctl("verify", PERSON, input=code(steps=3)).rc == 0
    assert psgctl("verify", PERSON, input=code(steps=4)).rc == 1
    spaced = code()
    assert psgctl("verify", PERSON, input=f" {spaced[:3]} {spaced[3:]} \n").rc == 0


def test_verify_on_a_terminal_shows_no_code(store):
    enroll(store)
    wait_for_fresh_step()
    child = terminal(store, "verify", PERSON)
    child.expect("Code: ")
    right = code()
    child.sendline(right)
    status, rest = ended(child)
    assert status == 0 and "Right" in rest and right not in rest


# -- unlock --

def test_throttle_and_unlock(psgctl, package):
    policy(psgctl, package)
    psgctl.ok("assign", PERSON, "Billing")
    enroll(psgctl)
    for n in range(5):
        assert authenticators(psgctl)[0]["failures"] == n
        assert psgctl("activate", "Billing", input=wrong_code(), env=as_person()).rc == 1
    row = authenticators(psgctl)[0]
    assert row["failures"] == 5 and row["throttledUntil"]
    wait_for_fresh_step()
    late = psgctl("activate", "Billing", input=code(), env=as_person())
    assert late.rc == 1 and "try again in" in late.err
    assert "Throttled" in psgctl.ok("status", PERSON).out
    psgctl.ok("unlock", PERSON)
    row = authenticators(psgctl)[0]
    assert row["failures"] == 0 and row["throttledUntil"] is None
    psgctl.ok("activate", "Billing", input=code(), env=as_person())
    assert [e["event"] for e in events(psgctl) if e["event"] in
            ("WrongCode", "Throttled", "Unlocked", "Activated")] == \
        ["WrongCode"] * 5 + ["Unlocked", "Activated"], "a throttled call must write nothing to the store"


def test_unlock_leaves_nothing_behind(store):
    store.ok("unlock", "daemon")
    assert not os.path.exists(os.path.join(store.store, "people", "daemon"))


def test_unlock_of_nobody_is_1_with_whom_it_may_be_meant_for(store):
    """Neither an account nor a folder: a misspelt name, which must not look done."""
    store.ok("enroll", "gone-since", "--no-confirm")
    store.ok("unlock", "gone-since")
    misspelt = store("unlock", "gone-sinec")
    assert misspelt.rc == 1 and "did you mean gone-since?" in misspelt.err
    assert store("unlock", "never-heard-of").rc == 1
    assert not os.path.exists(os.path.join(store.store, "people", "never-heard-of"))
    assert store("unlock").rc == 2 and store("unlock", "a/b").rc == 3


# -- the folder --

def test_modes(store):
    subprocess.run(["sh", "-c", "umask 0"], check=True)
    enroll(store)
    for folder, folders, names in os.walk(store.store):
        for name in folders:
            assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) == 0o700
        for name in names:
            assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) & 0o077 == 0


def test_one_secret_is_one_authenticator(store):
    """Under two ids one code would open two doors; under a new one, what was spent would be forgotten."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    first = store.ok("--json", "enroll", PERSON, "--secret", "-", input=secret + "\n").json()
    again = store("enroll", PERSON, "--add", "--secret", "-", input=secret + "\n")
    assert again.rc == 3 and "already" in again.err and secret not in again.err
    same = store.ok("--json", "enroll", PERSON, "--replace", "--secret", "-", input=secret + "\n").json()
    assert same["id"] == first["id"]
    assert [row["id"] for row in authenticators(store)] == [first["id"]]
