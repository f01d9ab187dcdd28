"""What the Tab key offers: `psgctl complete` by itself, and the real bash and zsh on a terminal."""

import os
import re
import shutil
import tempfile

import pexpect
import pytest

from conftest import PSGCTL, REPO
from person import PERSON, enroll, policy

COMPLETIONS = os.path.join(REPO, "conf", "completions")


def everywhere():
    """The options of every command, by the manual, which test_manual.py holds to the code."""
    with open(os.path.join(REPO, "man", "psgctl.8"), encoding="utf-8") as page:
        return {"--" + name for name in re.findall(r"^\.It Fl -([a-z]+)", page.read().split(".Sh COMMANDS")[0], re.M)}


EVERYWHERE = everywhere()


@pytest.fixture(name="store")
def fixture_store(psgctl, package):
    policy(psgctl, package)
    psgctl.ok("assign", PERSON, "Billing")
    psgctl.ok("assign", "%staff", "Everyone")
    psgctl.ok("assign", "gone", "Quiet")
    return psgctl


def offered(psgctl, *words, **more):
    done = psgctl("complete", "--", *words, **more)
    assert done.rc == 0 and done.err == "", done
    assert done.out.splitlines() == sorted(set(done.out.splitlines()))
    return set(done.out.split())


def test_commands_are_those_of_help(psgctl):
    assert offered(psgctl, "") == {"help", *(command["name"] for command in psgctl("help", "--json").json()["commands"])}
    assert offered(psgctl, "--json", "unas") == {"unassign"}
    assert offered(psgctl, "help", "rec") >= {"recalculate"}


def test_options_are_those_of_each_commands_help(psgctl):
    """All that is offered is there, and all that is there is offered."""
    for command in offered(psgctl, "") - {"help"}:
        usage = psgctl("help", command).out.split("\n\n")[0]
        assert offered(psgctl, command, "--") == set(re.findall(r"--[a-z-]+", usage)) | EVERYWHERE, command
    assert offered(psgctl, "-") == EVERYWHERE | {"--version"}


WORDS = {
    "groups ": {"Billing", "Quiet", "Everyone", "Bills", "Login", "Solo"},
    "recalculate ": {"Billing", "Quiet", "Everyone"},
    "recalculate Billing Q": {"Quiet"},
    "assign daemon E": {"Everyone"},
    "assign --until 2030-01-01 gon": {"gone"},
    "assign %sta": {"%staff"},
    "status gon": {"gone"},
    "status %": set(),
    "status gone ": set(),
    "check --user go": {"gone"},
    "check --user=go": {"--user=gone"},
    "check --group=Qu": {"--group=Quiet"},
    "enroll gone --algorithm ": {"SHA1", "SHA256", "SHA512"},
    "enroll gone --digits=": {"--digits=6", "--digits=7", "--digits=8"},
    "enroll gone --secret ": set(),
    "enroll gone --period ": set(),
    "activate Billing --scope ": {"Host"},
    "activate Billing --reason ": set(),
    "activate -- --sc": set(),
    "deploy ": {":files"},
    "assign --file ": {":files"},
    "retrieve --output ": {":directories"},
    "--store /nowhere groups ": set(),
    "policy ": {"install", "export"},
    "policy install ": {":files"},
    "groups --color ": {"auto", "always", "never"},
    "nonsense ": set(),
}


def test_words_of_the_store(store):
    assert {words: offered(store, *words.split(" ")) for words in WORDS} == WORDS


def test_ids(store):
    enrolled = enroll(store)["id"]
    store.ok("activate", "Billing", "--user", PERSON)
    active = store.ok("--json", "status").json()[0]["id"]
    assert offered(store, "deactivate", "--id", "") == {active}
    assert offered(store, "deactivate", "--user", PERSON, "--id", "") == {active}
    assert offered(store, "deactivate", "--user", "gone", "--id", "") == set()
    assert offered(store, "unenroll", PERSON, "--id", "") == {enrolled}
    assert offered(store, "unenroll", "gone", "--id", "") == set()
    store.ok("deactivate", "--all", "--user", PERSON)
    assert offered(store, "deactivate", "--id", "") == set()


def test_nothing_of_the_store_for_others_than_root(store):
    with tempfile.TemporaryDirectory(prefix="psgctl-") as folder:  # a clone may lie where only its owner goes
        os.chmod(folder, 0o755)
        nobody = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/",
                  "executable": shutil.copy(PSGCTL, folder)}
        for words in (["groups", ""], ["status", "gon"]):
            assert offered(store, *words, **nobody) == set()
        assert "groups" in offered(store, "", **nobody)


def test_what_a_shell_would_run_is_not_offered(store):
    for name in ("$(reboot)", "a;b", "a b", "`c`", "d'", "e*", "-f\\"):
        store("assign", name, "Billing")
    assert offered(store, "status", "") & {"gone", PERSON} == {"gone", PERSON}
    assert not re.search(r"[$;`'*\\]", store("complete", "status", "").out)


# -- the shells --

@pytest.fixture(name="path")
def fixture_path(tmp_path):
    """Where psgctl is found by its name, and zsh its function."""
    folder = tmp_path / "bin"
    folder.mkdir()
    os.symlink(PSGCTL, folder / "psgctl")
    shutil.copy(f"{COMPLETIONS}/_psgctl", folder)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "package.zip").write_text("")
    (tmp_path / "work" / "folder").mkdir()
    return folder


def start(psgctl, path, command, begin):
    """A shell that has read its completion; each line typed to it is shown by `line`, and not run."""
    environment = psgctl.environment(PATH=f"{path}:/usr/bin:/bin", PS1="", TERM="dumb", LC_ALL="C.UTF-8",
                                     ZDOTDIR=str(path), HOME=str(path))
    shell = pexpect.spawn(command[0], command[1:], env=environment, encoding="utf-8", timeout=20,
                          cwd=str(path.parent / "work"), dimensions=(50, 200))
    shell.sendline(begin + "; echo be''gun")
    shell.expect("begun\r\n")
    return shell


def completed(shell, line):
    """The command line as the shell has completed it, word by word: `psgctl` is a function that prints them there."""
    shell.send(line + "\t")
    shell.sendline(" ; echo en''d")
    shell.expect(r"<(.*?)>\r\n(?:.*?)end\r\n")
    return shell.match.group(1)


SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"],
             f". {COMPLETIONS}/psgctl.bash; bind 'set bell-style none'; bind 'set enable-bracketed-paste off'"),
    "zsh": (["zsh", "-f", "-i"],
            "unsetopt zle_bracketed_paste prompt_cr; PS1=; fpath=($ZDOTDIR $fpath); autoload -Uz compinit; "
            "compinit -D"),
}
LINES = {"psgctl unas": "unassign", "psgctl groups Bil": "groups|Bill", "psgctl groups Billi": "groups|Billing",
         "psgctl check --user gon": "check|--user|gone", "psgctl check --user=gon": "check|--user=gone",
         "psgctl --json groups Qui": "--json|groups|Quiet",
         "psgctl enroll gone --algorithm SHA2": "enroll|gone|--algorithm|SHA256",
         "psgctl assign %sta": "assign|%staff", "psgctl deploy pack": "deploy|package.zip",
         "psgctl assign --file=pack": "assign|--file=package.zip",
         "psgctl retrieve --output fol": "retrieve|--output|folder"}


@pytest.mark.parametrize("name", SHELLS)
def test_shell(store, path, name):
    assert shutil.which(name), f"{name} is not installed: make deps"
    command, begin = SHELLS[name]
    # The function prints what was typed; `complete` is still asked of the program.
    function = "psgctl() { case $1 in complete) command psgctl \"$@\";; *) local IFS='|'; echo \"<$*>\";; esac; }"
    shell = start(store, path, command, f"{begin}; {function}")
    found = {line: completed(shell, line).rstrip("/") for line in LINES}
    shell.close(force=True)
    assert found == LINES
