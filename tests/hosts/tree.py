"""A Debian of its own to install packages in: the host's, below a layer that takes every write, entered by chroot.

Unlike the private machine it has a package database. It lives in the machine's mount namespace, and with it ends."""

import os
import shutil
import subprocess

import world

ROOT = world.ROOT + "/tree"
SOURCE, BUILD = "/psg/source", "/psg/build"  # the sources and the build under test, in it


class Tree:
    """Empty layers over the host's files and over the sources and the build, wherever those are."""

    def __init__(self):
        self.overlay("/", "")
        for path in ("/run", "/tmp"):
            world.tmpfs(ROOT + path, "1777" if path == "/tmp" else "0755")
        world.mount("--rbind", "/dev", ROOT + "/dev")
        world.mount("-t", "proc", "proc", ROOT + "/proc")
        self.overlay(world.REPO, SOURCE)
        self.overlay(world.build_dir(), BUILD)

    @staticmethod
    def overlay(lower, place):
        layers = f"{world.ROOT}/layers{place}"
        for path in (layers + "/upper", layers + "/work", ROOT + place):
            os.makedirs(path, exist_ok=True)
        world.mount("-t", "overlay", "-o", f"lowerdir={lower},upperdir={layers}/upper,workdir={layers}/work",
                    "overlay", ROOT + place)

    def run(self, *command, status=0, stdin="", **more):
        """Runs it there; `status` None: any will do."""
        environment = {**{name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")},
                       "DEBIAN_FRONTEND": "noninteractive", "BUILD": BUILD, "HOME": "/root", "TMPDIR": "/tmp", **more}
        done = subprocess.run(["chroot", ROOT, *command], input=stdin, capture_output=True, text=True, check=False,
                              timeout=300, env=environment)
        if status is not None:
            assert done.returncode == status, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    @staticmethod
    def path(path):
        return ROOT + path

    def exists(self, path):
        return os.path.lexists(self.path(path))

    def read(self, path):
        with open(self.path(path), encoding="utf-8") as file:
            return file.read()

    def write(self, path, text):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(text)

    def remove(self, path):
        (shutil.rmtree if os.path.isdir(self.path(path)) else os.remove)(self.path(path))
