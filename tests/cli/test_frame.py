"""psgctl's frame: help, options, exit statuses, and what it makes of the process it is started in."""

import os
import re
import resource
import shutil
import subprocess
import tempfile

import pytest

from conftest import PSGCTL
from policies import set_policy_version

# Each command that reads or writes the store, with operands that its grammar accepts.
WITH_STORE = [["deploy", "."], ["recalculate"], ["groups"], ["groups", "Any"], ["assign", "al", "Any"],
              ["unassign", "al", "Any"], ["assignments"], ["assignments", "--user", "al"], ["log"]]


def commands(psgctl):
    return [command["name"] for command in psgctl("help", "--json").json()["commands"]]


# -- help --

def test_every_help_fits_a_screen(psgctl):
    for command in commands(psgctl):
        text = psgctl("help", command).out
        wide = [line for line in text.splitlines() if len(line) > 80]
        assert not wide and text.count("\n") <= 24, (command, wide)


def test_alone_it_prints_a_screen_of_help_and_exits_2(psgctl):
    result = psgctl()
    assert result.rc == 2 and result.out == ""
    lines = result.err.splitlines()
    assert len(lines) <= 28 and max(map(len, lines)) <= 80
    assert lines[0].startswith("Usage: psgctl ")


@pytest.mark.parametrize("how", [["help"], ["--help"], ["-h"]])
def test_help_is_the_same_screen_on_stdout(psgctl, how):
    result = psgctl(*how)
    assert result.rc == 0 and result.err == ""
    assert result.out == psgctl().err


def test_every_command_has_its_help(psgctl):
    names = commands(psgctl)
    assert {"init", "deploy", "groups", "assign", "log", "explain"} <= set(names)
    for name in names:
        result = psgctl("help", name)
        assert result.rc == 0 and result.err == ""
        assert result.out.startswith(f"Usage: psgctl {name}")
        assert psgctl(name, "--help").out == result.out
        assert psgctl(name, "--help").rc == 0


def test_help_of_what_is_not_there(psgctl):
    result = psgctl("help", "deplyo")
    assert result.rc == 2 and "did you mean deploy?" in result.err and result.out == ""


def test_version(psgctl):
    result = psgctl("--version")
    assert result.rc == 0 and re.fullmatch(r"psgctl \d+\.\d+\.\d+\n", result.out)


@pytest.mark.parametrize("typed, meant", [
    ("stauts", "status"), ("deplyo", "deploy"), ("asign", "assign"), ("group", "groups"),
    ("Deploy", "deploy"), ("enrol", "enroll"), ("auth", "authenticators"),
    ("atcivaet", "activate"), ("recalc", "recalculate")])
def test_a_misspelt_command_gets_a_suggestion(psgctl, typed, meant):
    result = psgctl(typed)
    assert result.rc == 2 and f"did you mean {meant}?" in result.err


def test_a_wild_command_gets_none(psgctl):
    result = psgctl("frobnicate\x1b[31m")
    assert result.rc == 2 and "did you mean" not in result.err and "psgctl help" in result.err
    assert "\x1b" not in result.err


# -- options --

@pytest.mark.parametrize("args, problem", [
    (["groups", "--jsn"], "unknown option: --jsn"),
    (["groups", "--js"], "unknown option: --js"),  # no abbreviations: a later option would change them
    (["deploy", ".", "--forced"], "unknown option: --forced"),
    (["groups", "-j"], "unknown option: -j"),
    (["--colour", "groups"], "unknown option: --colour"),
    (["groups", "--json=yes"], "takes no value: --json=yes"),
    (["groups", "--store"], "needs a value: --store"),
    (["groups", "--store="], "needs a directory"),
    (["--key=", "groups"], "needs a file"),
    (["groups", "A", "B"], "one argument too many: B"),
    (["assign", "alice"], "assign needs ASSIGNEE and NAME, or --file"),
    (["explain", "alice"], "needs more arguments"),
    (["deploy"], "needs an argument"),
    (["init", "here"], "one argument too many: here"),
    (["assign", "alice", "Any", "--until"], "needs a value: --until"),
])
def test_mistakes_are_2_with_the_usage(psgctl, args, problem):
    result = psgctl(*args)
    assert result.rc == 2 and problem in result.err and "Usage: psgctl" in result.err
    assert result.out == ""
    assert not os.path.exists(psgctl.store)


def test_global_options_before_and_after_the_command(psgctl, tmp_path):
    store = str(tmp_path / "other")
    assert psgctl("--store", store, "init").rc == 0
    for args in (["--store", store, "--json", "groups"], ["groups", "--json", "--store", store],
                 ["--json", "groups", f"--store={store}"],
                 ["--store", "/nowhere", "groups", "--store", store, "--json"]):
        result = psgctl(*args)
        assert result.rc == 0 and result.json() == [], result


def test_psg_store_is_the_default_and_store_goes_before(psgctl, tmp_path):
    psgctl.init()
    assert psgctl("groups").rc == 0
    assert psgctl("groups", "--store", tmp_path / "none").rc == 4
    result = psgctl("groups", env={"PSG_STORE": str(tmp_path / "none")})
    assert result.rc == 4 and str(tmp_path / "none") in result.err


def test_a_relative_store(psgctl, tmp_path):
    result = psgctl("--store", "here", "init", cwd=tmp_path)
    assert result.rc == 0 and (tmp_path / "here" / "policy").exists()
    assert (tmp_path / "here" / "key").exists()
    assert psgctl("--store", "./here", "groups", cwd=tmp_path).rc == 0


def test_a_key_of_its_own(psgctl, tmp_path):
    key = tmp_path / "elsewhere"
    result = psgctl("init", "--key", key)
    assert result.rc == 0 and key.exists() and not os.path.exists(psgctl.store + "/key")
    assert oct(key.stat().st_mode & 0o7777) == "0o600"


def test_init_in_a_folder_that_is_there(psgctl):
    """Made for it, a mount point perhaps: nothing was ever sealed, so no key is missing. Later it is."""
    os.mkdir(psgctl.store, 0o700)
    result = psgctl("init")
    assert result.rc == 0 and result.err == ""
    os.remove(psgctl.store + "/key")
    assert "no longer open" in psgctl("init").err


def test_init_where_an_image_is_built(psgctl):
    """No /proc is mounted there."""
    assert psgctl.in_namespace("umount -l /proc", "init").rc == 0
    assert psgctl("groups").rc == 0
    assert not [name for name in os.listdir(psgctl.store) if name.startswith(".")]


def test_two_dashes_end_the_options(psgctl):
    psgctl.init()
    result = psgctl("groups", "--", "--json")
    assert result.rc == 1 and "there is no permission set group or permission set --json" in result.err


# -- the store --

@pytest.mark.parametrize("args", WITH_STORE, ids=" ".join)
def test_without_a_store_4_and_the_way_out(psgctl, args):
    result = psgctl(*args)
    assert result.rc == 4 and result.out == ""
    assert psgctl.store in result.err and f"psgctl --store {psgctl.store} init" in result.err
    assert not os.path.exists(psgctl.store)


@pytest.fixture(scope="module")
def program_for_all():
    """psgctl where anybody reaches it: a clone may lie in a home that is its owner's alone."""
    with tempfile.TemporaryDirectory(prefix="psgctl-") as folder:
        os.chmod(folder, 0o755)
        yield shutil.copy(PSGCTL, folder)


@pytest.mark.parametrize("args", [["init"], *WITH_STORE], ids=" ".join)
def test_somebody_else_is_told_to_be_root(psgctl, program_for_all, args):
    psgctl.init()
    os.chmod(os.path.dirname(psgctl.store), 0o711)
    before = psgctl.policy_bytes()
    nobody = lambda: (os.setgroups([]), os.setresgid(65534, 65534, 65534),
                      os.setresuid(65534, 65534, 65534))
    result = psgctl(*args, preexec_fn=nobody, cwd="/", executable=program_for_all)
    assert result.rc == 4 and "as root" in result.err and "65534" in result.err, result
    assert psgctl.policy_bytes() == before


def test_a_store_of_somebody_else_is_refused_by_name(psgctl):
    psgctl.init()
    os.chown(psgctl.store, 1234, 0)
    result = psgctl("groups")
    assert result.rc == 4 and "uid 1234" in result.err and "root" in result.err


def test_a_store_that_others_may_read_is_refused_by_its_mode(psgctl):
    psgctl.init()
    os.chmod(psgctl.store, 0o755)
    result = psgctl("groups")
    assert result.rc == 4 and "0755" in result.err and "0700" in result.err


def test_a_damaged_policy_is_4_everywhere(psgctl):
    psgctl.init()
    with open(psgctl.store + "/policy", "r+b") as file:
        file.truncate(1000)
    for args in WITH_STORE[:-1]:
        result = psgctl(*args)
        assert result.rc == 4 and "backup" in result.err, result
    assert psgctl("init").rc == 4
    assert os.path.getsize(psgctl.store + "/policy") == 1000


@pytest.mark.parametrize("args", WITH_STORE[:-1], ids=" ".join)
def test_a_policy_of_a_newer_version_is_refused_and_kept(psgctl, args):
    psgctl.init()
    set_policy_version(psgctl.store + "/policy", 3)
    assert psgctl("groups").rc == 0  # the tool above writes what psgctl reads
    set_policy_version(psgctl.store + "/policy", 99)
    before = psgctl.policy_bytes()
    result = psgctl(*args)
    assert result.rc == 4 and "newer" in result.err and "upgrade" in result.err
    assert psgctl.policy_bytes() == before


@pytest.mark.parametrize("args", WITH_STORE[:-1], ids=" ".join)
def test_a_policy_of_an_earlier_version_is_refused_and_kept(psgctl, args):
    psgctl.init()
    set_policy_version(psgctl.store + "/policy", 2)
    before = psgctl.policy_bytes()
    result = psgctl(*args)
    assert result.rc == 4 and result.err.endswith(
        f": {psgctl.store}: written by an earlier version of pam_psg\n"
        f"psgctl: its form is no longer read: move {psgctl.store}/policy away, then init, deploy and assign again; "
        "the psgctl that wrote it lists what was assigned\n")
    assert psgctl.policy_bytes() == before


# -- the process --

def test_json_is_alone_on_stdout_and_people_are_told_on_stderr(psgctl):
    psgctl.init()
    result = psgctl("groups", "Nope", "--json")
    assert result.rc == 1 and "Nope" in result.err and "Nope" in result.refused()
    result = psgctl("init", "--json")
    assert result.rc == 0 and result.err == "" and result.json()["created"] is False


def test_full_stdout(psgctl):
    psgctl.init()
    with open("/dev/full", "w", encoding="ascii") as full:
        for args in (["groups"], ["groups", "--json"], ["help"], ["--version"], ["log"]):
            result = psgctl(*args, stdout=full)
            assert result.rc == 4 and "output" in result.err, result


def test_closed_pipe(psgctl, package):
    """A reader that left is no reason to leave a deployment half done, nor to die of a signal."""
    psgctl.init()
    for number in range(2):
        receiver, sender = os.pipe()
        os.close(receiver)
        directory = package(f"p{number}").permission_set(f"Set_{number}", apps=["sshd"])
        result = psgctl("deploy", directory, stdout=sender)
        os.close(sender)
        assert result.rc == 4 and result.err == ""
        assert psgctl("groups", f"Set_{number}").rc == 0


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_started_with_closed_descriptors(psgctl, package, closed):
    """Else the policy or the lock would be descriptor 1 or 2, and messages would be written into it."""
    psgctl.init()
    close = lambda: [os.close(fd) for fd in closed]
    good = package("good").permission_set("Good", apps=["sshd"])
    bad = package("bad").file("permissionsets/Bad.permissionset", "<oops")
    pipes = {"stdin": None, "stdout": None if 1 in closed else subprocess.PIPE,
             "stderr": None if 2 in closed else subprocess.PIPE}
    for directory, rc in ((bad, 3), (good, 0)):
        assert psgctl("deploy", directory, preexec_fn=close, **pipes).rc == rc
    assert psgctl.ok("groups", "Good", "--json").json()["fullName"] == "Good"


def test_the_umask_is_not_the_callers(psgctl, package):
    assert psgctl("init", preexec_fn=lambda: os.umask(0)).rc == 0
    assert psgctl("deploy", package().permission_set("A"), preexec_fn=lambda: os.umask(0o777)).rc == 0
    for folder, _, files in os.walk(psgctl.store):
        assert os.stat(folder).st_mode & 0o7777 == 0o700, folder
        for file in files:
            assert os.stat(os.path.join(folder, file)).st_mode & 0o7777 == 0o600, file


def test_a_file_size_limit_is_an_error_and_changes_nothing(psgctl, package):
    psgctl.init()
    before = psgctl.policy_bytes()
    directory = package().permission_set("A", apps=["sshd"])
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
    result = psgctl("deploy", directory, preexec_fn=limit)
    assert result.rc == 4 and "stays in force" in result.err
    assert psgctl.policy_bytes() == before
    assert psgctl.deploy(directory).out.count("created") == 2


def test_process_is_hardened(psgctl, tmp_path):
    """Before anything is opened: no core dump, not traceable, a private umask; pipes report, not kill."""
    trace = tmp_path / "trace"
    subprocess.run(["strace", "-o", trace, "-e",
                    "trace=prctl,prlimit64,setrlimit,umask,rt_sigaction,openat", PSGCTL, "help"],
                   env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, stdout=subprocess.DEVNULL,
                   check=True)
    calls = trace.read_text()
    assert "prctl(PR_SET_DUMPABLE, 0" in calls or "SUID_DUMP_DISABLE) = 0" in calls
    assert re.search(r"RLIMIT_CORE, \{rlim_cur=0, rlim_max=0\}", calls)
    assert "umask(077)" in calls
    assert re.search(r"SIGPIPE, \{sa_handler=SIG_IGN", calls)
    assert re.search(r"SIGXFSZ, \{sa_handler=SIG_IGN", calls)


def test_no_catalog_is_read(psgctl, package, tmp_path):
    """libxml2 would read what XML_CATALOG_FILES names."""
    catalog = tmp_path / "catalog"
    os.mkfifo(catalog)  # opening it would block for ever
    psgctl.init()
    result = psgctl("deploy", package().permission_set("A"), timeout=20,
                    env={"XML_CATALOG_FILES": f"file://{catalog}", "XML_DEBUG_CATALOG": "1"})
    assert result.rc == 0 and "atalog" not in result.err
