"""Coming from pam_oath and google-authenticator: real logins there, import, real logins here."""

import base64
import os
import subprocess

import world
from drive import answer

OATH = "auth required pam_oath.so usersfile={path} window=10\naccount required pam_permit.so\n"
GOOGLE = "auth required pam_google_authenticator.so secret={path} user=root no_strict_owner\n" \
         "account required pam_permit.so\n"
OURS = "auth required pam_psg.so application=sshd\naccount required pam_psg.so application=sshd\n"


def there(machine, person, text, path, code):
    """A login through the other module."""
    machine.stack_text("elsewhere", text.format(path=path))
    done = subprocess.run(["pamtester", "elsewhere", person.name, "authenticate"], input=code + "\n",
                          capture_output=True, text=True, check=False, timeout=60)
    return done.returncode == 0


def here(person, code):
    person.lapse()
    return answer(["pamtester", "here", person.name, "authenticate", "acct_mgmt"], [code])[0] == 0


def test_from_pam_oath(machine):
    person = machine.person(enrolled=False)
    person.secret = os.urandom(20)
    machine.deploy(scope="Host")
    machine.stack_text("here", OURS)
    path = world.ROOT + "/users.oath"
    machine.write(path, f"HOTP/T30 {person.name} - {person.secret.hex()}\n", 0o600)
    used, next_one = person.code(), person.code()
    assert there(machine, person, OATH, path, used)
    done = machine.psgctl_json("import", path, "--format", "oath")
    assert done["imported"][0]["spentUntil"] and done["notCarried"] == []
    assert not here(person, used)
    assert here(person, next_one)
    # And still no code counts there and here: what is used there meanwhile is spent by importing again.
    third = person.code()
    assert there(machine, person, OATH, path, third)
    assert machine.psgctl_json("import", path, "--format", "oath")["imported"][0]["unchanged"]
    assert not here(person, third) and here(person, person.code())


def test_from_google_authenticator(machine):
    person = machine.person(enrolled=False)
    machine.deploy(scope="Host")
    machine.stack_text("here", OURS)
    path = world.ROOT + "/google"
    subprocess.run(["google-authenticator", "-t", "-d", "-f", "-C", "-q", "-Q", "NONE", "-w", "21", "-u", "-e", "5",
                    "-s", path], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=30)
    key, *rest = machine.read(path).splitlines()
    person.secret = base64.b32decode(key + "=" * (-len(key) % 8))
    scratch = [line for line in rest if line.isdigit()]
    used = person.code()
    assert there(machine, person, GOOGLE, path, used)
    assert there(machine, person, GOOGLE, path, scratch[0])
    done = machine.psgctl_json("import", path, "--format", "google-authenticator", "--user", person.name)
    assert done["imported"][0]["spentUntil"] and done["imported"][0]["recoveryCodes"] == 4
    assert not here(person, used) and not here(person, scratch[0])
    assert here(person, person.code())
    assert here(person, scratch[1]) and not here(person, scratch[1])
