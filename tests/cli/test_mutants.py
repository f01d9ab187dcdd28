"""The changes that take out a defence (tests/mutants) fit the code as it is: one that does not is run only by
`make mutants`, long after what it fitted has gone."""

import os
import subprocess

import pytest

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(REPO, "tests", "mutants")
PATCHES = sorted(name for name in os.listdir(FOLDER) if name.endswith(".patch"))


@pytest.mark.parametrize("part", range(10))
def test_each_applies_and_its_tests_are_there(part):
    wrong = []
    assert len(PATCHES) > 250
    for name in PATCHES[part::10]:
        path = os.path.join(FOLDER, name)
        tried = subprocess.run(["patch", "-s", "-p1", "--dry-run", "-f", "-r", "-", "-i", path], cwd=REPO, check=False,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if tried.returncode or tried.stdout:
            wrong.append(f"{name}: {tried.stdout}")
        with open(path, encoding="utf-8") as file:
            tests = file.read().splitlines()[1].removeprefix("test: ").split()
        assert tests
        for test in tests:
            file = test.partition("::")[0] if ".py" in test else test + ".c"
            if not os.path.isfile(os.path.join(REPO, "tests", file)):
                wrong.append(f"{name}: there is no tests/{file}")
    assert not wrong, "\n".join(wrong)
