"""A log to report on: a month of a host, its people, groups and bad days. The same for the same arguments."""

import datetime
import json
import random

DAY = 86400
PEOPLE = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy",
          "mallory", "svc-backup-operator-of-the-northern-datacentre"]
RARE = "Break_Glass_Emergency_Access_EMEA"
GROUPS = ["Server_Operators", "Finance", "Database_Administrators", "Night_Shift", RARE]
REASONS = ["INC4711 disk full", "CHG0815 quarter end close", "INC99", "patch day"]
FAILURES = ["WrongCode", "WrongCode", "Replayed", "Throttled", "Refused", "Malformed"]
HOSTS = ["192.0.2.17", "203.0.113.250", "2001:db8:ffff:1234:5678:9abc:def0:1"]
HOSTILE = "</td><script>alert(1)</script>\x1b[2J\u202egnp.exe\n\"'=HYPERLINK(\"http://x\")"


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Log:
    """Lines as the module and psgctl write them, in the order of their times."""

    def __init__(self, now, seed=1):
        self.now, self.random, self.lines, self.step = int(now), random.Random(seed), [], 1000

    def put(self, time, event, **members):
        line = {"time": stamp(time), "event": event, **members, "pid": 1000 + len(self.lines)}
        self.lines.append((int(time), line))

    def activation(self, user, group, start, hours, **more):
        """One with its end, or without one where it would be after now."""
        self.step += 1
        name = f"{user}/{self.step:04x}-{self.step}"
        lifetime = more.get("lifetime", 8)
        session = f"{self.step}-{self.step * 7}"
        common = {"userName": user, "service": more.get("service", "sshd"), "rhost": more.get("rhost", "192.0.2.17"),
                  "permissionSetGroup": group}
        self.put(start, "Activated", **common, phase="auth", activationId=name,
                 expirationDate=stamp(start + lifetime * 3600), reason=more.get("reason", f"INC{self.step}"))
        self.put(start + 2, "Bound", **common, phase="session", activationId=name, authSessionId=session)
        if more.get("renews") and hours > 4:
            self.step += 1
            name = f"{user}/{self.step:04x}-{self.step}"
            self.put(start + 4 * 3600, "Renewed", **common, activationId=name, authSessionId=session,
                     expirationDate=stamp(start + 12 * 3600), reason="the same, longer")
        end = start + hours * 3600
        if end < self.now:
            self.put(end, more.get("ends", "Ended"), **common, activationId=name, reason="session closed")
        return name

    def text(self):
        return "".join(json.dumps(line, ensure_ascii=False) + "\n"
                       for _, line in sorted(self.lines, key=lambda item: item[0]) if _ <= self.now)


def month(now, days=30, people=None):
    """A month with everything in it."""
    log = Log(now)
    pick = log.random
    people = people or PEOPLE
    start = log.now - days * DAY + 1800  # within the days before a report that is made a while later
    log.put(start + 60, "Initialized", actor="root", service="psgctl")
    log.put(start + 120, "Deployed", actor="root", service="psgctl", reason="5 created, 0 changed, 0 deleted")
    for user in people:
        log.put(start + 200, "Assigned", userName=user, actor="uid 1000 (alice)", service="psgctl",
                permissionSetGroup=pick.choice(GROUPS))
        log.put(start + 300, "Enrolled", userName=user, actor="root", service="psgctl", reason="SHA1, 6 digits")
    for day in range(days):
        for number, user in enumerate(people):
            if pick.random() < 0.75 - 0.05 * number:
                morning = start + day * DAY + 7 * 3600 + pick.random() * 9000
                log.activation(user, GROUPS[number % 3], morning, 3 + pick.random() * 5,
                               renews=pick.random() < 0.2, reason=pick.choice(REASONS))
            if pick.random() < 0.08:
                night = start + day * DAY + 22 * 3600
                log.activation(user, "Night_Shift", night, 9, ends="Lapsed", rhost=HOSTS[2])
            for _ in range(pick.choice([0, 0, 0, 1, 3]) if pick.random() < 0.3 else 0):
                when = start + day * DAY + pick.random() * DAY
                log.put(when, pick.choice(FAILURES), userName=user, service=pick.choice(["sshd", "sudo"]),
                        rhost=pick.choice(HOSTS[:2]), reason="wrong code")
    hostile(log, start)
    return log


def hostile(log, start):
    """Names and reasons that strangers chose, and what is rare."""
    log.activation("eve", RARE, start + 9 * DAY, 1, reason=HOSTILE, rhost=HOSTILE)
    log.activation("eve", "Finance", start + 10 * DAY, 1,
                   reason="\ufeff🚀 Zürich наряд-допуск 停電 " + "long" * 50)
    granted = {"userName": "carol", "service": "psgctl", "activationId": "carol/admin-1", "permissionSetGroup": RARE}
    log.put(start + 11 * DAY, "Granted", **granted, actor="uid 1000 (alice)", reason="phone lost",
            expirationDate=stamp(start + 11 * DAY + 3600))
    log.put(start + 11 * DAY + 1800, "Deactivated", **granted, actor="root")
    for number in range(40):
        log.put(start + 20 * DAY + number * 20, "WrongCode", userName="mallory", service="sshd",
                rhost="198.51.100.66", reason="wrong code")
    for number in range(15):
        log.put(start + 20 * DAY + 900 + number * 60, "Throttled", userName="mallory", service="sshd",
                rhost="198.51.100.66")
    log.put(start + 21 * DAY, "Refused", userName="=cmd|'/C calc'!A0", service="sshd", rhost="@SUM(1)",
            reason="Unassigned")
    for user, reason in (("olivia", "Unassigned"), ("peggy", "not enrolled")):
        for number in range(3):
            log.put(start + (22 + number) * DAY, "WouldRefuse", userName=user, service="sshd", reason=reason)
    log.put(start + 23 * DAY, "Unlocked", userName="mallory", actor="root", service="psgctl")
