"""`make bench` in small: that it runs, says what it should, and measures what it says. No figure is judged."""

import json
import os
import subprocess

from conftest import BUILD, REPO

BENCH = os.path.join(REPO, "tests", "bench")


def run(build, *args):
    return subprocess.run([os.path.join(BENCH, "run"), str(build), *args], stdin=subprocess.DEVNULL, timeout=120,
                          capture_output=True, text=True, check=False)


def changes(psgctl, package):
    """The components of a package by what a deployment did to them."""
    details = psgctl.ok("deploy", package, "--json").json()["details"]["componentSuccesses"]
    kinds = ["created" if one["created"] else "changed" if one["changed"] else "same" for one in details]
    return {kind: kinds.count(kind) for kind in set(kinds)}


def test_all_of_it_in_small(tmp_path):
    os.symlink(os.path.join(BUILD, "psgctl"), tmp_path / "psgctl")
    result = run(tmp_path, "--divide", "1000", "--rounds", "1")
    assert result.returncode == 0, result.stderr
    told = json.loads((tmp_path / "bench" / "metadata-quick.json").read_text())
    assert told["name"] == "metadata" and len(told["rows"]) == 7
    for row in told["rows"]:
        assert row["name"] in result.stdout and row["ratio"] > 0 and row["median"] > 0 and row["memoryMb"] > 0
    assert (tmp_path / "bench" / "metadata-quick.txt").read_text() in result.stdout
    assert "one changed set, 100 groups: m" in result.stdout  # met or missed, either will do


def test_a_command_that_fails_ends_it(tmp_path):
    (tmp_path / "psgctl").write_text("#!/bin/sh\necho broken\nexit 4\n")
    (tmp_path / "psgctl").chmod(0o755)
    result = run(tmp_path, "--divide", "1000")
    assert result.returncode == 1 and "init: exit status 4\nbroken\n" in result.stderr


def test_the_packages_are_of_the_size_asked_for(psgctl, tmp_path):
    subprocess.run([os.path.join(BENCH, "generate"), str(tmp_path), "--sets", "3", "--permissions", "200", "--groups",
                    "10", "--members", "1", "--assignments", "7"], check=True, timeout=60)
    psgctl.init()
    assert changes(psgctl, tmp_path / "sets")["created"] >= 3
    assert changes(psgctl, tmp_path / "groups") == {"created": 10}
    for package in ("sets", "groups"):
        assert set(changes(psgctl, tmp_path / f"{package}.zip")) == {"same"}
    # Of one set; Group_0 has a muting set, too.
    given = [len(psgctl.ok("groups", f"Group_{n}", "--json").json()["effectivePermissions"]) for n in range(10)]
    assert given[1:] == [200] * 9 and given[0] < 200
    assert changes(psgctl, tmp_path / "one") == {"changed": 1}
    assert changes(psgctl, tmp_path / "back") == {"changed": 1}
    assert len((tmp_path / "assignments").read_text().splitlines()) == 7
