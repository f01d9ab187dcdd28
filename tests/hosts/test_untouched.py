"""Run last: the host is as it was. A look back through the mount namespace it was left by."""

import json
import os
import subprocess
import sys

import world


def test_the_host_is_as_it_was(the_machine):
    with open(world.HOST_MARKS, encoding="utf-8") as file:
        before = json.load(file)
    namespace = f"/proc/self/fd/{world.HOST_NS_FD}"
    look = "import json, sys; sys.path.insert(0, sys.argv[1]); import world; print(json.dumps(world.marks()))"
    done = subprocess.run(["nsenter", "--mount=" + namespace, sys.executable, "-B", "-c", look, os.path.dirname(world.__file__)],
                          capture_output=True, text=True, check=True, pass_fds=[world.HOST_NS_FD])
    after = json.loads(done.stdout)
    assert after == before


def test_and_the_machine_was_another(the_machine):
    """Else the test above would show nothing."""
    assert world.marks() != json.load(open(world.HOST_MARKS, encoding="utf-8"))
