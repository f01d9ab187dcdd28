"""Rolling out: permissive lets everybody pass, and `psgctl log --would-deny` says who would not have, and why."""

import subprocess

import pytest

from machine import CONF, GROUP


@pytest.fixture
def permissive(machine, sshd):
    """The shipped ssh stack, watching only."""
    machine.deploy()
    shipped = machine.read(f"{CONF}/pam.d/sshd-password")

    def start():
        server = sshd("psg-password-code")
        machine.stack_text("sshd", shipped.replace("pam_psg.so", "pam_psg.so permissive"))
        return server
    return start


def denied(machine, *args):
    return {row["userName"]: row for row in machine.psgctl_json("log", "--would-deny", *args)}


def test_who_would_have_been_kept_out(machine, permissive):
    ready, bare = machine.person(), machine.person(enrolled=False)
    stranger = machine.person(assigned=False, enrolled=False)
    server = permissive()
    assert denied(machine) == {}
    for person, codes in ((ready, [ready.code()]), (bare, []), (stranger, []), (stranger, [])):
        done = server.run(person, "echo in", codes=codes)
        assert (done.returncode, done.stdout) == (0, "in\n"), (person.name, done.stderr)
    rows = denied(machine)
    assert set(rows) == {bare.name, stranger.name}
    assert {row["service"] for row in rows.values()} == {"sshd"}
    assert rows[bare.name]["reason"].startswith("no authenticator") or rows[bare.name]["reason"] == "NeedsActivation"
    assert rows[bare.name]["next"] == f"psgctl enroll {bare.name}" and rows[bare.name]["times"] == 1
    assert rows[stranger.name]["reason"] in ("Unassigned", "NotServed") and rows[stranger.name]["times"] == 2
    assert rows[stranger.name]["next"].startswith(f"psgctl assign {stranger.name} {GROUP}")
    # What it says is to be done, done: the list says so.
    stranger.assign()
    stranger.enroll()
    assert "gives a code" in denied(machine)[stranger.name]["next"]
    text = machine.psgctl("log", "--would-deny").stdout
    assert text.splitlines()[0].split() == ["USER", "SERVICE", "TIMES", "FIRST", "LAST", "WHY", "NEXT"]


def test_a_flood_is_held_back_and_a_strangers_name_is_not_kept(machine):
    """The gate alone and permissive, asked again and again."""
    machine.deploy()
    person = machine.person(assigned=False, enrolled=False)
    machine.stack_text("gate", "account required pam_psg.so permissive application=sshd\n")
    for name in (person.name, "nobody-of-that-name"):
        for _ in range(14):
            subprocess.run(["pamtester", "gate", name, "acct_mgmt"], check=True, capture_output=True)
    (row,) = machine.psgctl_json("log", "--would-deny")
    assert row["userName"] == person.name and row["times"] == 11 and row["reason"] in ("Unassigned", "NotServed")
    assert "nobody-of-that-name" in machine.syslog()
