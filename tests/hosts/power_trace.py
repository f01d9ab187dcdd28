"""Runs a program under strace and does on a Disk (power_disk.py) what it did on the real one."""

import os
import re
import subprocess

import world

CALLS = ("open,openat,creat,mkdir,mkdirat,read,write,pwrite64,pwritev,pwritev2,writev,lseek,truncate,ftruncate,"
         "fallocate,copy_file_range,sendfile,splice,fsync,fdatasync,sync,syncfs,rename,renameat,renameat2,link,"
         "linkat,symlink,symlinkat,unlink,unlinkat,rmdir,fchmod,fchmodat,chmod,close,dup,dup2,dup3,fcntl,mmap")
HEX = r'((?:\\x[0-9a-f]{2})*)'
FD = rf'(AT_FDCWD|\d+)(?:<{HEX}>(?:\(deleted\))?)?'
LINE = re.compile(r'(\w+)\((.*)\)\s+= (-?\d+|0x[0-9a-f]+)(?:<.*>(?:\(deleted\))?)?(?: (?:E[A-Z]+ )?\(.*\))?$')


def text(escaped):
    return bytes.fromhex(escaped.replace("\\x", ""))


def paths(arguments):
    """Every "fd, string" or string of the arguments as absolute paths."""
    found = []
    for base, name in re.findall(rf'(?:(?:AT_FDCWD|\d+)(?:<{HEX}>)?, )?"{HEX}"', arguments):
        found.append(os.path.normpath(os.path.join("/" if base == "" else text(base).decode(), text(name).decode())))
    return found


class Opened:
    def __init__(self, inode, append):
        self.inode, self.append, self.offset = inode, append, 0


class Recorder:
    """`said` is called with each line the program writes to its standard output, at that moment."""

    def __init__(self, disk, said=lambda line: None):
        self.disk, self.said, self.files = disk, said, {}

    def run(self, *command, stdin="", kill=None, prefix=()):
        """`kill`: (CALL, N): SIGKILL at its N-th CALL. Returns the exit status, None when killed."""
        trace = f"{world.ROOT}/tmp/trace"
        inject = ["-e", f"inject={kill[0]}:signal=KILL:when={kill[1]}"] if kill else []
        done = subprocess.run([*prefix, "strace", "-y", "-xx", "-s", "16000000", "-q", "-o", trace,
                               "-e", "trace=" + CALLS, *inject, *command], input=stdin, capture_output=True,
                              text=True, check=False, timeout=120, start_new_session=True)
        self.files = {}
        self.out, self.err = done.stdout, done.stderr
        with open(trace, encoding="ascii") as file:
            lines = file.read().splitlines()
        killed = lines[-1].startswith("+++ killed")
        for line in lines:
            if not line.startswith("+++ ") and not line.startswith("--- "):
                self._line(line)
        return None if killed else done.returncode

    def _line(self, line):
        match = LINE.match(line)
        if match is None:
            assert "= ?" in line, f"strace line not understood: {line[:300]}"
            return
        call, arguments, result = match[1], match[2], int(match[3], 0)
        if result >= 0:
            self._done(call, arguments, result)

    def _done(self, call, arguments, result):
        fd = re.match(FD, arguments)
        fd = int(fd[1]) if fd and fd[1].isdigit() else None
        if call in ("openat", "open", "creat"):
            self.files.pop(result, None)
            self._open(paths(arguments)[0], arguments, result)
        elif call in ("write", "writev", "pwrite64"):
            self._write(call, fd, arguments, result)
        elif call in ("mkdir", "mkdirat"):
            path = paths(arguments)[0]
            if self.disk.find(path):
                self.disk.make(path, True, int(arguments.rpartition(", ")[2], 8))
        elif call in ("rename", "renameat", "renameat2", "link", "linkat"):
            self._rename(call, *paths(arguments))
        elif call in ("unlink", "unlinkat", "rmdir"):
            found = self.disk.find(paths(arguments)[0])
            if found:
                self.disk.names(found[0], {found[1]: None})
        elif call == "mmap":
            shared = "MAP_SHARED" in arguments and "PROT_WRITE" in arguments
            assert not (shared and self._file_of(arguments)), f"written through a map: {arguments}"
        else:
            self._on_file(call, fd, arguments, result)

    def _open(self, path, arguments, result):
        found = self.disk.find(path)
        if not found and path not in self.disk.places:
            return
        if "O_TMPFILE" in arguments:
            inode = self.disk.unnamed(int(arguments.rpartition(", ")[2], 8))
            self.files[result] = Opened(inode, False)
            return
        inode = self.disk.inode(path)
        if inode is None and "O_CREAT" not in arguments:
            assert found[0] in self.disk.places.values(), f"{path} is there and should not be"
            return
        if inode is None:
            inode = self.disk.make(path, False, int(arguments.rpartition(", ")[2], 8))
        if "O_TRUNC" in arguments and inode.data:
            self.disk.truncate(inode, 0)
        self.files[result] = Opened(inode, "O_APPEND" in arguments)

    def _file_of(self, arguments):
        return any(int(number) in self.files for number in re.findall(r"(\d+)<", arguments))

    def _write(self, call, fd, arguments, result):
        data = b"".join(text(part) for part in re.findall(rf'"{HEX}"', arguments))[:result]
        file = self.files.get(fd)
        if file is None:
            if fd == 1:
                for line in data.decode("utf-8", "replace").splitlines():
                    self.said(line)
            return
        offset = len(file.inode.data) if file.append else file.offset
        if call == "pwrite64":
            self.disk.write(file.inode, int(arguments.rpartition(", ")[2]), data)
            return
        self.disk.write(file.inode, offset, data)
        file.offset = offset + result

    def _rename(self, call, old, new):
        if old.startswith("/proc/self/fd/"):
            folder, name = self.disk.find(new)
            self.disk.names(folder, {name: self.files[int(os.path.basename(old))].inode})
            return
        source, target = self.disk.find(old), self.disk.find(new)
        if source is None and target is None:
            return
        assert source and target, f"{call} {old} {new} crosses the disk's edge"
        inode = source[0].names[source[1]]
        if call.startswith("link"):
            self.disk.names(target[0], {target[1]: inode})
        else:
            assert source[0] is target[0], f"{old} changes its folder"
            self.disk.names(source[0], {source[1]: None, target[1]: inode})

    def _on_file(self, call, fd, arguments, result):
        file = self.files.get(fd)
        if call == "sync" or call == "syncfs" and file:
            self.disk.sync_all()
        elif call in ("chmod", "fchmodat"):
            inode = self.disk.inode(paths(arguments)[0])
            if inode:
                self.disk.chmod(inode, int(re.search(r", (0\d*)", arguments)[1], 8))
        elif file is None:
            return
        elif call in ("fsync", "fdatasync"):
            self.disk.sync(file.inode)
        elif call == "read":
            file.offset += result
        elif call == "lseek":
            file.offset = result
        elif call == "close":
            del self.files[fd]
        elif call == "fchmod":
            self.disk.chmod(file.inode, int(arguments.rpartition(", ")[2], 8))
        elif call == "ftruncate":
            self.disk.truncate(file.inode, int(arguments.rpartition(", ")[2]))
        elif call in ("dup", "dup2", "dup3") or call == "fcntl" and "F_DUPFD" in arguments:
            self.files[result] = file
        else:
            assert call == "fcntl", f"{call} is not understood: {arguments[:200]}"
