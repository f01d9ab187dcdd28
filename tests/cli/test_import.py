"""import: files of pam_oath and google-authenticator; nothing of them good twice, nothing left out unsaid.

Files made by the real programs after real logins are in tests/hosts/test_import.py."""

import base64
import os
import re
import subprocess
import time

import pytest

from person import SECRET, as_person, code, enroll, events, policy, store_text, wait_for_fresh_step

HEX = base64.b32decode(SECRET).hex()
OTHER = "aa" * 20


@pytest.fixture
def store(psgctl):
    psgctl.init()
    return psgctl


def authenticators(psgctl, *user):
    return psgctl.ok("--json", "authenticators", *user).json()


class File:
    """A file to be imported, and psgctl on it."""

    def __init__(self, psgctl, path, form, *more):
        self.psgctl, self.path, self.more = psgctl, path, ["--format", form, *more]

    def __call__(self, *lines, more=(), json=False):
        if lines:
            self.path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
            self.path.chmod(0o600)
        return self.psgctl(*(["--json"] if json else []), "import", self.path, *self.more, *more)


@pytest.fixture
def oath(store, tmp_path):
    return File(store, tmp_path / "users.oath", "oath")


@pytest.fixture
def google(store, tmp_path):
    return File(store, tmp_path / ".google_authenticator", "google-authenticator", "--user", "daemon")


def ago(seconds):
    """The local time that pam_oath writes."""
    return time.strftime("%Y-%m-%dT%H:%M:%SL", time.localtime(time.time() - seconds))


def people(psgctl):
    folder = os.path.join(psgctl.store, "people")
    return sorted(os.path.relpath(os.path.join(top, name), folder)
                  for top, _, names in os.walk(folder) for name in names)


# -- users.oath --

@pytest.mark.parametrize("kind, period, digits", [
    ("HOTP/T30", 30, 6), ("HOTP/T30/6", 30, 6), ("HOTP/T30/7", 30, 7), ("HOTP/T30/8", 30, 8),
    ("HOTP/T60", 60, 6), ("HOTP/T60/8", 60, 8)])
def test_types(oath, kind, period, digits):
    assert oath(f"{kind}\tdaemon  -\t{HEX}").rc == 0
    made, = authenticators(oath.psgctl)
    assert (made["userName"], made["algorithm"], made["period"], made["digits"]) == ("daemon", "SHA1", period, digits)
    while time.time() % period > period - 1.5:
        time.sleep(0.2)
    assert oath.psgctl("verify", "daemon", input=code(digits=digits, period=period)).rc == 0


@pytest.mark.parametrize("kind", ["HOTP", "HOTP/E", "HOTP/E/6", "HOTP/E/8"])
def test_events_are_named_and_left_out(oath, kind):
    done = oath("# a comment", "", f"{kind} bin - {HEX} 5", f"HOTP/T30 daemon - {HEX}", json=True)
    assert done.rc == 0
    assert f"{oath.path}:3: Warning: the token of bin counts events (HOTP) and is not carried" in done.err
    assert [made["userName"] for made in done.json()["imported"]] == ["daemon"]
    assert [left["line"] for left in done.json()["notCarried"]] == [3]
    assert [made["userName"] for made in authenticators(oath.psgctl)] == ["daemon"]


def test_pins_are_named(oath):
    done = oath(f"HOTP/T30 daemon 4711 {HEX}", f"HOTP/T30 bin + {OTHER}")
    assert done.rc == 0 and "4711" not in done.out + done.err
    assert ":1: Warning: the PIN of daemon is not carried" in done.err
    assert ":2: Warning: the password that bin types before the code is not carried" in done.err
    assert len(authenticators(oath.psgctl)) == 2


BAD = [(f"HOTP/T45 daemon - {HEX}", "no type of pam_oath's"),
       (f"HOTP/T30/9 daemon - {HEX}", "no type of pam_oath's"),
       (f"HOTP/6 daemon - {HEX}", "no type of pam_oath's"),
       (f"TOTP daemon - {HEX}", "no type of pam_oath's"),
       ("HOTP/T30 daemon -", "less than four fields"),
       (f"HOTP/T30 daemon - {HEX} 0 123456 {ago(9)} x", "more than seven fields"),
       (f"HOTP/T30 ../u - {HEX}", "cannot be a user name"),
       (f"HOTP/T30 -u - {HEX}", "cannot be a user name"),
       (f"HOTP/T30 daemon - {HEX[1:]}", "is not hexadecimal"),
       (f"HOTP/T30 daemon - {SECRET}", "is not hexadecimal"),
       (f"HOTP/T30 daemon - {'aa' * 129}", "is not hexadecimal"),
       ("HOTP/T30 daemon - 00", "has 1 bytes: fewer than 10 can be guessed"),
       (f"HOTP/T30 daemon - {HEX} x", "cannot be read"),
       (f"HOTP/T30 daemon - {HEX} 0 123456", "cannot be read"),
       (f"HOTP/T30 daemon - {HEX} 0 123456 yesterday", "cannot be read"),
       (f"HOTP/T30 daemon - {HEX} 0 123456 {ago(-86400)}", "used a code of the future")]


@pytest.mark.parametrize("line, said", BAD)
def test_bad_lines(oath, line, said):
    done = oath("# one", line)
    assert done.rc == 3 and f"{oath.path}:2: Error: " in done.err and said in done.err, done
    assert "1 error in" in done.err and done.out == "" and people(oath.psgctl) == []


def test_all_or_nothing(oath):
    """Every bad line is named, and the good ones change nothing either."""
    done = oath(f"HOTP/T30 daemon - {OTHER}", *(line for line, _ in BAD))
    assert done.rc == 3
    for number, (_, said) in enumerate(BAD, 2):
        assert re.search(rf":{number}: Error: .*{re.escape(said)}", done.err), (number, said)
    assert f"{len(BAD)} errors in" in done.err and people(oath.psgctl) == []
    assert events(oath.psgctl, "Enrolled") == []


def test_secrets_are_not_repeated(oath, google):
    for line, _ in BAD:
        done = oath(line.replace("daemon -", "daemon 4711"), more=["--check-only"])
        assert HEX[:8] not in done.out + done.err and SECRET[:8] not in done.out + done.err and "4711" not in done.err
    done = google("not base32: hunter2", '" SESAME open', "hunter3")
    assert done.rc == 3 and not re.search("hunter|SESAME|open", done.err)
    assert oath(f"HOTP/T30 daemon - {HEX}").rc == 0
    assert HEX.encode() not in store_text(oath.psgctl) and base64.b32decode(SECRET) not in store_text(oath.psgctl)


def test_the_last_code_stays_spent(store, package, tmp_path):
    policy(store, package)
    store.ok("assign", "daemon", "Billing")
    wait_for_fresh_step()
    oath = File(store, tmp_path / "users.oath", "oath")
    # Used a step ago, within pam_oath's window: the device's clock is ahead.
    done = oath(f"HOTP/T30 daemon - {HEX} 1 {code(steps=0)} {ago(30)}", json=True)
    assert done.rc == 0 and done.json()["imported"][0]["spentUntil"]
    for step in (-1, 0):
        answer = store("activate", "Billing", input=code(steps=step), env=as_person())
        assert answer.rc == 1 and "not activated" in answer.err, answer
    assert store("activate", "Billing", input=code(steps=1), env=as_person()).rc == 0


def test_a_last_code_of_another_secret(oath):
    done = oath(f"HOTP/T30 daemon - {HEX} 0 {'9' * 9} {ago(60)}", json=True)
    assert done.rc == 0 and "is none of this secret around its time" in done.err
    assert done.json()["imported"][0]["spentUntil"] is not None


def test_one_user_of_many(oath):
    done = oath("nonsense", f"HOTP/T30 bin - {HEX}", f"HOTP/T30 daemon - {OTHER}", more=["--user", "daemon"])
    assert done.rc == 0
    assert [made["userName"] for made in authenticators(oath.psgctl)] == ["daemon"]
    done = oath(more=["--user", "games"])
    assert done.rc == 3 and "there is no authenticator in it that can be carried" in done.err


def test_several_of_one_user(oath):
    assert oath(f"HOTP/T30 daemon - {HEX}", f"HOTP/T60 daemon - {OTHER}").rc == 0
    assert sorted(made["period"] for made in authenticators(oath.psgctl)) == [30, 60]
    done = oath(f"HOTP/T30 bin - {HEX}", f"HOTP/T30 bin - {HEX.upper()}")
    assert done.rc == 3 and ":2: Error: bin has this secret in line 1 already" in done.err


def test_who_is_enrolled_already(oath):
    old = enroll(oath.psgctl, "daemon")
    line = f"HOTP/T30 daemon - {OTHER}"
    before = people(oath.psgctl)
    done = oath(f"HOTP/T30 bin - {HEX}", line)
    assert done.rc == 3 and ":2: Error: daemon is enrolled already (--replace" in done.err
    assert people(oath.psgctl) == before
    assert oath(line, more=["--add"]).rc == 0 and len(authenticators(oath.psgctl)) == 2
    # Again: what is there is there, and no longer in the way.
    again = oath(json=True)
    assert again.rc == 0 and again.json()["imported"][0]["unchanged"] is True
    assert oath(more=["--replace"]).rc == 0
    left = authenticators(oath.psgctl)
    assert len(left) == 1 and left[0]["id"] != old["id"]
    assert oath(more=["--replace", "--add"]).rc == 2


def test_replacing_what_the_key_does_not_open(oath):
    enroll(oath.psgctl, "daemon")
    folder = os.path.join(oath.psgctl.store, "people", "daemon", "authenticators")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(b"damaged")
    assert oath(f"HOTP/T30 daemon - {OTHER}").rc == 3
    assert oath(more=["--replace"]).rc == 0
    assert len(authenticators(oath.psgctl)) == 1 and oath.psgctl.ok("authenticators").err == ""


def test_check_only(oath):
    done = oath(f"HOTP/T30 daemon - {HEX} 0 123456 {ago(60)}", more=["--check-only"], json=True)
    assert done.rc == 0 and done.json()["checkOnly"] is True and done.json()["imported"][0]["id"] is None
    assert people(oath.psgctl) == [] and events(oath.psgctl, "Enrolled") == []
    assert "Nothing was changed" in oath(more=["--check-only"]).out


def test_the_log_says_where_from(oath):
    oath(f"HOTP/T30 daemon - {HEX}")
    event, = events(oath.psgctl, "Enrolled")
    assert re.fullmatch("authenticator [0-9a-f]{16}, imported from pam_oath", event["reason"])


def test_short_secrets(oath):
    done = oath(f"HOTP/T30 daemon - {'ab' * 10}")
    assert done.rc == 0 and "has 10 bytes, and RFC 4226 asks for 16" in done.err
    assert oath(f"HOTP/T30 bin - {'ab' * 9}").rc == 3


def test_odd_files(oath, tmp_path):
    for path, said in ((tmp_path / "none", "No such file"), (tmp_path, "no plain file")):
        done = oath.psgctl("import", path, "--format", "oath")
        assert done.rc == 3 and said in done.err
    os.mkfifo(tmp_path / "fifo")
    assert "no plain file" in oath.psgctl("import", tmp_path / "fifo", "--format", "oath").err
    (tmp_path / "shadow").write_text(f"HOTP/T30 daemon - {HEX}\n")
    (tmp_path / "link").symlink_to(tmp_path / "shadow")
    assert "it is a link" in oath.psgctl("import", tmp_path / "link", "--format", "oath").err
    (tmp_path / "zero").write_bytes(b"HOTP/T30 daemon - " + HEX.encode() + b"\n\0")
    assert "a byte 0" in oath.psgctl("import", tmp_path / "zero", "--format", "oath").err
    assert people(oath.psgctl) == []
    (tmp_path / "shadow").chmod(0o644)
    done = oath.psgctl("import", tmp_path / "shadow", "--format", "oath")
    assert done.rc == 0 and "others may read" in done.err


@pytest.mark.parametrize("args", [[], ["f"], ["f", "--format", "pam"], ["f", "--format", "google-authenticator"],
                                  ["f", "g", "--format", "oath"], ["f", "--format", "oath", "--secret", "x"]])
def test_usage(store, args):
    assert store("import", *args).rc == 2
    assert store("import", "f", "--format", "oath", "--user", "a/b").rc == 3


def test_a_store_that_fails_keeps_nothing(oath):
    """The second of two cannot be written: the first is taken back."""
    folder = os.path.join(oath.psgctl.store, "people", "daemon")
    os.mkdir(folder, mode=0o700)
    with open(os.path.join(folder, "spent"), "w", encoding="utf-8"):
        pass
    assert oath(f"HOTP/T30 bin - {HEX}", f"HOTP/T30 daemon - {OTHER} 0 123456 {ago(60)}").rc == 4
    os.unlink(os.path.join(folder, "spent"))
    assert authenticators(oath.psgctl) == [] and events(oath.psgctl, "Enrolled") == []
    assert oath().rc == 0 and len(authenticators(oath.psgctl)) == 2


# -- .google_authenticator --

def test_google_file(google):
    done = google(SECRET, '" TOTP_AUTH', '" STEP_SIZE 60', "12345678", "23456789", json=True)
    assert done.rc == 0 and done.json()["notCarried"] == []
    made, = authenticators(google.psgctl)
    assert (made["period"], made["digits"], made["algorithm"], made["recoveryCodesLeft"]) == (60, 6, "SHA1", 2)
    assert events(google.psgctl, "RecoveryMade")[0]["reason"] == "2 scratch codes, imported"


def test_google_options_are_named(google):
    done = google(SECRET, '" RATE_LIMIT 3 30 1663', '" WINDOW_SIZE 17', '" TOTP_AUTH', '" TIME_SKEW 5',
                  '" RESETTING_TIME_SKEW 1+2 3+4', '" LAST0 10.0.0.1 1663', '" FROBNICATE 1')
    assert done.rc == 0
    for number, name in ((2, "RATE_LIMIT"), (3, "WINDOW_SIZE"), (5, "TIME_SKEW"), (6, "RESETTING_TIME_SKEW"),
                         (7, "LAST"), (8, "an option that psgctl does not know")):
        assert f":{number}: Warning: {name} is not carried" in done.err
    assert "10.0.0.1" not in done.err


def test_google_reuse_list(store, package, tmp_path):
    policy(store, package)
    store.ok("assign", "daemon", "Billing")
    wait_for_fresh_step()
    now = int(time.time()) // 30
    google = File(store, tmp_path / "ga", "google-authenticator", "--user", "daemon")
    assert google(SECRET, f'" DISALLOW_REUSE {now - 1} {now} {now - 5}', '" TOTP_AUTH', "87654321").rc == 0
    assert store("activate", "Billing", input=code(steps=0), env=as_person()).rc == 1
    assert store("activate", "Billing", input="87654321", env=as_person()).rc == 0
    store.ok("deactivate", "--all", "--user", "daemon")
    assert store("activate", "Billing", input="87654321", env=as_person()).rc == 1
    assert store("activate", "Billing", input=code(steps=1), env=as_person()).rc == 0


@pytest.mark.parametrize("lines, said", [
    (["?"], "1: Error: the first line is no secret in base32"),
    ([""], "1: Error: the first line is no secret in base32"),
    (["GEZDGNBV", '" TOTP_AUTH'], "1: Error: the secret of daemon has 5 bytes"),
    ([SECRET], "TOTP_AUTH is missing"),
    ([SECRET, '" HOTP_COUNTER 5'], "the codes of daemon count events"),
    ([SECRET, '" TOTP_AUTH', '" HOTP_COUNTER 5'], "the codes of daemon count events"),
    ([SECRET, '" TOTP_AUTH', "1234567"], "3: Error: that is neither an option nor a scratch code"),
    ([SECRET, '" TOTP_AUTH', '"TOTP_AUTH'], "3: Error: that is neither an option nor a scratch code"),
    ([SECRET, '" TOTP_AUTH', '" STEP_SIZE 4'], "3: Error: codes that change faster than every 5 seconds"),
    ([SECRET, '" TOTP_AUTH', '" STEP_SIZE x'], "3: Error: the value of STEP_SIZE cannot be read"),
    ([SECRET, '" TOTP_AUTH', '" DISALLOW_REUSE 1 x'], "3: Error: the value of DISALLOW_REUSE cannot be read"),
    ([SECRET, '" TOTP_AUTH', '" DISALLOW_REUSE 99999999999999999999'], "cannot be read"),
    ([SECRET, '" TOTP_AUTH', '" DISALLOW_REUSE 99999999999'], "3: Error: daemon used a code of the future"),
    ([SECRET, '" TOTP_AUTH', *(f"{n:08}" for n in range(17))], "19: Error: there are more than 16 scratch codes"),
])
def test_google_bad_files(google, lines, said):
    done = google(*lines)
    assert done.rc == 3 and said in done.err, done
    assert people(google.psgctl) == []


def test_google_scratch_codes_beside_recovery_codes(google):
    made = google.psgctl.ok("--json", "recovery", "daemon").json()
    lines = [SECRET, '" TOTP_AUTH', "12345678"]
    done = google(*lines)
    assert done.rc == 0
    assert "the scratch codes of daemon are not carried: there are recovery codes already" in done.err
    assert authenticators(google.psgctl)[0]["recoveryCodesLeft"] == len(made["codes"])
    assert google(*lines, more=["--replace"]).rc == 0
    assert authenticators(google.psgctl)[0]["recoveryCodesLeft"] == 1


@pytest.mark.parametrize("options", [["-d", "-w", "3", "-r", "3", "-R", "30", "-e", "5"],
                                     ["-D", "-W", "-u", "-e", "0", "-S", "60"], ["-d", "-w", "21", "-u", "-e", "10"]])
def test_files_of_the_real_google_authenticator(google, options):
    subprocess.run(["google-authenticator", "-t", "-f", "-C", "-q", "-Q", "NONE", "-s", str(google.path), *options],
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=30)
    done = google()
    assert done.rc == 0, done
    made, = authenticators(google.psgctl)
    assert made["period"] == (60 if "-S" in options else 30)
    assert made["recoveryCodesLeft"] == int(options[options.index("-e") + 1])
    secret = google.path.read_text().splitlines()[0]
    wait_for_fresh_step(made["period"])
    assert google.psgctl("verify", "daemon", input=code(secret, period=made["period"])).rc == 0
