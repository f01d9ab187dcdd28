"""The store's own tests, with their real processes, on each file system that a store is likely to live on."""

import os
import subprocess

import pytest

from conftest import BUILD
from soak import soak

# Names that one process alone makes, listings of one moment, codes claimed; in the soak many processes at once.
PROGRAMS = soak(("folder", "claim"), ("folder", "claim", "tidy", "race", "people", "attempts", "binding"))
# mkfs.xfs makes none below 300 MB; the image is sparse and in memory, or every fsync would wait for the disk.
IMAGE = "mount -t tmpfs tmpfs /media && truncate -s 320M /media/image"
MAKE = {"ext4": "mkfs.ext4 -q -F", "xfs": "mkfs.xfs -q", "btrfs": "mkfs.btrfs -q"}


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs"])
def test_the_store_on(kind):
    mount = "mount -t tmpfs tmpfs /mnt"
    if kind in MAKE:
        mount = f"{IMAGE} && {MAKE[kind]} /media/image && mount -t {kind} -o loop /media/image /mnt"
    run = ' && for program; do "$program" || exit; done'
    programs = [f"{BUILD}/tests/store/{name}_test" for name in PROGRAMS]
    # Unmounted with its namespace, and the loop device freed with that, whatever becomes of the programs.
    done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", mount + run, "sh", *programs],
                          env={**os.environ, "TMPDIR": "/mnt"}, capture_output=True, text=True, check=False,
                          timeout=500)
    assert done.returncode == 0, f"on {kind}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
