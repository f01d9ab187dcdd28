"""psgctl report over real logins: what it says is what happened."""

import copy

from machine import GROUP, wait_until


def test_what_logins_leave_in_it(machine, sshd):
    person, stranger, server = machine.person(), machine.person(assigned=False), sshd("psg-password-code")
    assert server.run(person, "true", codes=[person.wrong_code()]).returncode == 255
    assert server.run(person, "true", codes=[person.code()]).returncode == 0
    assert server.run(stranger, "true").returncode == 255
    assert wait_until(lambda: not person.status())
    said = machine.psgctl_json("report")
    [held] = [one for one in said["activations"] if one["userName"] == person.name]
    assert (held["permissionSetGroup"], held["service"], held["end"], held["isWhole"]) == (GROUP, "sshd", "Closed", True)
    assert held["rhost"] and held["authSessionId"] and held["endedDate"] <= held["expirationDate"]
    failures = {one["userName"]: one for one in said["failures"]}
    assert failures[person.name]["wrongCodes"] == 1 and failures[person.name]["origin"] == held["rhost"]
    assert failures[stranger.name]["refused"] >= 1 and failures[stranger.name]["reason"] == "Unassigned"
    [group] = [one for one in said["groups"] if one["fullName"] == GROUP]
    assert group["wrongCodes"] == 1, "a wrong code belongs to what it was typed for"


def test_refusals_in_a_loop_do_not_fill_the_log(machine, tools):
    """Kept, ten a minute; a name that the host does not know is not kept at all."""
    machine.stack_text("other", "account requisite pam_psg.so\n")
    stranger = machine.person(assigned=False)
    for _ in range(40):
        assert tools.probe("other", stranger, "acct_mgmt")["acct_mgmt"] == 6
    unknown = copy.copy(stranger)
    unknown.name = "no-such-person"
    assert tools.probe("other", unknown, "acct_mgmt")["acct_mgmt"] == 6
    kept = [event.get("userName") for event in machine.psgctl_json("log") if event["event"] == "Refused"]
    assert 1 <= kept.count(stranger.name) <= 22, "eleven a minute at most, and one may begin in between"
    assert unknown.name not in kept
