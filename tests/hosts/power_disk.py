"""A disk that loses its power: what may stand in a tree of files afterwards, for every moment of a run.

Durable is what was synced: a file's bytes by fsync of the file, a folder's names by fsync of the folder, all by sync
or syncfs. Of the rest a file system may have kept, independently for each inode (no order between them is promised by
POSIX, and data=writeback keeps none):

  names   of each folder the first so many changes since its last sync ("ordered", what every journal or log does), or
          any of them ("any"); a rename is one change
  bytes   none since the last sync, all, half, or zeros in the new length
  mode    the old or the new one
"""

import itertools
import os
import random
import shutil
import stat


class Inode:
    def __init__(self, folder, mode):
        self.folder, self.mode, self.synced_mode = folder, mode, mode
        # As the process sees it: names of a folder, or bytes.
        self.names, self.data = {}, b""
        # As the disk has it, and the changes to names since.
        self.synced_names, self.pending, self.synced_data = {}, [], b""

    def sync(self):
        self.synced_names, self.pending = dict(self.names), []
        self.synced_data, self.synced_mode = self.data, self.mode


class Disk:
    """`places` are folders that were always there. after() is called after every change, with what it was."""

    def __init__(self, places, after=lambda what: None):
        self.places = {place: Inode(True, 0o755) for place in places}
        self.inodes = list(self.places.values())
        self.after = after

    def find(self, path):
        """(folder, name) of a path on this disk, or None."""
        for place, inode in self.places.items():
            if path != place and not path.startswith(place + "/"):
                continue
            parts = path[len(place):].strip("/").split("/")
            for part in parts[:-1]:
                inode = inode.names.get(part)
                if inode is None:
                    return None
            return inode, parts[-1]
        return None

    def inode(self, path):
        if path in self.places:
            return self.places[path]
        found = self.find(path)
        return found and found[0].names.get(found[1])

    def names(self, folder, changes):
        folder.pending.append(changes)
        for name, inode in changes.items():
            if inode is None:
                folder.names.pop(name, None)
            else:
                folder.names[name] = inode
        self.after("names")

    def make(self, path, folder, mode):
        parent, name = self.find(path)
        inode = Inode(folder, mode)
        self.inodes.append(inode)
        self.names(parent, {name: inode})
        return inode

    def unnamed(self, mode):
        self.inodes.append(Inode(False, mode))
        return self.inodes[-1]

    def write(self, inode, offset, data):
        old = inode.data.ljust(offset, b"\0")
        inode.data = old[:offset] + data + old[offset + len(data):]
        self.after("bytes")

    def truncate(self, inode, size):
        inode.data = inode.data[:size].ljust(size, b"\0")
        self.after("bytes")

    def chmod(self, inode, mode):
        if inode.mode != mode:
            inode.mode = mode
            self.after("mode")

    def sync(self, inode):
        inode.sync()
        self.after("sync")

    def sync_all(self):
        for inode in self.inodes:
            inode.sync()
        self.after("sync")

    def load(self, path, tree):
        mode, content = tree
        inode = self.make(path, not isinstance(content, bytes), mode)
        if isinstance(content, bytes):
            self.write(inode, 0, content)
            return
        for name, below in content:
            self.load(f"{path}/{name}", below)

    # -- what may be left --

    def _choices(self, order):
        """For every inode with something unsynced the ways it may be found, the oldest first, the newest last."""
        for inode in self.inodes:
            if inode.pending:
                count = len(inode.pending)
                kept = [range(n) for n in range(count + 1)] if order == "ordered" else [
                    [n for n in range(count) if bits >> n & 1] for bits in range(min(2 ** count, 256))]
                yield inode, "names", kept
            if inode.data != inode.synced_data:
                new = inode.data
                ways = [inode.synced_data, bytes(len(new)), new[:len(new) // 2], new]
                yield inode, "data", list(dict.fromkeys(ways))
            if inode.mode != inode.synced_mode:
                yield inode, "mode", [inode.synced_mode, inode.mode]

    def losses(self, order, most, chance):
        """Trees that a power loss now may leave: all if at most `most`, else the extremes and samples."""
        choices = list(self._choices(order))
        count = 1
        for _, _, ways in choices:
            count *= len(ways)
        if count <= most:
            picks = itertools.product(*(range(len(ways)) for _, _, ways in choices))
        else:
            last = [len(ways) - 1 for _, _, ways in choices]
            picks = [[0] * len(choices), last,
                     [end if kind == "names" else 0 for end, (_, kind, _) in zip(last, choices)],
                     [end if kind == "names" else min(1, end)
                      for end, (_, kind, _) in zip(last, choices)],
                     *([chance.randint(0, end) for end in last] for _ in range(most - 4))]
        for pick in picks:
            found = {(inode, kind): ways[n] for n, (inode, kind, ways) in zip(pick, choices)}
            yield {place: self._tree(inode, found) for place, inode in self.places.items()}

    def _tree(self, inode, found):
        mode = found.get((inode, "mode"), inode.mode)
        if not inode.folder:
            return mode, found.get((inode, "data"), inode.data)
        names = dict(inode.synced_names)
        for n in found.get((inode, "names"), []):
            for name, other in inode.pending[n].items():
                names.pop(name, None)
                if other is not None:
                    names[name] = other
        return mode, tuple((name, self._tree(inode, found)) for name, inode in sorted(names.items()))

    def whole(self):
        """The tree as the process sees it."""
        found = {(inode, "names"): range(len(inode.pending)) for inode in self.inodes}
        return {place: self._tree(inode, found) for place, inode in self.places.items()}


# -- trees: a file is (mode, bytes), a folder (mode, ((name, tree), …)) --

def read_tree(path):
    info = os.lstat(path)
    mode = stat.S_IMODE(info.st_mode)
    if stat.S_ISDIR(info.st_mode):
        return mode, tuple((name, read_tree(f"{path}/{name}")) for name in sorted(os.listdir(path)))
    with open(path, "rb") as file:
        return mode, file.read()


def write_tree(path, tree, age_s):
    """`age_s`: how old everything is made to look."""
    mode, content = tree
    if isinstance(content, bytes):
        with open(path, "wb") as file:
            file.write(content)
    else:
        os.makedirs(path, exist_ok=True)
        for name, below in content:
            write_tree(f"{path}/{name}", below, age_s)
    os.chmod(path, mode)
    then = os.stat(path).st_mtime - age_s
    os.utime(path, (then, then))


def put_tree(path, tree, age_s=0):
    shutil.rmtree(path, ignore_errors=True)
    if tree is not None:
        write_tree(path, tree, age_s)


def tree_paths(tree, where=""):
    _, content = tree
    if isinstance(content, bytes):
        return [where]
    return [where] + [path for name, below in content for path in tree_paths(below, f"{where}/{name}")]


def child(tree, name):
    return dict(tree[1]).get(name)


def seeded(name):
    return random.Random(f"psg power {name}")
