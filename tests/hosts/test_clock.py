"""False clocks under real programs: the wall clock ten years off, time namespaces, a machine that was suspended.

The wall clock is a preloaded library's (wallclock.c): the host's is never set. The boot clock is a
time namespace's."""

import os
import subprocess

import pytest

import world
from drive import answer, as_person
from machine import totp

STACK = "auth required pam_psg.so\naccount required pam_psg.so\nsession required pam_psg.so\n"
TEN_YEARS = 3653 * 86400
OFFSET = f"{world.ROOT}/tmp/wallclock"
HOUR = 3600


class Clock:
    """What the programs below take for the time."""

    def __init__(self, machine):
        self.machine, self.prefix = machine, ["env", "LD_PRELOAD=" + self.library()]
        self.set(0)

    @staticmethod
    def library():
        path = f"{world.ROOT}/tmp/wallclock.so"
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wallclock.c")
        subprocess.run([os.environ.get("CC", "gcc"), "-std=gnu11", "-O1", "-D_GNU_SOURCE", "-shared", "-fPIC",
                        "-Wall", "-o", path, source, "-ldl"], check=True)
        return path

    def set(self, seconds):
        self.offset = seconds
        self.machine.write(OFFSET, f"{seconds}\n")

    def code(self, person, steps=0):
        """The code that a phone with the same false clock would show."""
        now = int(subprocess.run(["date", "+%s"], capture_output=True, text=True, check=True).stdout) + self.offset
        return totp(person.secret, now // person.PERIOD + steps)


@pytest.fixture(name="clock", scope="module")
def fixture_clock(the_machine):
    yield Clock(the_machine)
    os.unlink(OFFSET)


@pytest.fixture(name="person")
def fixture_person(machine, clock):
    machine.deploy(scope="Host", lifetime="PT1H", attempts=3)
    machine.stack_text("sshd", STACK)
    clock.set(0)
    return machine.person()


def shifted(seconds):
    """The start of a command line in which the boot clock is `seconds` ahead."""
    return ["unshare", "--time", "--boottime", str(seconds), "--monotonic", str(seconds), "--fork"]


def probed(tools, clock, person, *what, prefix=()):
    got = tools.probe("sshd", person, *what, prefix=[*prefix, *clock.prefix])
    return tuple(got[name] for name in ("authenticate", "acct_mgmt", "open_session") if name in got)


def is_in(tools, clock, person, prefix=()):
    account, opened = probed(tools, clock, person, "acct_mgmt", "open_session", prefix=prefix)
    assert account == opened and account in (0, 6)
    return account == 0


@pytest.mark.parametrize("jump", [TEN_YEARS, -TEN_YEARS], ids=["ahead", "back"])
def test_the_wall_clock_jumps_while_active(tools, clock, person, jump):
    """Ahead: over. Back: no longer than without. And right again: as it was, by the boot clock."""
    assert probed(tools, clock, person, "answer=" + clock.code(person), "authenticate", "acct_mgmt") == (0, 0)
    clock.set(jump)
    assert is_in(tools, clock, person) == (jump < 0)
    clock.set(0)
    # Who saw it lapse has put that down: it stays over.
    assert is_in(tools, clock, person) == (jump < 0)
    clock.set(jump)
    # The boot clock is past the lapse: whatever the wall clock says, it is over.
    assert not is_in(tools, clock, person, shifted(HOUR + 5))


@pytest.mark.parametrize("jump", [TEN_YEARS, -TEN_YEARS], ids=["ahead", "back"])
def test_made_under_a_false_clock(tools, clock, person, jump):
    """An hour is an hour of the boot clock, and no code is good twice, whichever way the clock is set then."""
    clock.set(jump)
    code = clock.code(person)
    assert probed(tools, clock, person, "answer=" + code, "authenticate", "acct_mgmt") == (0, 0)
    clock.set(0)
    assert is_in(tools, clock, person) == (jump > 0)
    assert not is_in(tools, clock, person, shifted(HOUR + 5))
    clock.set(jump)
    # Ended, so that it is the code that is asked about.
    person.lapse()
    assert probed(tools, clock, person, "answer=" + code, "authenticate") == (7,)
    assert probed(tools, clock, person, "answer=" + clock.code(person, -1), "authenticate") == (7,)


def test_a_clock_that_was_ahead_says_so(machine, tools, clock, person):
    """Codes of now are not taken after one of ten years hence; the text says why and a new authenticator helps."""
    clock.set(TEN_YEARS)
    assert probed(tools, clock, person, "answer=" + clock.code(person), "authenticate") == (0,)
    person.lapse()
    clock.set(0)
    got = tools.probe("sshd", person, "answer=" + clock.code(person), "authenticate")
    assert got["authenticate"] == 7 and "a clock was wrong" in got["text_lines"][-1]
    person.enroll()
    machine.psgctl("unlock", person.name)
    assert probed(tools, clock, person, "answer=" + clock.code(person), "authenticate") == (0,)


@pytest.mark.parametrize("jump", [TEN_YEARS, -TEN_YEARS, -70 * 365 * 86400], ids=["ahead", "back", "before 1970"])
def test_the_throttle(tools, clock, person, jump):
    """It neither vanishes nor lasts: 30 s of the boot clock, suspended or not."""
    for _ in range(3):
        assert probed(tools, clock, person, "answer=" + person.wrong_code(), "authenticate") == (7,)
    assert probed(tools, clock, person, "answer=" + clock.code(person), "authenticate") == (11,)
    clock.set(jump)
    code = clock.code(person) if jump >= -TEN_YEARS else "123456"
    throttled = probed(tools, clock, person, "answer=" + code, "authenticate")
    assert throttled == ((11,) if jump >= -TEN_YEARS else (9,))
    clock.set(0)
    assert probed(tools, clock, person, "answer=" + clock.code(person), "authenticate") == (11,)
    assert probed(tools, clock, person, "answer=" + clock.code(person), "authenticate", prefix=shifted(31)) == (0,)


def test_suspended_past_the_lapse(tools, clock, person):
    """CLOCK_BOOTTIME goes on in a suspend: a laptop that wakes has no activation left."""
    assert probed(tools, clock, person, "answer=" + clock.code(person), "authenticate") == (0,)
    assert is_in(tools, clock, person, shifted(HOUR - 100))
    assert not is_in(tools, clock, person, shifted(HOUR + 1))


@pytest.mark.parametrize("offset", [-HOUR // 2, -10 * HOUR, 10 * HOUR])
def test_a_time_namespace_lengthens_nothing(tools, clock, person, offset):
    """Made on one side and judged on the other: never past the hour of the wall clock, which has no namespace."""
    uptime = float(open("/proc/uptime", encoding="ascii").read().split()[0])
    if uptime + offset < 60:  # a boot clock is never set before its boot
        offset = -int(uptime) // 2
    code = "answer=" + clock.code(person)
    assert probed(tools, clock, person, code, "authenticate", prefix=shifted(offset)) == (0,)
    for wall, boot in ((HOUR, 0), (HOUR, offset), (HOUR, -abs(offset) // 2)):
        clock.set(wall)
        prefix = shifted(boot) if uptime + boot > 60 else []
        assert not is_in(tools, clock, person, prefix), (wall, boot)
    clock.set(0)


def test_nobody_brings_his_own_boot_clock(machine, person):
    """A user makes a time namespace with a user namespace only, and in that su is not root."""
    machine.stack_text("su", "auth required pam_permit.so\naccount requisite pam_psg.so\n"
                       "session requisite pam_psg.so\n")
    mark = f"{world.ROOT}/tmp/mark"
    person.activate_host()
    su = ["su", "root", "-c", "touch " + mark]
    assert answer(as_person(person, *su))[0] == 0 and os.path.exists(mark)
    os.unlink(mark)
    person.lapse()
    own = ["unshare", "--user", "--map-root-user", "--time", "--boottime", "-10", "--fork"]
    for inside in (su, ["sh", "-c", "id -u; exec su root -c 'touch " + mark + "'"],
                   ["sudo", "touch", mark], ["env", "PSG=1", *su]):
        answer(as_person(person, *own, *inside))
        assert not os.path.exists(mark) or os.stat(mark).st_uid == person.uid, inside
    assert machine.psgctl("status", person.name).stdout.strip() == "" or "Operators" not in machine.psgctl(
        "status", person.name).stdout
