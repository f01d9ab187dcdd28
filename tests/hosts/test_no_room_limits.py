"""The caller's own limits, which su takes over while it asks the module: whatever number they are set to, nobody gets
in by them, what is refused is refused with the limit's name where one was in the way, and without them all is well."""

import pytest

from drive import answer, as_person
from soak import soak
from test_pamtester import MODULE_ALONE

IN = "echo in $((40 + 2))"
MIB = 1 << 20


def numbers(quick, first, last, step):
    return soak(quick, list(range(first, last, step)))


LIMITS = {
    "fsize": numbers([0, 300], 0, 1200, 40),
    "nofile": numbers([5, 7, 9], 3, 16, 1),
    "as": numbers([4 * MIB, 7 * MIB], MIB, 12 * MIB, MIB // 2),
    "data": numbers([100000, 400000], 0, MIB, 65536),
    "stack": numbers([65536], 4096, 256 * 1024, 16384),
    "cpu": [0, 1],
    "nproc": [0, 1],
    "memlock": [0],
}
# What is said at one of them at least.
SAID = {"fsize": "the file size limit of this process is too low", "nofile": "too many open files"}


@pytest.fixture(name="people")
def fixture_people(machine):
    machine.deploy(attempts=100, scope="Host")
    machine.stack_text("su", MODULE_ALONE)
    return machine.person(), machine.person(assigned=False, enrolled=False)


def su(caller, other, code, resource=None, value=None):
    """Whether the caller got in, and what was said."""
    # Python ignores SIGXFSZ, a shell does not; ignored, a write at the limit would just fail.
    limit = [] if resource is None else ["env", "--default-signal=XFSZ", "prlimit", f"--{resource}={value}"]
    status, output, _ = answer(as_person(caller, *limit, "su", other.name, "-s", "/bin/sh", "-c", IN), [code])
    # A shell that the limit kills was let in all the same.
    came_in = "in 42" in output or "failed to execute" in output or "cannot set user id" in output
    assert came_in or status != 0, output
    return came_in, output


@pytest.mark.parametrize("resource", LIMITS)
def test_under_every_limit(machine, people, resource):
    caller, other = people
    said = ""
    for number, value in enumerate(LIMITS[resource]):
        if number % 6 == 5:
            caller.enroll()
        machine.psgctl("deactivate", "--all", "--user", caller.name)
        assert not su(caller, other, caller.wrong_code(), resource, value)[0], (resource, value)
        assert caller.status() == [], (resource, value)
        came_in, output = su(caller, other, caller.code(), resource, value)
        said += output
        assert not came_in or len(caller.status()) == 1, (resource, value, output)
        assert "could not decide" not in output or caller.status() == [], (resource, value, output)
    if resource in SAID:
        assert SAID[resource] in said + machine.syslog(), said
    machine.psgctl("deactivate", "--all", "--user", caller.name)
    assert su(caller, other, caller.code())[0], "without the limit"


def test_what_is_live_outlives_a_limit(machine, people):
    """The activation from before stands when a limit shut the door; and no limit makes one for a stranger."""
    caller, other = people
    machine.stack_text("su", MODULE_ALONE.replace("auth required", "auth sufficient pam_permit.so\nauth required", 1))
    caller.activate_host()
    stranger = machine.person(assigned=False, enrolled=False)
    for resource, values in LIMITS.items():
        for value in values[:soak(1, len(values))]:
            assert not su(stranger, other, "", resource, value)[0], (resource, value)
            su(caller, other, "", resource, value)
    assert len(caller.status()) == 1 and su(caller, other, "")[0]
