"""sudo, one test a row of the table in pam_psg(8): refused, let in, by the phases the page says; and what
`subject=user` makes of it, where the target is somebody else."""

import pytest

from drive import CODE, Shell, answer, as_person
from machine import Person
from rows import COMMAND, PHASES, TABLE, Log, assert_denied, inside, row, shipped, watch, whole_life

NOPASSWD = "ALL ALL=(ALL:ALL) NOPASSWD: ALL"


@pytest.fixture(name="person")
def fixture_person(machine):
    return machine.person()


@pytest.fixture(name="shell")
def fixture_shell(person):
    shell = Shell.of(person)
    yield shell
    shell.close()


def sudo_stack(machine, service="sudo", arguments=""):
    return lambda phases: watch(machine, service, shipped(machine, service), arguments, phases)


def running(shell, line):
    """run() of a sudo command that asks for the password each time, unless it must not."""
    return lambda codes: shell.run(f"sudo -k; {line}", codes)


def with_sign(result):
    """For what runs no command: that it succeeded."""
    return result[0], result[1] + ("in-side" if result[0] == 0 else ""), result[2]


@row("sudo")
def test_sudo(machine, person, shell):
    whole_life(machine, "sudo", person, running(shell, f"sudo sh -c '{COMMAND}'"), sudo_stack(machine))


@row("sudo -i")
def test_sudo_i(machine, person, shell):
    whole_life(machine, "sudo -i", person, running(shell, f"sudo -i sh -c '{COMMAND}'"),
               sudo_stack(machine, "sudo-i"))


@row("sudo -u")
def test_sudo_u(machine, person, shell):
    """Whoever the target is, the invoker's code is the one, and PAM_USER changes under way."""
    other = machine.person()
    run = running(shell, f"sudo -u {other.name} sh -c '{COMMAND}'")
    whole_life(machine, "sudo -u", person, run, sudo_stack(machine))
    sudo_stack(machine)(PHASES)
    other.activate_host()
    assert not inside(run([""])) and not inside(run([other.code()]))
    log = Log()
    assert inside(run([person.code()]))
    users = dict(log.calls())
    assert [users[phase] for phase in ("auth", "account")] == [person.name] * 2
    assert [users[phase] for phase in ("setcred", "session")] == [other.name] * 2


@row("sudo -S")
def test_sudo_s(machine, person, shell):
    """Password and code are the two lines of standard input."""
    def run(codes):
        path = person.home + "/stderr"
        status, seen, _ = shell.run(f"sudo -k; printf '%s\\n' 'correct horse' {(codes or ['x'])[0] or chr(39) * 2} | "
                                    f"sudo -S sh -c '{COMMAND}' 2>{path}")
        said = machine.read(path)
        return status, seen + said, said.count(CODE)
    whole_life(machine, "sudo -S", person, run, sudo_stack(machine))


@row("sudo -A")
def test_sudo_a(machine, person, shell):
    """Both prompts reach the program that asks."""
    path, asked = person.home + "/askpass", person.home + "/asked"

    def run(codes):
        machine.write(path, f"#!/bin/sh\necho \"$1\" >>{asked}\ncase $1 in\n*code*) echo '{(codes or ['x'])[0]}' ;;\n"
                      "*) echo 'correct horse' ;;\nesac\n", 0o755)
        machine.write(asked, "", 0o666)
        status, seen, on_terminal = shell.run(f"sudo -k; SUDO_ASKPASS={path} sudo -A sh -c '{COMMAND}'")
        assert on_terminal == 0
        return status, seen, machine.read(asked).count(CODE)
    whole_life(machine, "sudo -A", person, run, sudo_stack(machine))


@row("sudo, cached")
def test_cached(machine, person, shell):
    person.activate_host()
    assert shell.run("sudo -v")[0] == 0
    person.lapse()
    whole_life(machine, "sudo, cached", person, lambda codes: shell.run(f"sudo sh -c '{COMMAND}'", codes,
                                                                        "must not be asked"), sudo_stack(machine))


@row("sudo, NOPASSWD")
def test_nopasswd(machine, person, shell):
    machine.sudoers(NOPASSWD)
    whole_life(machine, "sudo, NOPASSWD", person, running(shell, f"sudo sh -c '{COMMAND}'"), sudo_stack(machine))


@row("sudo -n")
def test_sudo_n(machine, person, shell):
    """No prompt of ours is answered, so only what is active already lets in."""
    machine.sudoers(NOPASSWD)
    whole_life(machine, "sudo -n", person, lambda codes: shell.run(f"sudo -n sh -c '{COMMAND}'", codes),
               sudo_stack(machine))


@row("sudo -n, password needed")
def test_sudo_n_password_needed(machine, person, shell):
    """sudo's own refusal: PAM hears nothing of it, and an activation changes nothing."""
    host = TABLE["sudo -n, password needed"]
    sudo_stack(machine)(PHASES)
    person.activate_host()
    log = Log()
    status, screen, asked = shell.run(f"sudo -n sh -c '{COMMAND}'")
    assert (status, asked) == (host.status, 0) and not inside((status, screen))
    assert screen.strip().splitlines() == host.texts
    assert log.phases() == host.runs() and "pam_psg" not in log.text()


@row("sudo -v")
def test_sudo_v(machine, person, shell):
    whole_life(machine, "sudo -v", person, lambda codes: with_sign(shell.run("sudo -k; sudo -v", codes)),
               sudo_stack(machine))


@row("sudo -l")
def test_sudo_l(machine, person, shell):
    whole_life(machine, "sudo -l", person, lambda codes: with_sign(shell.run("sudo -k; sudo -l", codes)),
               sudo_stack(machine))


@row("sudo, targetpw")
def test_targetpw(machine, person, shell):
    """PAM_USER is the target all along, and its password is asked: the code is the invoker's."""
    machine.sudoers("Defaults targetpw")
    other = machine.person()
    run = running(shell, f"sudo -u {other.name} sh -c '{COMMAND}'")
    whole_life(machine, "sudo, targetpw", person, run, sudo_stack(machine))
    sudo_stack(machine)(PHASES)
    other.activate_host()
    assert not inside(run([""]))


@row("sudo, rootpw")
def test_rootpw(machine, person, shell):
    """PAM_USER is root in authentication, and root is no free pass: the code is the invoker's."""
    machine.root_password()
    machine.sudoers("Defaults rootpw")
    whole_life(machine, "sudo, rootpw", person, running(shell, f"sudo sh -c '{COMMAND}'"), sudo_stack(machine))


@row("sudo, root calling")
def test_root_calling(machine, person):
    host = TABLE["sudo, root calling"]
    for phases in (PHASES, ["account"], ["session"]):
        sudo_stack(machine)(phases)
        log = Log()
        result = answer(["sudo", "-u", person.name, "sh", "-c", COMMAND])
        assert inside(result) and result[0] == 0 and result[2] == 0
        assert log.phases() == host.runs() and "pam_psg" not in log.text()
    sudo_stack(machine, arguments="even_root")(PHASES)
    log = Log()
    result = answer(["sudo", "-u", person.name, "sh", "-c", COMMAND])
    assert not inside(result) and result[0] == 1 and log.refused("root")
    assert "Nothing assigned to you opens sudo. Ask your administrator to run: psgctl explain root sudo" in result[1]


def root_person(machine):
    """root with an authenticator and an assignment."""
    root = Person(machine, "root", 0)
    root.assign()
    root.enroll()
    return root


@pytest.mark.parametrize("option,service,sudoers", [("", "sudo", ""), ("-i", "sudo-i", ""), ("", "sudo", NOPASSWD)])
def test_subject_user_asks_invoker_and_target(machine, person, shell, option, service, sudoers):
    """subject=user: auth and account are the invoker's, the session is the target's."""
    machine.sudoers(sudoers)
    sudo_stack(machine, service, "subject=user")(PHASES)
    other = machine.person()
    run = running(shell, f"sudo {option} -u {other.name} sh -c '{COMMAND}'")
    log = Log()
    assert not inside(run([""])) and log.refused(person.name)
    log = Log()
    result = run([person.code(), ""])
    assert not inside(result) and result[2] == 2 and log.refused(other.name)
    assert "sudo: pam_open_session: Permission denied" in result[1]
    # The invoker's counts on in the session that sudo was typed in: only the target is asked for.
    result = run([person.code()])
    assert not inside(result) and result[2] == 1
    result = run([other.code()])
    assert inside(result) and result[2] == 1
    assert inside(run([]))
    person.lapse()
    assert not inside(run([""]))


def test_subject_user_where_nothing_is_asked(machine, person, shell):
    """sudo -n: both must have an activation already."""
    machine.sudoers(NOPASSWD)
    sudo_stack(machine, arguments="subject=user")(PHASES)
    other = machine.person()
    line = f"sudo -n -u {other.name} sh -c '{COMMAND}'"
    person.activate_host()
    log = Log()
    assert not inside(shell.run(line)) and log.refused(other.name) and not log.refused(person.name)
    other.activate_host()
    assert inside(shell.run(line))
    person.lapse()
    log = Log()
    assert not inside(shell.run(line)) and log.refused(person.name)


def test_subject_user_and_root_calling(machine, person):
    """Root is exempt in account, and the session is the target's."""
    sudo_stack(machine, arguments="subject=user")(PHASES)
    command = ["sudo", "-u", person.name, "sh", "-c", COMMAND]
    log = Log()
    assert not inside(answer(command, [""])) and log.refused(person.name)
    result = answer(command, [person.code()])
    assert inside(result) and result[2] == 1


def test_subject_user_with_targetpw_and_another_target(machine, person, shell):
    """PAM_USER is the target from the start: its code alone."""
    machine.sudoers("Defaults targetpw")
    sudo_stack(machine, arguments="subject=user")(PHASES)
    other = machine.person()
    run = running(shell, f"sudo -u {other.name} sh -c '{COMMAND}'")
    log = Log()
    assert not inside(run([person.code()])) and log.refused(other.name)
    result = run([other.code()])
    assert inside(result) and result[2] == 1


def test_subject_user_with_root_for_target(machine, person, shell):
    """The invoker's code still; root, the session's subject, is exempt, unless even_root."""
    sudo_stack(machine, arguments="subject=user")(PHASES)
    run = running(shell, f"sudo sh -c '{COMMAND}'")
    assert not inside(run([""]))
    result = run([person.code()])
    assert inside(result) and result[2] == 1
    sudo_stack(machine, arguments="subject=user even_root")(PHASES)
    log = Log()
    assert not inside(run([""])) and log.refused("root")
    root = root_person(machine)
    result = run([root.code()])
    assert inside(result) and result[2] == 1


@pytest.mark.parametrize("defaults", ["targetpw", "rootpw"])
def test_subject_user_where_root_is_pam_user(machine, person, shell, defaults):
    """subject=user asks nobody then, as the page warns; even_root makes it root's code; caller does not ask root."""
    machine.root_password()
    machine.sudoers("Defaults " + defaults)
    run = running(shell, f"sudo sh -c '{COMMAND}'")
    sudo_stack(machine, arguments="subject=user")(PHASES)
    result = run([])
    assert inside(result) and result[2] == 0
    sudo_stack(machine, arguments="subject=user even_root")(PHASES)
    root = root_person(machine)
    log = Log()
    assert not inside(run([person.code()])) and log.refused("root")
    assert inside(run([root.code()]))
    sudo_stack(machine, arguments="subject=caller")(PHASES)
    log = Log()
    assert_denied(TABLE["sudo, " + defaults], run([person.wrong_code()]), log, person)


def test_who_is_assigned_nothing_reads_so(machine):
    """Not asked, and told what to do."""
    stranger = machine.person(assigned=False)
    words = f"Nothing assigned to you opens sudo. Ask your administrator to run: psgctl explain {stranger.name} sudo"
    log = Log()
    result = answer(as_person(stranger, "sudo", "sh", "-c", COMMAND))
    assert not inside(result) and result[0] == 1 and result[2] == 0
    assert words in result[1] and log.refused(stranger.name)
