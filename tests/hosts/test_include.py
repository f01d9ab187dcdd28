"""conf/include: one line in Debian's own stacks, put where each file says, and every trap is kept clear of."""

import os
import re

import pytest

import world
from drive import Shell
from machine import CONF
from test_conf import lines_of
from test_doctor import fixture_doctor, shipped_sshd  # noqa: F401, the first is a fixture

DEBIAN = os.path.join(world.REPO, "tests", "data", "pam.d-debian")
SERVICES = ["sshd-password", "sshd-publickey", "login", "sudo", "sudo-i", "su"]


def file_of(service):
    return re.sub("-(password|publickey)", "", service)


def included(machine, service):
    """Debian's stack as the file's comment has it: `@include common-auth` gone, ours above every account and session
    line, below what `auth` begins with."""
    lines = machine.read(f"{DEBIAN}/{file_of(service)}").splitlines()
    lines.remove("@include common-auth")
    below = next(number for number, line in enumerate(lines) if not line.startswith("auth"))
    return "\n".join([*lines[:below], f"@include {CONF}/include/{service}", *lines[below:], ""])


@pytest.mark.parametrize("service", SERVICES)
def test_doctor_has_nothing_to_say(doctor, service):  # noqa: F811
    machine = doctor.machine
    machine.stack_text(file_of(service), included(machine, service))
    if service == "sshd-publickey":
        shipped_sshd(machine, "psg-key-code")
    assert doctor(file_of(service)) == set()


@pytest.mark.parametrize("service", ["sshd-password", "login", "sudo", "sudo-i", "su"])
def test_in_another_place_it_is_a_finding(doctor, service):  # noqa: F811
    machine = doctor.machine
    machine.stack_text(file_of(service), machine.read(f"{DEBIAN}/{file_of(service)}") +
                       f"@include {CONF}/include/{service}\n")
    assert {name.split()[0] for name in doctor(file_of(service))} & {"gate-passed-by", "gate-below-include"}


def test_su_l_includes_su(doctor):  # noqa: F811
    """In Debian: it is gated with su."""
    machine = doctor.machine
    machine.stack_text("su", included(machine, "su"))
    machine.stack_text("su-l", machine.read(f"{DEBIAN}/su-l"))
    assert doctor("su-l") == set()
    assert "su-l" in machine.psgctl_json("doctor", status=None)["services"]


@pytest.mark.parametrize("service", SERVICES)
def test_the_lines_are_those_of_the_whole_stack(service):
    """Of conf/pam.d: what an administrator copies and what is included gate alike."""
    for kind in ("auth", "account", "session"):
        ours = lines_of(f"../include/{service}", kind)
        assert [line for line in lines_of(service, kind) if line in ours] == ours and ours, kind


@pytest.mark.parametrize("service", SERVICES)
def test_the_comment_names_the_file_it_is_in(machine, service):
    text = machine.read(f"{CONF}/include/{service}")
    assert f"@include /usr/share/pam_psg/include/{service}\n" in text and f"/etc/pam.d/{file_of(service)}" in text


def test_sudo_through_an_include(machine, person):
    machine.stack_text("sudo", included(machine, "sudo"))
    shell = Shell.of(person)
    status, output, _ = shell.run("sudo id", [""])
    assert status != 0 and "uid=0" not in output
    status, output, asked = shell.run("sudo id", [person.code()])
    assert status == 0 and "uid=0" in output and asked == 1, output
    person.lapse()
    machine.psgctl("unassign", person.name, "Operators")
    status, output, _ = shell.run("sudo id", [""])
    assert status != 0 and "uid=0" not in output
    shell.close()
