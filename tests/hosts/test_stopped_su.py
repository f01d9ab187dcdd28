"""A lock is a weapon: su keeps its caller's real uid while PAM runs, so any user may stop it anywhere.

An unprivileged user starts su and stops it at its n-th system call since pam_psg.so was loaded, for
every n, and leaves it there. Whatever name it holds or was about to make, the person whose account
it is and everybody else must still get in with a code.

Calls that only read are passed over: whoever is stopped at one has left to others exactly what was
left at the next call that changes anything. `make soak` stops at every single one, so as to see that."""

import glob
import itertools
import os
import resource
import subprocess

import pytest

from soak import soak

STACK = "auth required pam_psg.so{0}\naccount required pam_psg.so{0}\nsession required pam_psg.so{0}\n"
CALLS = soak("changing", "every")
TOGETHER = 8  # stopped at once, before the others' turn; each with a code of its own, of one window


class Stopped:
    """One su, stopped at its n-th call (or run to its end), held until closed."""

    def __init__(self, tools, caller, number, code, target):
        self.process = subprocess.Popen(
            [tools.path("stop_at"), str(caller.uid), "pam_psg.so", CALLS, str(number), code, "/bin/su", target.name,
             "-c", "true"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.said = self.process.stdout.readline().strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


def opens(tools, person):
    got = tools.probe("sshd", person, "answer=" + person.code(), "authenticate", "acct_mgmt", "open_session",
                      "close_session")
    return (got["authenticate"], got["acct_mgmt"], got["open_session"]) == (0, 0, 0)


# The caller names another's account and guesses; has that one's phone; uses his own code in the shipped stack.
@pytest.mark.parametrize("stack,typed", [(" subject=user", "wrong"), (" subject=user", "right"), ("", "own")])
def test_a_stopped_su_keeps_nobody_out(machine, tools, stack, typed):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    machine.deploy(attempts=100)
    machine.stack_text("sshd", STACK.format(""))
    machine.stack_text("su", STACK.format(stack))
    caller, victim, bystander = machine.person(), machine.person(), machine.person()
    code = {"wrong": victim.wrong_code, "right": victim.code, "own": caller.code}[typed]
    kept_out_of = caller if typed == "own" else victim
    stopped = []
    try:
        for first in itertools.count(1, TOGETHER):
            for person in (kept_out_of, bystander):
                # Else each round reads the names of all before it, and makes more calls than the last one.
                for spent in glob.glob(f"/var/lib/psg/people/{person.name}/spent/*"):
                    os.unlink(spent)
                person.enroll()
                machine.psgctl("unlock", person.name)
            # One after the other: of two codes that are typed at once the later one spends both.
            for number in range(first, first + TOGETHER):
                stopped.append(Stopped(tools, caller, number, code(), victim))
                if stopped[-1].said.startswith("ended"):
                    break
            for person in (kept_out_of, bystander):
                assert opens(tools, person), f"{person.name} is kept out by a su stopped at call {first} or after"
            if stopped[-1].said.startswith("ended"):
                break
        assert (stopped[-1].said == "ended 0") == (typed != "wrong"), stopped[-1].said
        assert len(stopped) > 20, "the module was hardly run"
    finally:
        for su in stopped:
            su.close()
