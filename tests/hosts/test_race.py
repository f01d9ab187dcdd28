"""One code opens one door once, however many processes give it at the same instant."""

import subprocess

import pytest

ROUNDS, PROCESSES = 100, 32


@pytest.mark.parametrize("attempts", [5, 100])
def test_one_of_32_gets_in(machine, tools, attempts):
    machine.deploy(attempts=attempts)
    machine.stack_text("sshd", "auth required pam_psg.so\naccount required pam_psg.so\n")
    person = machine.person()
    let_in = []
    for _ in range(ROUNDS // 2):
        person.enroll()
        machine.psgctl("unlock", person.name)
        done = subprocess.run([tools.path("race"), "sshd", person.name, str(PROCESSES), person.code()],
                              capture_output=True, text=True, check=True, timeout=120, start_new_session=True)
        let_in.append(int(done.stdout))
    assert let_in == [1] * len(let_in)
