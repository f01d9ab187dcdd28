"""su, su -l and runuser, one test a row of the table in pam_psg(8), and who is asked under the other subject."""

import pytest

from drive import Shell, answer
from machine import PASSWORD, Person
from rows import COMMAND, PHASES, TABLE, Log, assert_denied, inside, row, shipped, watch, whole_life

SU = [("su", "su"), ("su-l", "su -l")]


@pytest.fixture(name="person")
def fixture_person(machine):
    return machine.person()


@pytest.fixture(name="shell")
def fixture_shell(person):
    shell = Shell.of(person)
    yield shell
    shell.close()


def su_stack(machine, service, arguments=""):
    return lambda phases: watch(machine, service, shipped(machine, "su"), arguments, phases)


def nobody_special(machine):
    """Somebody to become, with a password and no claim to anything."""
    return machine.person(assigned=False, enrolled=False)


@row("su")
def test_su(machine, person, shell):
    other = nobody_special(machine)
    whole_life(machine, "su", person, lambda codes: shell.run(f"su {other.name} -c '{COMMAND}'", codes),
               su_stack(machine, "su"))


@row("su -l")
def test_su_l(machine, person, shell):
    other = nobody_special(machine)
    whole_life(machine, "su -l", person, lambda codes: shell.run(f"su -l {other.name} -c '{COMMAND}'", codes),
               su_stack(machine, "su-l"))


@row("su, root calling")
@pytest.mark.parametrize("service,command", SU)
def test_root_calling(machine, person, service, command):
    """auth runs, and pam_rootok ends it before our line."""
    host = TABLE["su, root calling"]
    su_stack(machine, service)(PHASES)
    log = Log()
    result = answer([*command.split(), person.name, "-c", COMMAND])
    assert inside(result) and result[0] == 0 and result[2] == 0
    assert log.phases() == host.runs() and "pam_psg" not in log.text()
    su_stack(machine, service, "even_root")(PHASES)
    log = Log()
    result = answer([*command.split(), person.name, "-c", COMMAND])
    assert not inside(result) and result[0] == 1 and log.refused("root")


@pytest.mark.parametrize("service,command", SU)
def test_root_as_target_is_no_free_pass(machine, person, shell, service, command):
    """PAM_USER is root throughout: it is the caller who is asked, and refused."""
    machine.root_password()
    su_stack(machine, service)(PHASES)
    log = Log()
    assert_denied(TABLE[command], shell.run(f"{command} -c '{COMMAND}'", [person.wrong_code()]), log, person)
    assert set(log.calls()) == {("auth", "root")}
    assert inside(shell.run(f"{command} -c '{COMMAND}'", [person.code()]))
    # That activation is the caller's login's: a command of his own in there is asked no more.
    result = shell.run(f"{command} -c '{COMMAND}'")
    assert inside(result) and result[2] == 0


@pytest.mark.parametrize("service,command", SU)
def test_subject_user(machine, person, shell, service, command):
    """The target's code and activation count; the caller's do not."""
    other = machine.person()
    su_stack(machine, service, "subject=user")(PHASES)
    line = f"{command} {other.name} -c '{COMMAND}'"
    person.activate_host()
    log = Log()
    assert_denied(TABLE[command], shell.run(line, [person.code()]), log, person, subject=other)
    result = shell.run(line, [other.code()])
    assert inside(result) and result[2] == 1
    other.activate_host()
    result = shell.run(line)
    assert inside(result) and result[2] == 0
    other.lapse()
    assert not inside(shell.run(line, [""]))
    # root calling: pam_rootok spares it the auth line alone.
    log = Log()
    assert not inside(answer([*command.split(), other.name, "-c", COMMAND], [""])) and log.refused(other.name)
    result = answer([*command.split(), other.name, "-c", COMMAND], [other.code()])
    assert inside(result) and result[2] == 1


@pytest.mark.parametrize("service,command", SU)
def test_subject_user_with_root_for_target(machine, person, shell, service, command):
    """Exempt, as the page warns: whoever knows the password becomes root. even_root makes it root's code."""
    machine.root_password()
    su_stack(machine, service, "subject=user")(PHASES)
    line = f"{command} -c '{COMMAND}'"
    result = shell.run(line)
    assert inside(result) and result[2] == 0
    su_stack(machine, service, "subject=user even_root")(PHASES)
    root = Person(machine, "root", 0)
    root.assign()
    root.enroll()
    log = Log()
    assert not inside(shell.run(line, [person.code()])) and log.refused("root")
    result = shell.run(line, [root.code()])
    assert inside(result) and result[2] == 1


def test_silent_where_a_pipe_listens(machine, person, shell):
    """su runs PAM with the user's stdout: nothing of ours may be in it."""
    other = nobody_special(machine)
    assert shell.run(f"su {other.name} -c id", [person.code()])[0] == 0
    status, output, _ = shell.run(f"echo '{PASSWORD}' | su {other.name} -c 'echo word' 2>/dev/null | wc -c")
    assert status == 0 and output.split()[-1] == "5"


def test_no_terminal_and_no_answer(machine, person):
    """Standard input ends before the code: a refusal like any other."""
    other = nobody_special(machine)
    log = Log()
    shell = Shell.of(person)
    status, _, _ = shell.run(f"echo '{PASSWORD}' | setsid -w su {other.name} -c '{COMMAND}' >{person.home}/out 2>&1")
    shell.close()
    assert status == 1 and "in-side" not in machine.read(person.home + "/out") and log.refused(person.name)


# -- runuser: Debian's stacks, with the one line that can refuse --

RUNUSER = [("runuser", "runuser"), ("runuser-l", "runuser -l")]


@pytest.fixture(name="runuser_stack")
def fixture_runuser_stack(machine):
    """Stacks of runuser; services are applications, so this one is made visible."""
    machine.deploy(services=("runuser", "runuser-l"))
    kept = {service: machine.read("/etc/pam.d/" + service) for service, _ in RUNUSER}

    def make(service, arguments=""):
        text = "".join(f"{phase} requisite pam_psg.so\n" for phase in PHASES) + kept["runuser"]
        return lambda phases: watch(machine, service, text, arguments, phases)
    yield make
    for service, text in kept.items():
        machine.stack_text(service, text)


@row("runuser")
@pytest.mark.parametrize("service,command", RUNUSER)
def test_runuser(machine, person, runuser_stack, service, command):
    whole_life(machine, "runuser", person,
               lambda codes: answer([*command.split(), person.name, "-c", COMMAND], codes), runuser_stack(service))


def test_runuser_u(machine, person, runuser_stack):
    runuser_stack("runuser")(PHASES)
    log = Log()
    result = answer(["runuser", "-u", person.name, "--", "sh", "-c", COMMAND], [""])
    assert_denied(TABLE["runuser"], result, log, person)
    assert inside(answer(["runuser", "-u", person.name, "--", "sh", "-c", COMMAND], [person.code()]))


def test_runuser_to_root(runuser_stack):
    """root becoming root: exempt, under either subject."""
    for arguments in ("", "subject=caller"):
        runuser_stack("runuser", arguments)(PHASES)
        result = answer(["runuser", "root", "-c", COMMAND])
        assert inside(result) and result[2] == 0


def test_runuser_subject_caller(machine, person, runuser_stack):
    """The caller is root always: nobody is asked, unless even_root, which asks root."""
    runuser_stack("runuser", "subject=caller")(PHASES)
    result = answer(["runuser", person.name, "-c", COMMAND])
    assert inside(result) and result[2] == 0
    runuser_stack("runuser", "subject=caller even_root")(PHASES)
    root = Person(machine, "root", 0)
    root.assign()
    root.enroll()
    log = Log()
    assert not inside(answer(["runuser", person.name, "-c", COMMAND], [person.code()])) and log.refused("root")
    assert inside(answer(["runuser", person.name, "-c", COMMAND], [root.code()]))
