"""`make bench` in small: that it runs, says what it should, and measures what it says. No figure is judged."""

import json
import os
import shutil
import subprocess
import xml.dom.minidom

import pytest

from conftest import BUILD, REPO

BENCH = os.path.join(REPO, "tests", "bench")


def run(build, *args):
    return subprocess.run([os.path.join(BENCH, "run"), str(build), *args], stdin=subprocess.DEVNULL, timeout=120,
                          capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", name="logins")
def fixture_logins(tmp_path_factory):
    """`make bench-quick`'s logins, with a single round: what it printed, and the folder of its results."""
    build = tmp_path_factory.mktemp("bench")
    build.chmod(0o755)
    for name in ("psgctl", "pam_psg.so"):
        shutil.copy(os.path.join(BUILD, name), build)
    (build / "bench").mkdir()
    shutil.copy(os.path.join(BUILD, "bench", "login"), build / "bench")
    result = subprocess.run([os.path.join(BENCH, "logins"), str(build), "--least"], stdin=subprocess.DEVNULL,
                            timeout=120, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout, build / "bench"


def test_logins_beside_the_peers(logins):
    printed, folder = logins
    told = json.loads((folder / "login-least.json").read_text())
    assert (folder / "login-least.txt").read_text() in printed
    rows = {row["key"]: row for row in told["rows"]}
    assert {"floor", "floor-code", "timestamp", "oath-1000", "google", "host", "session", "free", "stranger",
            "verify", "whole"} <= set(rows)
    for row in rows.values():
        assert row["name"] in printed and row["unexpected"] == 0
        for mode in ("inProcess", "fresh"):
            assert 0 < row[mode]["lower"] <= row[mode]["median"] <= row[mode]["p99"] and row[mode]["againstFloor"] > 0
    # What the figures are about really happened: codes are durable, checks write nothing, the module was loaded.
    for key in ("host", "session", "free", "stranger"):
        assert rows[key]["systemCalls"]["fresh"]["fsyncs"] == rows[key]["systemCalls"]["fresh"]["writes"] == 0
    for key in ("verify", "whole"):
        assert rows[key]["systemCalls"]["inProcess"]["fsyncs"] == 2
    assert rows["host"]["adds"]["pssKb"] > 50 and rows["floor"]["adds"]["pssKb"] == 0


def test_logins_at_once(logins):
    _, folder = logins
    told = json.loads((folder / "login-least.json").read_text())
    workers = {one["key"]: one for one in told["workers"]}
    assert workers["whole"]["rejected"] == workers["google"]["rejected"] == 0 < workers["whole"]["rate"]
    assert {one["key"]: one["most"] for one in told["oneCode"]}["whole"] == 1
    assert [one["least"] for one in told["oneCode"] if one["key"] == "whole"] == [1]


def test_the_plot_is_well_formed_and_leaves_nothing_out(logins):
    _, folder = logins
    drawing = xml.dom.minidom.parse(str(folder / "login-least.svg"))
    text = " ".join(node.firstChild.data for node in drawing.getElementsByTagName("text"))
    for name in ("pam_oath", "google-authenticator", "verify + activate", "live activation", "the floor"):
        assert name in text
    assert "http" not in drawing.documentElement.toxml().replace("http://www.w3.org/2000/svg", "")


def test_the_logins_touch_nothing_of_the_host(logins):
    _, folder = logins
    with open("/etc/passwd", encoding="utf-8") as file:
        assert "stranger000" not in file.read()
    assert not os.path.exists("/run/bench") and sorted(os.listdir(folder)) == [
        "login", "login-least.json", "login-least.svg", "login-least.txt"]
    for name in os.listdir("/etc/pam.d"):
        with open("/etc/pam.d/" + name, encoding="utf-8") as file:
            assert not {"pam_oath.so", "pam_google_authenticator.so"} & set(file.read().split()), name


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
