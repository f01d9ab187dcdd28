"""Running build/bench/login: rounds in which all subjects take turns, so that a busy machine slows all alike."""

import json
import os
import re
import statistics
import subprocess
import time

import stage
from common import Failed
from subjects import PERIOD_S, code

CODES = 8  # steps from the first one's on that a run of the harness may come to
DEADLINE_S = 120
OTHERS = 3  # logins open beside the one whose memory is read; the libraries they all map are shared
CALL = re.compile(r"^(\w+)\((.*)")
WRITES = re.compile(r"^(p?writev?(64|2)?|unlink(at)?|rename(at2?)?|mkdir(at)?|rmdir|link(at)?|f?truncate|fallocate)$")


class Harness:
    def __init__(self, build):
        self.program = build + "/bench/login"

    def command(self, mode, subject, **options):
        base = int(time.time()) // PERIOD_S
        given = {"conf": stage.ROOT + "/pam.d", "service": subject.service, "prefix": subject.prefix,
                 "people": subject.people, "phases": subject.phases, "expect": subject.expect, "base": base,
                 "codes": ",".join(code(base + at) for at in range(CODES)), **options}
        return [self.program, mode, *(f"--{name}={value}" for name, value in given.items()),
                *(["--again"] if subject.again else [])]

    def ask(self, mode, subject, **options):
        done = subprocess.run(self.command(mode, subject, **options), capture_output=True, text=True,
                              timeout=DEADLINE_S, check=False, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failed(f"{subject.name}: a login of the harness ({mode}) came out otherwise than it should, "
                         f"exit status {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout)

    def ask_beside(self, others, mode, subject, **options):
        """The same with so many other logins open."""
        held = []
        try:
            for at in range(others):  # one after the other: pam_oath refuses whoever comes at once
                held.append(subprocess.Popen(self.command("hold", subject, first=options.get("first", 0) + 1 + at),
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE))
                if held[-1].stdout.readline() != b"held\n":
                    raise Failed(f"{subject.name}: a login of the harness (hold) came out otherwise than it should")
            return self.ask(mode, subject, **options)
        finally:
            for one in held:
                one.communicate()

    def trace(self, subject, path):
        """System calls of one login: in a fresh process and of the next one in it."""
        command = ["strace", "-qq", "-s", "64", "-o", path, *self.command("trace", subject)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        if done.returncode != 0:
            raise Failed(f"{subject.name}: strace of a login: exit status {done.returncode}\n{done.stderr}")
        with open(path, encoding="utf-8", errors="replace") as file:
            parts = [part.splitlines() for part in re.split(r"^.*/psg-bench-mark.*$", file.read(), flags=re.M)]
        os.remove(path)
        return {"fresh": counted(parts[1]), "inProcess": counted(parts[2])}


def counted(lines):
    calls = [found.groups() for found in map(CALL.match, lines) if found]
    return {"syscalls": len(calls), "fsyncs": sum(name in ("fsync", "fdatasync") for name, _ in calls),
            "writes": sum(bool(WRITES.match(name)) or "O_CREAT" in rest for name, rest in calls)}


def spread(values):
    """Of nanoseconds, in microseconds."""
    ordered = sorted(value / 1000 for value in values)
    quartiles = statistics.quantiles(ordered, n=4) if len(ordered) > 1 else ordered * 3
    return {"median": statistics.median(ordered), "p99": ordered[min(len(ordered) * 99 // 100, len(ordered) - 1)],
            "lower": quartiles[0], "upper": quartiles[2], "least": ordered[0], "greatest": ordered[-1],
            "logins": len(ordered)}


def ratio(own, other):
    """Of two lists of rounds: the median of the rounds' own ratios, for a round is one minute of one machine."""
    pairs = [statistics.median(a) / statistics.median(b) for a, b in zip(own, other) if a and b]
    return statistics.median(pairs)


class Series:
    """One subject's rounds."""

    def __init__(self, subject):
        self.subject = subject
        self.times = {"process": [], "fresh": []}
        self.processor = []
        self.unexpected = 0

    def add(self, mode, told):
        self.times[mode].append(told["ns"])
        self.unexpected += told["unexpected"]
        if mode == "fresh":
            self.processor.append(told["processorNs"] / max(len(told["ns"]), 1))


def rounds(harness, subjects, size):
    """In process and in fresh processes; the first round only warms what the others find."""
    series = [Series(subject) for subject in subjects]
    for number in range(size["rounds"] + 1):
        for one in series:
            subject = one.subject
            count = size["codes"] if subject.kind == "code" else size["checks"]
            subject.reset()
            told = harness.ask("process", subject, first=0, count=count, milliseconds=size["milliseconds"])
            fresh = harness.ask("fresh", subject, first=len(told["ns"]) + 1, count=count,
                                milliseconds=size["milliseconds"])
            if number:
                one.add("process", told)
                one.add("fresh", fresh)
            elif told["unexpected"] or fresh["unexpected"]:
                raise Failed(f"{subject.name}: {told['unexpected'] + fresh['unexpected']} logins came out otherwise "
                             "than they should, with nobody else about")
    return series


def footprint(harness, series):
    """System calls and memory of each, with nobody else about."""
    for one in series:
        subject = one.subject
        subject.reset()
        one.trace = harness.trace(subject, stage.ROOT + "/strace")
        subject.reset()
        one.memory = [harness.ask("memory", subject, first=at) for at in range(3)]
        beside = harness.ask_beside(OTHERS, "memory", subject, first=len(one.memory))
        one.memory = [{**told, "besidePssKb": beside["pssKb"]} for told in one.memory]
    floors = {one.subject.kind: one for one in series if one.subject.key in ("floor", "floor-code")}
    for one in series:
        floor = floors[one.subject.kind]
        one.adds = {name: statistics.median(told[name] for told in one.memory) -
                    statistics.median(told[name] for told in floor.memory) for name in ("pssKb", "besidePssKb", "peakKb")}


def workers(harness, subjects, size):
    """64 at once, each login a fresh process with a code that is good."""
    told = {subject.key: [] for subject in subjects}
    for number in range(size["worker_rounds"] + 1):
        for subject in subjects:
            subject.reset()
            count = max(2 * subject.people // size["workers"], 1)
            one = harness.ask("workers", subject, processes=size["workers"], count=count,
                              milliseconds=size["worker_milliseconds"])
            one["rate"] = (len(one["ns"]) - one["unexpected"]) / (one["wallNs"] / 1e9)
            if number:
                told[subject.key].append(one)
    return told


def bursts(harness, subjects, size):
    """One code by 32 processes that answer the prompt together: how many got in, in each round."""
    told = {subject.key: [] for subject in subjects}
    for number in range(size["burst_rounds"]):
        for subject in subjects:
            subject.reset()
            told[subject.key].append(harness.ask("burst", subject, first=number % subject.people,
                                                 processes=size["burst"])["in"])
    return told
