"""Round trips: what is retrieved says what was deployed, all of it, and deploying it changes nothing."""

import os
import pathlib
import tempfile

import packages
from conftest import REPO, Psgctl
from test_retrieve import files_of, files_of_zip

SEEDS = 60


def assert_nothing_to_do(psgctl, source, count):
    before = psgctl.policy_bytes()
    result = psgctl.deploy(source)
    assert result.out.splitlines()[-1] == (f"Nothing to do: {count} component{'' if count == 1 else 's'}: "
                                           f"{count} unchanged, in force already."), result
    assert psgctl.policy_bytes() == before


def test_the_shipped_package_retrieved_is_nothing_to_do(psgctl, tmp_path):
    psgctl.init()
    psgctl.deploy(os.path.join(REPO, "conf", "sample-package"))
    psgctl.ok("retrieve", "--all", "--output", tmp_path / "out")
    psgctl.ok("retrieve", "--all", "--output", tmp_path / "out.zip")
    assert_nothing_to_do(psgctl, tmp_path / "out", 7)
    assert_nothing_to_do(psgctl, tmp_path / "out.zip", 7)
    assert_nothing_to_do(psgctl, os.path.join(REPO, "conf", "sample-package"), 7)


def round_trip(seed, folder):
    """Through a directory, a zip, and a second store."""
    folder.mkdir()
    first, second = Psgctl(folder / "store"), Psgctl(folder / "second")
    package = packages.make(seed)
    source = package.write_zip(folder / "p.zip") if seed % 2 else package.write(folder / "package")
    first.init()
    first.deploy(source)
    first.ok("retrieve", "--all", "--output", folder / "out")
    first.ok("retrieve", "--all", "--output", folder / "out.zip")
    files = files_of(folder / "out")
    assert files_of_zip(folder / "out.zip") == files and len(files) == len(package.components) + 1
    assert_nothing_to_do(first, folder / "out", len(package.components))
    assert_nothing_to_do(first, source, len(package.components))
    second.init()
    second.deploy(folder / "out.zip")
    second.ok("retrieve", "--all", "--output", folder / "again")
    assert files_of(folder / "again") == files
    assert second.policy() == first.policy()


def test_generated_packages():
    """Without a disk: each is synced several times."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for seed in range(SEEDS):
            try:
                round_trip(seed, pathlib.Path(folder, str(seed)))
            except AssertionError as error:
                raise AssertionError(f"seed {seed}") from error


def test_more_than_a_deployment_takes_is_said(psgctl, package, tmp_path):
    """Two deployments made it: retrieved at once it is one file too many."""
    half = packages_of_sets(package, 0, 5000), packages_of_sets(package, 5000, 10000)
    psgctl.init()
    for source in half:
        psgctl.deploy(source, "--quiet")
    result = psgctl.ok("retrieve", "--all", "--output", tmp_path / "all.zip", "--quiet")
    assert result.out == "" and result.err == ("psgctl: warning: a package may have 10000 files to be deployed: "
                                               "retrieve it in parts, with --manifest\n")
    assert len(files_of_zip(tmp_path / "all.zip")) == 10001


def packages_of_sets(package, first, end):
    made = package(f"from_{first}")
    for number in range(first, end):
        made.permission_set(f"S{number}")
    return made
