"""psgctl enforce --watch against renewal, at the very moment of the lapse: real logins by sshd, several at once."""

import random
import subprocess
import threading
import time

from drive import PASSWORD
from machine import GROUP, wait_until
from soak import soak
from test_enforce import ending, jobs, lapse_of, watch  # noqa: F401  pylint: disable=unused-import

SESSIONS = soak(4, 6)
EARLY_S = -2.5
AROUND_S = (-0.15, 0.05)  # of the lapse; psgctl takes some of it


class Login:
    """`ssh person@ sleep N`, and what becomes of it."""

    def __init__(self, server, person, number):
        self.person, self.job = person, 4010 + number
        before = {item["id"] for item in person.status()}
        self.client = subprocess.Popen(
            ["ssh", "-p", str(server.port), *server.options(person, False), f"{person.name}@127.0.0.1",
             f"exec sleep {self.job}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=server.environment([person.code()], PASSWORD))
        assert wait_until(lambda: self.job in jobs())
        (item,) = [item for item in person.status() if item["id"] not in before]
        self.session = item["authSessionId"]
        self.status, self.done = None, None

    def activate(self, lifetime, status=0):
        return self.person.machine.psgctl("activate", GROUP, "--user", self.person.name, "--session", self.session,
                                          "--for", lifetime, status=status)

    def shorten(self):
        """What is active lapses in three seconds: the newer takes the older's place."""
        made = self.activate("3s").stdout
        file = made.rsplit("/", 1)[1].strip()
        self.lapse = lapse_of(self.person, file)

    def renew(self, delta):
        """At `delta` from the lapse. The administrator's, so that it does not end with the session itself."""
        time.sleep(max(0, self.lapse + delta - time.time()))
        self.status = self.activate("1h", status=None).returncode
        self.done = time.time()

    def alive(self):
        return self.job in jobs()

    def leave(self):
        self.client.kill()
        self.client.wait()


def renew_all(logins, seed):
    """One in good time, the others about the lapse."""
    dice = random.Random(seed)
    when = [EARLY_S] + [dice.uniform(*AROUND_S) for _ in logins[1:]]
    threads = [threading.Thread(target=login.renew, args=(delta,)) for login, delta in zip(logins, when)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def activated_anew(machine, logins):
    """Lapsed, and nobody has ended it yet: what is activated anew lives, the other is ended."""
    for login in logins.values():
        login.shorten()
    assert wait_until(lambda: not any(login.person.status() for login in logins.values()))
    for number in range(1, SESSIONS):
        logins[number].activate("1h")
    machine.psgctl("enforce")
    assert [login.alive() for login in logins.values()] == [False] + [True] * (SESSIONS - 1)
    logins.pop(0).leave()


def test_renewed_at_the_lapse(machine, sshd, watch):
    """Renewed in time it lives, and what was too late is gone; what is not active is open nowhere."""
    first, server = ending(machine, maximumLifetime="PT12H"), sshd("psg-password-code")
    people = [first] + [machine.person() for _ in range(SESSIONS - 1)]
    logins = {number: Login(server, person, number) for number, person in enumerate(people)}
    activated_anew(machine, logins)
    process, kept, late, overtaken = watch(), 0, 0, 0
    for seed in range(soak(1, 20)):
        for number, person in enumerate(people):
            if number not in logins:
                person.enroll()
                logins[number] = Login(server, person, number)
        for login in logins.values():
            login.shorten()
        renew_all(list(logins.values()), seed)
        # Whoever is due now is ended by this one, or by the watch.
        machine.psgctl("enforce", status=None)
        for number, login in list(logins.items()):
            if login.status == 0 and login.done < login.lapse:
                assert login.alive() and login.client.poll() is None, f"round {seed}: renewed in time, and ended"
                kept += 1
            elif login.status != 0:
                assert wait_until(lambda login=login: not login.alive()), f"round {seed}: too late, and open"
                late += 1
            overtaken += login.status == 0 and login.done >= login.lapse and not login.alive()
            if login.alive():
                assert [item["authSessionId"] for item in login.person.status()] == [login.session]
            else:
                logins.pop(number).leave()
    print(f"renewed in time {kept}, too late {late}, renewed while it was being ended {overtaken}")
    assert kept
    # An ended one's is ended, however often it was renewed.
    machine.psgctl("deactivate", "--all")
    assert wait_until(lambda: not jobs()), jobs()
    for login in logins.values():
        login.leave()
    assert process.poll() is None
