"""What psgctl says of a policy that it could not make durable: which one is in force, or that it cannot know."""

import os
import shutil
import subprocess

import pytest

from conftest import PSGCTL, Psgctl


@pytest.fixture
def made(psgctl, package):
    psgctl.init()
    psgctl.deploy(package().permission_set("Login", apps=["sshd"]).group("Staff", ["Login"], requires=True))
    return psgctl


def calls(psgctl, tmp_path, *args):
    """The system calls of a run on a copy of the store, in order."""
    copy = Psgctl(tmp_path / "copy")
    shutil.copytree(psgctl.store, copy.store)
    trace = tmp_path / "trace"
    subprocess.run(["strace", "-o", trace, "-e", "trace=openat,fsync,renameat", PSGCTL, *args], check=True,
                   env=copy.environment(ASAN_OPTIONS="detect_leaks=0"), capture_output=True)
    shutil.rmtree(copy.store)
    return [line.split("(")[0] for line in trace.read_text().splitlines() if "(" in line]


@pytest.mark.parametrize("readable", [True, False])
def test_a_folder_that_cannot_be_synced(made, tmp_path, readable):
    """The new name is there; whether it stays is the disk's to say. Where it cannot be read, nothing is claimed."""
    made_by = calls(made, tmp_path, "assign", "daemon", "Staff")
    renamed = made_by.index("renameat")
    syncs, opens = made_by[:renamed].count("fsync"), made_by[:renamed].count("openat")
    inject = ["-e", f"inject=fsync:error=EIO:when={syncs + 1}"]
    if not readable:
        inject += ["-e", f"inject=openat:error=EIO:when={opens + 1}+"]
    done = subprocess.run(["strace", "-o", "/dev/null", "-e", "trace=openat,fsync", *inject, PSGCTL, "assign",
                           "daemon", "Staff"], env=made.environment(ASAN_OPTIONS="detect_leaks=0"),
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 4, done
    assert ("the new policy is in force" in done.stderr) == readable, done.stderr
    assert "stays in force" not in done.stderr
    assert ("is not known; see `psgctl groups`" in done.stderr) == (not readable)
    assert "journalctl -k" in done.stderr and os.path.exists(made.store + "/policy")
