"""The whole run moves into the private machine of world.py, once; each test finds it fresh."""

import os
import re
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import world  # noqa: E402
from drive import Sshd  # noqa: E402
from inside import prepare  # noqa: E402
from machine import Machine  # noqa: E402

INSIDE = os.environ.get("PSG_WORLD") == "1"
REASON = None if INSIDE else world.why_not()


def pytest_cmdline_main(config):
    if INSIDE or REASON or config.option.collectonly or config.option.help:
        return None
    sys.stdout.flush()
    sys.stderr.flush()
    return world.enter([sys.executable, "-m", "pytest", *config.invocation_params.args])


def pytest_collection_modifyitems(items):
    # The look back at the host comes after everything that could have touched it.
    items.sort(key=lambda item: "test_untouched" in item.nodeid)


def pytest_report_header():
    return "hosts: the private machine" if INSIDE else f"hosts: SKIPPED, {REASON or 'not entered: name tests/hosts on the command line'}"


@pytest.fixture(scope="session")
def the_machine():
    if not INSIDE:
        reason = f"no private machine: {REASON or 'name tests/hosts on the command line'}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return Machine()


@pytest.fixture
def machine(the_machine):
    the_machine.fresh()
    return the_machine


@pytest.fixture
def sshd():
    """Starts a real sshd: sshd("psg-password-code"), or sshd(settings=…); stopped at the test's end."""
    running = []

    def start(snippet=None, settings=""):
        running.append(Sshd(snippet, settings))
        return running[-1]
    yield start
    for server in running:
        server.__exit__()


class Tools:
    """The C helpers of this directory, compiled once."""

    def __init__(self):
        for name in ("evade", "probe", "race", "setcred", "stop_at", "untouched"):
            subprocess.run([os.environ.get("CC", "gcc"), "-std=gnu11", "-O1", "-D_GNU_SOURCE", "-Wall", "-Wextra",
                            "-o", self.path(name), f"{HERE}/{name}.c", "-lpam", "-lutil", "-lpthread"], check=True)

    @staticmethod
    def path(name):
        return f"{world.ROOT}/tmp/{name}"

    def setcred(self, service, person, *steps):
        """The process's groups before the first and after each of setcred.c's steps."""
        done = subprocess.run([self.path("setcred"), service, person.name, *steps], capture_output=True,
                              text=True, check=True, timeout=60, stdin=subprocess.DEVNULL)
        lines = done.stdout.splitlines()
        assert all(line.startswith("groups=") for line in lines), done.stdout
        return [{int(word) for word in line[len("groups="):].split()} for line in lines]

    def probe(self, service, person, *arguments, prefix=()):
        """What libpam's functions return: {"acct_mgmt": 6, …, "prompts": 1}; texts and prompts as lists.
        `prefix`: the start of a command line that makes it somebody else's process."""
        done = subprocess.run([*prefix, self.path("probe"), service, person.name, *arguments], text=True, check=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, start_new_session=True)
        lines = re.findall(r"^(\w+)=(.*)$", done.stdout, re.M)
        result = {key: int(value) for key, value in lines if key not in ("text", "prompt")}
        for kind in ("text", "prompt"):
            result[kind + "_lines"] = [value for key, value in lines if key == kind]
        return result


@pytest.fixture(scope="session")
def tools(the_machine):
    return Tools()


@pytest.fixture
def person(machine):
    return machine.person()


@pytest.fixture(params=[True, False], ids=["audit", "lineage"])
def audit(machine, request):
    """The test with and without audit session ids; sudo asks for nothing of its own (inside.py)."""
    prepare(machine, request.param)
    return request.param
