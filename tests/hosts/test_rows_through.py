"""What goes through a login of sshd: a command, files, a port. Let in, refused, and what the person sees then."""

import os
import socket
import socketserver
import threading

import pytest

from drive import forwarding
from machine import wait_until
from test_sshd_said import NEEDED, WRONG, seen, start

LOCAL, TARGET = 2400, 2401


def test_command(machine, sshd):
    """Its streams are its own and its status is the client's; refused, it is not started."""
    server, person = start(machine, sshd, "keyboard-interactive"), machine.person()
    server.log_level = "ERROR"
    ran = f"{person.home}/ran"
    done = server.run(person, f"touch {ran}; cat; echo out; echo err >&2; exit 7", codes=[person.code()],
                      stdin="typed\n")
    assert (done.returncode, done.stdout, done.stderr) == (7, "typed\nout\n", "err\n")
    done = server.run(person, f"rm {ran}", codes=[person.wrong_code()])
    assert (done.returncode, done.stdout) == (255, "")
    assert os.path.exists(ran)


FILE_ROWS = {(program, row): (row, program, options) for row in ("keyboard-interactive", "publickey") for
             program, options in (("scp", []), ("scp -O", ["-O"]), ("sftp", []))}


@pytest.mark.parametrize("row,program,options", FILE_ROWS.values(), ids=[" ".join(name) for name in FILE_ROWS])
def test_files(machine, sshd, tmp_path, row, program, options):
    """Let in, not a byte of ours is in the stream; refused, the reason stands beside it and nothing was written."""
    key = row == "publickey"
    server, person = start(machine, sshd, row), machine.person()
    source, target = tmp_path / "source", f"{person.home}/target"
    source.write_text("content\n")
    stdin, words = (f"put {source} {target}\n", []) if program == "sftp" else \
        (None, [*options, str(source), f"{person.name}@127.0.0.1:{target}"])

    def copy(code):
        return server.run(person, *words, codes=[code], key=key, program=program.split()[0], stdin=stdin)

    done = copy("" if key else person.wrong_code())
    assert done.returncode != 0 and done.stdout == "" and not os.path.exists(target)
    assert done.stderr.endswith(("Connection closed\n", "lost connection\n")), done.stderr
    if program != "sftp":  # which the driver runs with -q
        assert (NEEDED if key else WRONG) in done.stderr
    if key:
        person.activate_host()
    done = copy("" if key else person.code())
    assert done.returncode == 0, done.stderr
    assert done.stdout == ("" if program != "sftp" else f"sftp> put {source} {target}\n")
    with open(target, encoding="utf-8") as file:
        assert file.read() == "content\n"


class Hello(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"hello")


@pytest.fixture
def greeting(monkeypatch):
    """Something answers behind the forwarded port: greeting() is what comes through, None where it is closed."""
    def through():
        with socket.socket() as sock:
            sock.settimeout(20)
            return sock.recv(5) if sock.connect_ex(("127.0.0.1", LOCAL)) == 0 else None

    monkeypatch.setattr(socketserver.TCPServer, "allow_reuse_address", True)
    with socketserver.ThreadingTCPServer(("127.0.0.1", TARGET), Hello) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        yield through
        server.shutdown()


@pytest.mark.parametrize("row", ["keyboard-interactive", "publickey"])
def test_port_forwarding_only(machine, sshd, greeting, row):
    """-N -L, without a shell: a login like any other, with an activation that ends with it."""
    key = row == "publickey"
    server, person = start(machine, sshd, row), machine.person()
    with forwarding(server, person, LOCAL, TARGET, [""], key) as client:
        assert client.wait(20) == 255 and greeting() is None
    with open(server.folder + "/forward.err", encoding="utf-8") as file:
        text = seen(file.read())
    assert text.startswith(NEEDED), text
    if key:
        person.activate_host()
    with forwarding(server, person, LOCAL, TARGET, [] if key else [person.code()], key) as client:
        assert wait_until(lambda: client.poll() is not None or greeting() == b"hello") and client.poll() is None
        assert len(person.status()) == 1
    assert wait_until(lambda: len(person.status()) == key)


def test_port_forwarding_where_only_the_session_refuses(machine, sshd, greeting):
    """A stack that lost its account line: sshd stays connected, and forwards nothing (trap 2)."""
    server, person = start(machine, sshd, "publickey"), machine.person()
    machine.stack_text("sshd", "auth required pam_deny.so\naccount required pam_permit.so\n"
                       "session required pam_loginuid.so\nsession requisite pam_psg.so\n")
    with forwarding(server, person, LOCAL, TARGET, key=True) as client:
        assert wait_until(lambda: greeting() == b"") and client.poll() is None
    person.activate_host()
    with forwarding(server, person, LOCAL, TARGET, key=True):
        assert wait_until(lambda: greeting() == b"hello")
