"""What holds of every command: one JSON document, the exit statuses of the manual, no question to nobody, output that
is written or said not to be; help on one screen, suggestions, colour and tables that fit the terminal."""

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import unicodedata

import pytest

from conftest import PSGCTL, REPO, Psgctl
from person import PERSON, SECRET, enroll
from test_manual import page, section

SAMPLE = os.path.join(REPO, "conf", "sample-package")
GROUP = "Server_Operators"
# Of each command one line that its grammar accepts and that is done (0) on the store of `sample`. "@" is a folder of the test's own.
EXAMPLES = {
    "init": [], "deploy": [SAMPLE], "retrieve": ["--all", "--output", "@/out.zip", "--force"],
    "recalculate": [], "groups": [], "assign": ["root", GROUP], "unassign": ["daemon", GROUP],
    "assignments": [], "enroll": [PERSON, "--add"], "unenroll": [PERSON], "authenticators": [],
    "verify": [PERSON], "unlock": [PERSON], "activate": [GROUP, "--user", "root", "--scope", "Host",
                                                         "--reason", "INC1 a test"],
    "deactivate": ["--all"], "status": [], "explain": ["root", "sshd"], "log": [],
    "check": ["--user", "root", "--service", "sshd"], "enforce": [], "doctor": ["--pam-dir", "@"],
    "policy": ["install", "@/policy"], "recovery": [PERSON], "import": ["@/users.oath", "--format", "oath"],
    "backup": ["@/backup"], "restore": ["@/kept"], "report": ["--output", "@/report.html"], "tidy": [],
}
# These are refused (1) as they stand above: nobody gives a code.
REFUSED = {"verify"}
HOST = {"doctor"}  # which judges the host's clock too, and so says 0 or 1
# Without a store: restore makes one, but this backup brings no key for it.
UNMADE = {"init": {0}, "doctor": {1}, "restore": {3}}
LINES = {"log", "enforce"}  # with --follow and --watch
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store where each example has something to do; copied for each test."""
    folder = tmp_path_factory.mktemp("made")
    psgctl = Psgctl(folder / "store")
    psgctl.init()
    psgctl.deploy(SAMPLE)
    psgctl.ok("assign", "root", GROUP)
    psgctl.ok("assign", PERSON, GROUP)
    enroll(psgctl, PERSON, SECRET)
    psgctl.ok("policy", "export", folder / "policy")
    psgctl.ok("backup", folder / "kept")
    (folder / "users.oath").write_text("HOTP/T30 games - 00112233445566778899aabbccddeeff00112233\n")
    (folder / "users.oath").chmod(0o600)
    return folder


@pytest.fixture
def sample(made, tmp_path):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return Psgctl(tmp_path / "store")


def commands():
    shown = subprocess.run([PSGCTL, "help", "--json"], capture_output=True, text=True, check=True).stdout
    return json.loads(shown)["commands"]


NAMES = [command["name"] for command in commands()]


def example(psgctl, name):
    folder = os.path.dirname(psgctl.store)
    return [name, *(word.replace("@", folder) if word.startswith("@") else word for word in EXAMPLES[name])]


def expected(name):
    return {0, 1} if name in HOST else {1} if name in REFUSED else {0}


def without_store(args):
    """Root is let through before any store is read."""
    return [PERSON if word == "root" else word for word in args]


def documents(text):
    """How many JSON documents a text is."""
    count, at, decoder = 0, 0, json.JSONDecoder()
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        at = decoder.raw_decode(text, at)[1]
        count += 1
    return count


def on_terminal(psgctl, *args, columns=80, lines=24, env=None):
    """What comes to a terminal, where stdout and stderr are one."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    environment = psgctl.environment(**{"TERM": "xterm", **(env or {})})
    for name in ("NO_COLOR", "COLUMNS"):
        if name not in (env or {}):
            environment.pop(name, None)
    with subprocess.Popen([PSGCTL, *map(str, args)], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                          env=environment) as process:
        os.close(slave)
        text = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
            if not piece:
                break
            text += piece
    os.close(master)
    return text.decode().replace("\r\n", "\n")


def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in ESCAPE.sub("", text))


# -- every command --

def test_every_command_has_an_example():
    assert set(NAMES) == set(EXAMPLES)


@pytest.mark.parametrize("name", NAMES)
def test_json_is_one_document(sample, name):
    """Done, refused, without a store, with a mistake on the command line."""
    args = example(sample, name)
    result = sample(*args, "--json")
    assert documents(result.out) == 1 and result.rc in expected(name), result
    none = Psgctl(os.path.join(os.path.dirname(sample.store), "none"))
    unmade = UNMADE.get(name, {4})
    for psgctl, words, rc in ((none, without_store(args), unmade), (sample, [*args, "--frobnicate"], {2}),
                              (sample, [*args, "one", "two", "three"], {1, 2})):
        result = psgctl(*words, "--json")
        assert result.rc in rc and documents(result.out) == 1, result
        if result.rc != 0 and "error" in result.json():
            assert result.refused() and result.refused().splitlines()[0] in result.err, result
        if result.rc == 2:
            assert result.json()["error"]["code"] == "Usage" and not result.out.startswith("Usage"), result


@pytest.mark.parametrize("how", [["help"], ["--help"], ["--version"], [], ["help", "assign"], ["assign", "--help"],
                                 ["help", "frobnicate"], ["frobnicate"], ["--frobnicate"]], ids=" ".join)
def test_json_of_the_help(psgctl, how):
    result = psgctl(*how, "--json")
    assert documents(result.out) == 1
    assert ("error" in result.json()) == (result.rc != 0), result


def test_json_has_no_colour(sample):
    assert "\x1b" not in sample.ok("--color", "always", "status", "--json").out


def exit_statuses():
    """The commands that may exit with 1, by the manual."""
    text = section(page("psgctl.8"), "EXIT STATUS").split("These commands alone")[1]
    return {name for names in re.findall(r"^\.It Ic (.*)$", text, re.M) for name in names.split(" , ")}


# Each refused for what the manual says.
REFUSALS = {
    "activate": ["Solo", "--user", "nobody", "--scope", "Host"], "check": ["--user", "nobody", "--group", GROUP],
    "deactivate": ["--id", "daemon/admin-999"], "doctor": ["sshd", "--pam-dir", "@/none"],
    "explain": ["nobody", "sshd"], "groups": ["Nope"], "recalculate": ["Nope"],
    "unenroll": [PERSON, "--id", "0123"], "unlock": ["never-heard-of"], "verify": [PERSON],
}
# What they are refused for needs a terminal (test_enroll.py), or a process that cannot be ended.
ELSEWHERE = {"enroll", "enforce"}


def test_exit_1_is_of_the_commands_that_the_manual_names(sample):
    assert set(REFUSALS) | ELSEWHERE == exit_statuses()
    for name, words in REFUSALS.items():
        words = [word.replace("@", os.path.dirname(sample.store)) for word in words]
        assert sample(name, *words).rc == 1, name


@pytest.mark.parametrize("name", NAMES)
def test_exit_2_and_4(sample, name):
    args = example(sample, name)
    for mistake in (["--frobnicate"], ["--store"], ["--color", "pink"]):
        result = sample(*args, *mistake)
        assert result.rc == 2 and "Usage: psgctl" in result.err and result.out == "", result
    if name not in UNMADE:
        none = Psgctl(os.path.join(os.path.dirname(sample.store), "none"))
        result = none(*without_store(args))
        assert result.rc == 4 and "init" in result.err and result.out == "", result


def emptied(psgctl, name):
    """The example with each of its words empty, and with each option of the command's help given an empty value."""
    args = example(psgctl, name)
    for at in range(1, len(args)):
        yield [*args[:at], "", *args[at + 1:]]
    for option in sorted(set(re.findall(r"(--[a-z-]+) [A-Z]", psgctl.ok(name, "--help").out))):
        yield [*args, option, ""]


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_word_breaks_nothing(sample, name):
    """A variable of a script that is not set."""
    for args in emptied(sample, name):
        for form in ([], ["--json"]):
            result = sample(*form, *args)
            assert 0 <= result.rc <= 4 and (result.out or result.err or not result.rc), result
            assert not form or documents(result.out) <= 1, result


@pytest.mark.parametrize("name", NAMES)
def test_output_that_is_not_written_is_an_error(sample, name):
    args = example(sample, name)
    whole = sample(*args)
    with open("/dev/full", "w", encoding="ascii") as full:
        result = sample(*args, stdout=full)
    assert result.rc == (4 if whole.out else whole.rc), (whole, result)
    if whole.out:
        assert "not all output was written" in result.err


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_that_left_hears_nothing(sample, name):
    """`psgctl … | head -1`."""
    args = example(sample, name)
    whole = sample(*args)
    receiver, sender = os.pipe()
    os.close(receiver)
    result = sample(*args, stdout=sender)
    os.close(sender)
    assert result.rc == (4 if whole.out else whole.rc) and "written" not in result.err, (whole, result)


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_asked_where_stdin_is_no_terminal(sample, name):
    """The terminal is there, as the controlling one; a question to it would wait for ever."""
    master, slave = pty.openpty()
    attach = lambda: (os.setsid(), fcntl.ioctl(slave, termios.TIOCSCTTY, 0))
    result = sample(*example(sample, name), preexec_fn=attach, timeout=20, stderr=subprocess.PIPE)
    os.close(slave)
    os.set_blocking(master, False)
    try:
        asked = os.read(master, 4096)
    except OSError:
        asked = b""
    os.close(master)
    assert asked == b"" and result.rc in expected(name), (asked, result)


# -- help --

def overview_rows():
    with open(os.path.join(REPO, "pam_psg/psgctl/overview.c"), encoding="utf-8") as file:
        table = re.search(r"entries\[\] = \{(.*?)^\};", file.read(), re.M | re.S).group(1)
    return re.findall(r'\{"(\w+)", (?:NULL|"(.*?)")\}', table)


def test_every_command_has_its_place_in_the_overview():
    rows = [name for name, brief in overview_rows() if brief]
    assert sorted(rows) == sorted(NAMES)
    assert "Others" not in {command["section"] for command in commands()}


def test_the_overview_fits_with_all_that_come():
    """24 lines: 5 are the usage, the last line, and two empty ones."""
    rows = overview_rows()
    assert len(rows) <= 2 * 18 and all(len(brief) <= 22 for _, brief in rows)
    shown = Psgctl("/nowhere")("help").out.splitlines()
    assert len(shown) <= 24 and max(map(len, shown)) <= 80
    for name in NAMES:
        assert sum(re.search(rf"  {name} ", line) is not None for line in shown) == 1, name


# -- suggestions --

@pytest.mark.parametrize("args, meant", [
    (["statsu"], "status"), (["asignments"], "assignments"), (["help", "enrol"], "enroll"),
    (["nassign"], "assign or unassign"),
    (["groups", "--jsno"], "--json"), (["assign", "a", "b", "--untli", "2030-01-01"], "--until"),
    (["assign", "a", "b", "--untli=2030-01-01"], "--until"), (["--stroe", "/x", "groups"], "--store"),
    (["enroll", "a", "--secretfile", "x"], "--secret-file"), (["--colour", "never", "groups"], "--color")])
def test_a_misspelt_word_of_the_command_line_is_2_with_what_is_meant(psgctl, args, meant):
    result = psgctl(*args)
    assert result.rc == 2 and f"did you mean {meant}" in result.err, result


@pytest.mark.parametrize("args", [["frobnicate"], ["groups", "--frobnicate"], ["groups", "-x"], ["x"]], ids=" ".join)
def test_what_is_near_nothing_gets_no_suggestion(psgctl, args):
    assert "did you mean" not in psgctl(*args).err


@pytest.mark.parametrize("args, rc, meant", [
    (["assign", PERSON, "Server_Opeartors"], 3, GROUP), (["groups", "server_operator"], 1, GROUP),
    (["activate", "Serve_Operators", "--user", PERSON], 1, GROUP),
    (["unlock", "deamon"], 1, PERSON), (["verify", "daemno"], 1, PERSON),
    (["unassign", "rooot", GROUP], 0, "root"), (["assign", "demon", GROUP], 0, PERSON),
    (["unassign", "daemno", GROUP], 0, PERSON), (["unenroll", "daemno"], 0, PERSON),
    (["deactivate", "--all", "--user", "daemno"], 0, PERSON), (["deactivate", "Server_Operator"], 0, GROUP),
    (["authenticators", "daemno"], 0, PERSON), (["enroll", "daemno"], 0, PERSON)])
def test_a_misspelt_name_gets_a_suggestion(sample, args, rc, meant):
    result = sample(*args)
    assert result.rc == rc and f"id you mean {meant}?" in result.err, result


def test_explain_suggests_in_its_notes(sample):
    notes = sample("explain", "daemno", "sshd", "--json").json()["notes"]
    assert f"there is no account daemno on this host; did you mean {PERSON}?" in notes


# -- colour --

@pytest.mark.parametrize("env, args, coloured", [
    ({}, [], True), ({"NO_COLOR": "1"}, [], False), ({"NO_COLOR": ""}, [], True), ({"TERM": "dumb"}, [], False),
    ({"TERM": ""}, [], False), ({}, ["--color", "never"], False), ({"NO_COLOR": "1"}, ["--color", "always"], True),
    ({}, ["--color=auto"], True)], ids=str)
def test_colour_on_a_terminal(sample, env, args, coloured):
    for command in (["check", "--user", "daemon", "--group", GROUP], ["groups"], ["explain", "daemon", "sshd"],
                    ["doctor", "sshd", "--pam-dir", os.path.dirname(sample.store)], ["help"]):
        assert bool(ESCAPE.search(on_terminal(sample, *args, *command, env=env))) == coloured, command


def test_no_colour_elsewhere_unless_asked_for(sample):
    plain = sample("check", "--user", "daemon", "--group", GROUP, env={"TERM": "xterm"})
    assert plain.out == "ACTIVATE NeedsActivation\n"
    coloured = sample("check", "--user", "daemon", "--group", GROUP, "--color", "always")
    assert coloured.out != plain.out and ESCAPE.sub("", coloured.out) == plain.out


@pytest.mark.parametrize("left, colour", [("40s", "\x1b[31m"), ("5m", "\x1b[33m"), ("1h", None)])
def test_what_is_soon_over_is_coloured(sample, left, colour):
    sample.ok("activate", GROUP, "--user", PERSON, "--scope", "Host", "--for", left, "--reason", "INC1 a test")
    text = on_terminal(sample, "status", columns=300)
    assert (colour in text) if colour else not re.search(r"\x1b\[3[0-9]m", text), text


def test_a_warning_is_coloured_on_its_own_stream(sample):
    assert "\x1b" in on_terminal(sample, "assign", "never-heard-of", GROUP)
    assert "\x1b" not in sample("assign", "never-heard-of", GROUP, env={"TERM": "xterm"}).err


# -- tables --

LABEL = "東京の運用チームの緊急アクセス and a good many more words than any terminal has room for"


@pytest.fixture
def labelled(psgctl, package):
    psgctl.init()
    made = package().permission_set("Tokyo_Operations_Emergency_Access", label=LABEL)
    for name, label in (("Tokyo", LABEL), ("Osaka", "cafe\u0301 au lait"), ("Kobe", "plain")):
        made.group(name, ["Tokyo_Operations_Emergency_Access"], requires=True, label=label)
    psgctl.deploy(made)
    return psgctl


@pytest.mark.parametrize("columns", [200, 80, 60, 45])
def test_a_table_fits_the_terminal(labelled, columns):
    text = on_terminal(labelled, "groups", columns=columns)
    lines = text.splitlines()
    assert max(map(width, lines)) <= columns, text
    for name in ("Tokyo", "Osaka", "Kobe"):
        assert re.search(rf"^{name} ", text, re.M)
    assert ("…" in text) == (columns < 200)
    assert "cafe\u0301 au" in text
    assert text.count("PERMISSIONS") == (1 if columns >= 60 else 3), text  # below each row where there is no room


def test_columns_stand_below_each_other_whatever_the_width_of_a_character(labelled):
    rows = ESCAPE.sub("", on_terminal(labelled, "groups", columns=200)).splitlines()
    ends = [width(row[:row.index(word)]) for row, word in zip(rows, ("STATUS", "Updated", "Updated", "Updated"))]
    assert len(set(ends)) == 1, rows


def test_columns_of_the_environment_go_before_the_terminals(labelled):
    assert max(map(width, on_terminal(labelled, "groups", env={"COLUMNS": "50"}).splitlines())) <= 50
    assert max(map(width, on_terminal(labelled, "groups", env={"COLUMNS": "x"}).splitlines())) > 50


def test_a_pipe_gets_everything(labelled):
    assert LABEL in labelled.ok("groups", env={"COLUMNS": "40"}).out


def test_what_is_to_be_copied_is_never_cut(sample):
    done = sample.ok("activate", GROUP, "--user", PERSON, "--scope", "Host", "--reason", "INC1 " + "why " * 30,
                     "--json").json()
    text = on_terminal(sample, "status", columns=50)
    assert f"ID {done['id']}" in text and PERSON in text and GROUP in text and "…" in text, text
    assert max(map(width, text.splitlines())) <= 50
