"""Unix groups lent while active, seen with id -G in the shell that the real host opens."""

import pytest

import access
from access import ID, gids, unix_group
from drive import Shell, answer, as_person
from machine import wait_until
from test_console import login
from test_sshd import KEY_ALONE

LENT, DEPLOY, OWN = 5001, 5002, 5003


@pytest.fixture(name="lending")
def fixture_lending(machine):
    """`lent` goes with Edit, `deployers` with Deploy, `own` is nobody's to lend."""
    unix_group(machine, "lent", LENT)
    unix_group(machine, "deployers", DEPLOY)
    access.deploy(machine, lent=[("lent", "Edit"), ("deployers", "Deploy"), ("lent", "Deploy")])
    return machine


@pytest.fixture(name="person")
def fixture_person(lending):
    person = lending.person()
    unix_group(lending, "own", OWN, person.name)
    return person


def groups_of(person, *more):
    return {person.uid, OWN, *more}


def sudo_id(shell, command, codes=()):
    return shell.run(f"{command} sh -c '{ID}'", codes)


# -- where they must survive --

@pytest.mark.parametrize("how", ["password", "key"])
def test_sshd(lending, person, sshd, how):
    key = how == "key"
    if key:
        lending.stack("sshd", "sshd-publickey")
    server = sshd("psg-key-code" if key else "psg-password-code")
    done = server.run(person, ID, codes=[person.code()], key=key)
    assert (done.returncode, done.stderr) == (0, "")
    assert gids(done.stdout) == groups_of(person, LENT, DEPLOY)
    shell = server.shell(person, codes=[person.code()], key=key)
    assert gids(shell.run(ID)[1]) == groups_of(person, LENT, DEPLOY)
    # And to what sudo makes in that session.
    assert LENT in gids(sudo_id(shell, "sudo")[1])
    shell.close()


def test_sshd_by_key_while_active_and_no_longer(lending, person, sshd):
    server = sshd(settings=KEY_ALONE)
    person.activate_host()
    assert gids(server.run(person, ID, key=True).stdout) == groups_of(person, LENT, DEPLOY)
    person.lapse()
    assert server.run(person, ID, key=True).returncode == 255


@pytest.mark.parametrize("command", ["sudo", "sudo -i", "sudo -u OTHER", "sudo -n"])
def test_sudo(lending, person, command):
    """The caller's activation lends into the session that sudo makes, whoever that is."""
    other = lending.person(assigned=False, enrolled=False)
    lending.sudoers("ALL ALL=(ALL:ALL) NOPASSWD: ALL")
    shell = Shell.of(person)
    assert shell.run("sudo true; sudo -i true", [person.code()])[0] == 0
    status, output, asked = sudo_id(shell, command.replace("OTHER", other.name))
    assert status == 0 and asked == 0
    own = {other.uid} if "OTHER" in command else {0}
    assert gids(output) >= own | {LENT, DEPLOY} and person.uid not in gids(output)
    person.lapse()
    assert sudo_id(shell, "sudo", [""])[0] != 0
    shell.close()


@pytest.mark.parametrize("command", ["su", "su -l"])
def test_su(lending, person, command):
    other = lending.person(assigned=False, enrolled=False)
    shell = Shell.of(person)
    status, output, _ = shell.run(f"{command} {other.name} -c '{ID}'", [person.code()])
    assert status == 0 and gids(output) == {other.uid, LENT, DEPLOY}
    shell.close()


def test_login(lending, person):
    shell = login(person.name, [person.code()])
    assert gids(shell.run(ID)[1]) == groups_of(person, LENT, DEPLOY)
    shell.close()


# -- never more --

def test_nothing_is_lent_without_activation(lending, sshd):
    access.deploy(lending, lent=[("lent", "Edit")], open_to_all=["sshd"])
    person, server = lending.person(), sshd(settings=KEY_ALONE)
    person.assign("Plain")
    assert gids(server.run(person, ID, key=True).stdout) == {person.uid}


def test_what_is_active_is_lent_where_the_door_asked_for_nothing(lending, sshd):
    """Another group opened this session; what is active on the host all the same is active in it."""
    access.deploy(lending, lent=[("lent", "Edit")], open_to_all=["sshd"])
    person, server = lending.person(), sshd(settings=KEY_ALONE)
    person.assign("Plain")
    person.activate_host()
    done = server.run(person, ID + "; env", key=True)
    assert gids(done.stdout) == {person.uid, LENT}
    told = access.variables(done.stdout)
    assert told["PSG_GROUPS"] == "Operators" and told["PSG_EXPIRES"] == person.status()[0]["expirationDate"]
    lending.psgctl("unassign", person.name, "Operators")
    done = server.run(person, ID + "; env", key=True)
    assert gids(done.stdout) == {person.uid} and access.variables(done.stdout) == {}


def test_what_is_active_through_a_set_assigned_by_itself(lending, sshd, tools):
    """It lends where the door asked for nothing; of several that are active the first to lapse is told."""
    parts = access.package(open_to_all=["sshd"])
    parts["permissionsets/Locked.permissionset"] = access.permission_set("PermissionSet", (), ["Edit"]).replace(
        "<label>", "<hasActivationRequired>true</hasActivationRequired><label>")
    parts["activationpolicies/Locked.activationpolicy"] = access.rules([("lent", "Edit")])
    lending.psgctl("deploy", access.write(lending, parts))
    lending.stack_text("gids", "account required pam_permit.so\nauth required pam_psg.so application=sshd\n")
    person, server = lending.person(assigned=False), sshd(settings=KEY_ALONE)
    for group in ("Plain", "Locked"):
        person.assign(group)
    before, after = tools.setcred("gids", person, "establish")
    assert after == before
    person.activate_host("Locked")
    before, after = tools.setcred("gids", person, "establish")
    assert after - before == {LENT}
    person.assign()
    for group, lifetime in (("Operators", "1h"), ("Locked", "30m")):
        lending.psgctl("activate", group, "--user", person.name, "--scope", "Host", "--for", lifetime)
        told = access.variables(server.run(person, "env", key=True).stdout)
        assert told["PSG_GROUPS"] == "Locked,Operators"
        assert told["PSG_EXPIRES"] == min(item["expirationDate"] for item in person.status())


@pytest.mark.parametrize("permission", ["Muted", "Foreign", "Nonsense", "sudo"])
def test_a_permission_that_is_not_given_lends_nothing(lending, sshd, permission):
    """Muted in the group, of another set, of no set, an application's name."""
    access.deploy(lending, lent=[("lent", permission), ("deployers", "Deploy")])
    person, server = lending.person(), sshd("psg-password-code")
    assert gids(server.run(person, ID, codes=[person.code()]).stdout) == {person.uid, DEPLOY}


@pytest.mark.parametrize("name,why", [("root", "it is root's"), ("nosuch", "this host has no such group"),
                                      ("zero", "it is root's")])
def test_what_cannot_be_lent_is_said_and_shuts_nobody_out(lending, sshd, name, why):
    unix_group(lending, "zero", 0)
    access.deploy(lending, lent=[(name, "Edit"), ("deployers", "Deploy")])
    person, server = lending.person(), sshd("psg-password-code")
    done = server.run(person, ID, codes=[person.code()])
    assert done.returncode == 0 and gids(done.stdout) == {person.uid, DEPLOY}
    events = access.log(lending, "NotLent")
    assert len(events) == 1
    assert (events[0]["userName"], events[0]["permissionSetGroup"], events[0]["service"], events[0]["activationId"]) \
        == (person.name, "Operators", "sshd", access.log(lending, "Activated")[0]["activationId"])
    assert events[0]["reason"].startswith(f"Unix group {name} for permission Edit: {why}")
    lines = [line for line in lending.syslog().splitlines() if "NotLent" in line]
    assert len(lines) == 1 and name in lines[0] and "Edit" in lines[0]


def test_a_name_service_that_is_down_lends_nothing_and_says_so(lending, sshd):
    """A group of a service that does not answer: not the same as a group that is not there."""
    person, server = lending.person(), sshd("psg-password-code")
    was = lending.read("/etc/nsswitch.conf")
    access.deploy(lending, lent=[("elsewhere", "Edit"), ("deployers", "Deploy")])
    try:
        # glibc's own Hesiod, which nothing is set up for here: unlike a service without a library it says so.
        lending.write("/etc/nsswitch.conf", "passwd: files\ngroup: files hesiod\nshadow: files\nhosts: files\n")
        done = server.run(person, ID, codes=[person.code()])
        warned = access.deploy(lending, "--check-only", lent=[("elsewhere", "Edit")]).stderr
    finally:
        lending.write("/etc/nsswitch.conf", was)
    assert done.returncode == 0 and gids(done.stdout) == {person.uid, DEPLOY}
    reason = access.log(lending, "NotLent")[0]["reason"]
    assert reason.startswith("Unix group elsewhere for permission Edit: the name service could not say")
    assert "The name service could not say whether there is a Unix group 'elsewhere'" in warned


def test_who_is_in_the_group_anyway_has_it_once(lending, person, sshd):
    unix_group(lending, "both", 5020, person.name)
    access.deploy(lending, lent=[("both", "Edit"), ("both", "Deploy")])
    server = sshd("psg-password-code")
    assert gids(server.run(person, ID, codes=[person.code()]).stdout) == groups_of(person, 5020)


def test_a_loop_does_not_fill_the_log(lending):
    access.deploy(lending, lent=[("nosuch", "Edit")])
    lending.sudoers("ALL ALL=(ALL:ALL) NOPASSWD: ALL")
    person = lending.person()
    person.activate_host()
    shell = Shell.of(person)
    assert shell.run("for i in $(seq 25); do sudo -n true || exit; done")[0] == 0
    assert 1 <= len(access.log(lending, "NotLent")) <= 12
    shell.close()


def test_a_group_with_very_many_members(lending, sshd):
    unix_group(lending, "crowd", 5010, *(f"member{n}" for n in range(20000)))
    access.deploy(lending, lent=[("crowd", "Edit")])
    person, server = lending.person(), sshd("psg-password-code")
    assert gids(server.run(person, ID, codes=[person.code()]).stdout) == {person.uid, 5010}


# -- no longer --

def test_not_after_the_lapse(lending, sshd):
    """The next login and the next sudo, not the shell that was open."""
    access.deploy(lending, lent=[("lent", "Edit")], open_to_all=["sshd"], lifetime="PT6S", scope="Host")
    person, server = lending.person(), sshd(settings=KEY_ALONE)
    person.assign("Plain")
    person.activate_host()
    open_shell = server.shell(person, key=True)
    assert gids(open_shell.run(ID)[1]) == {person.uid, LENT}
    assert wait_until(lambda: person.status() == [])
    assert gids(server.run(person, ID, key=True).stdout) == {person.uid}
    assert gids(open_shell.run(ID)[1]) == {person.uid, LENT}
    assert sudo_id(open_shell, "sudo", [""])[0] != 0
    open_shell.close()


def test_not_after_the_policy_stopped_lending(lending, person, sshd):
    server = sshd(settings=KEY_ALONE)
    person.activate_host()
    assert LENT in gids(server.run(person, ID, key=True).stdout)
    access.deploy(lending, lent=[("deployers", "Deploy")])
    assert gids(server.run(person, ID, key=True).stdout) == groups_of(person, DEPLOY)


def test_who_left_the_unix_group_is_lent_nothing(lending, sshd):
    """Live until its lapse, and no longer assigned: nobody ended it, and another one opens the door."""
    access.deploy(lending, second=True, lent=[("lent", "Edit")])
    person, server = lending.person(assigned=False), sshd(settings=KEY_ALONE)
    was = lending.read("/etc/group")
    unix_group(lending, "team", 5030, person.name)
    lending.psgctl("assign", "%team", "Operators")
    person.assign("Wide")
    for name in ("Operators", "Wide"):
        lending.psgctl("activate", name, "--user", person.name, "--scope", "Host")
    assert gids(server.run(person, ID, key=True).stdout) == {person.uid, 5030, LENT}
    lending.write("/etc/group", was)
    assert gids(server.run(person, ID, key=True).stdout) == {person.uid}


# -- to nobody else, and given back --

def test_another_person_gets_none_of_it(lending, person, sshd):
    server = sshd("psg-password-code")
    other = lending.person()
    access.deploy(lending, lent=[("lent", "Edit")], open_to_all=["sshd"])
    other.assign("Plain")
    person.activate_host()
    assert gids(server.run(other, ID).stdout) == {other.uid}
    # root who becomes that person holds no activation: it is the caller's that lends.
    assert gids(answer(["sudo", "-u", person.name, "sh", "-c", ID])[1]) == groups_of(person)
    assert gids(answer(["su", person.name, "-c", ID])[1]) == groups_of(person)


def test_the_transaction_gives_back_what_it_was_lent(lending, person, tools):
    """DELETE_CRED takes out what ESTABLISH put in, REFRESH what lapsed between; the process's own groups stay."""
    lending.stack_text("gids", "account required pam_permit.so\nauth required pam_psg.so application=sshd\n")
    person.activate_host()
    steps = tools.setcred("gids", person, "establish", "delete")
    assert steps[1] - steps[0] == {LENT, DEPLOY} and steps[2] == steps[0]
    steps = tools.setcred("gids", person, "establish", "refresh",
                          "!psgctl deactivate --all >/dev/null", "refresh", "delete")
    assert steps[2] == steps[1] and steps[3] == steps[0] and steps[4] == steps[0]


def test_who_is_not_root_is_lent_nothing(lending, person):
    """pamtester as the person: the store is not readable, setgroups() is not allowed; a refusal, no crash."""
    person.activate_host()
    status, output, _ = answer(as_person(person, "pamtester", "sshd", person.name, "setcred"))
    assert status == 1 and "Failure setting user credentials" in output, output
    assert f"user={person.name}" in lending.syslog()


# -- deploying --

def test_deploy_warns_of_groups_that_cannot_be_lent(lending):
    lent = [("nosuch", "Edit"), ("root", "Deploy"), ("lent", "Muted")]
    done = access.deploy(lending, lent=lent)
    lines = done.stderr.splitlines()
    path = "activationpolicies/Operators.activationpolicy"
    assert len(lines) == 3 and all(path in line and ": Warning: " in line for line in lines)
    assert "There is no Unix group 'nosuch' on this host (Create it (groupadd), or correct the name.)" in lines[0]
    assert "'root' is root's (gid 0): it is never lent (Name another group.)" in lines[1]
    assert "does not give the permission 'Muted'" in lines[2]
    # Line and column are of the element.
    numbers = [line.split(path)[1].split(":")[1] for line in lines]
    assert numbers == ["2", "3", "4"]


def test_deploy_strict_and_check_only(lending):
    before = lending.psgctl_json("groups", "Operators")
    check = access.deploy(lending, "--check-only", lent=[("nosuch", "Edit")], lifetime="1h")
    assert "no Unix group 'nosuch'" in check.stderr
    strict = access.deploy(lending, "--strict", lent=[("nosuch", "Edit")], lifetime="1h", status=3)
    assert "no Unix group 'nosuch'" in strict.stderr and "nothing was changed" in strict.stderr
    assert lending.psgctl_json("groups", "Operators") == before
