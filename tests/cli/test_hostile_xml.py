"""Documents that name files and hosts elsewhere: refused or read, but nothing of that is ever opened."""

import os
import re
import socket
import subprocess

import pytest

from conftest import PSGCTL, SALESFORCE

BODY = f'<PermissionSet xmlns="{SALESFORCE}">\n    <label>Sample%s</label>\n</PermissionSet>\n'
# {file} and {port}: the canary's path, and where somebody listens.
REFUSED = {
    "an entity of a file": '<!DOCTYPE a [<!ENTITY x SYSTEM "file://{file}">]>' + BODY % "&x;",
    "an entity of a host": '<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:{port}/x">]>' + BODY % "&x;",
    "an entity of a name": '<!DOCTYPE a [<!ENTITY x PUBLIC "-//X//Y" "{file}">]>' + BODY % "&x;",
    "a parameter entity": '<!DOCTYPE a [<!ENTITY % p SYSTEM "file://{file}"> %p;]>' + BODY % "",
    "a parameter entity of a host":
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:{port}/p"> %p; %q;]>' + BODY % "",
    "a DTD in a file": '<!DOCTYPE PermissionSet SYSTEM "file://{file}">' + BODY % "",
    "a DTD on a host": '<!DOCTYPE PermissionSet PUBLIC "-//X//Y" "http://127.0.0.1:{port}/d">' + BODY % "",
    "a notation":
        '<!DOCTYPE a [<!NOTATION n SYSTEM "file://{file}"><!ENTITY x SYSTEM "{file}" NDATA n>]>' + BODY % "",
    "what another file holds": '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="{file}" parse="text"/>',
    "another file inside": BODY % '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="{file}"/>',
}
TAKEN = {
    "a schema": BODY.replace("<PermissionSet", '<PermissionSet xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
                             'xsi:schemaLocation="urn:x http://127.0.0.1:{port}/x.xsd" '
                             'xsi:noNamespaceSchemaLocation="{file}"', 1) % "",
    "a stylesheet": '<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:{port}/x.xsl"?>\n'
                    '<?xml-stylesheet href="file://{file}"?>\n' + BODY % "",
    "a catalog": '<?oasis-xml-catalog catalog="{file}"?>\n' + BODY % "",
    "a base": BODY.replace("<PermissionSet", '<PermissionSet xml:base="file://{file}"', 1) % "",
}


@pytest.fixture
def listener():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0)
        yield server


def traced(psgctl, directory, trace):
    calls = ["strace", "-f", "-o", str(trace), "-e", "trace=open,openat,openat2,socket,connect,access,stat,statx"]
    return subprocess.run([*calls, PSGCTL, "deploy", str(directory)], env=psgctl.environment(),
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=60)


@pytest.mark.parametrize("what", [*REFUSED, *TAKEN])
def test_nothing_elsewhere_is_touched(psgctl, package, tmp_path, listener, what):
    psgctl.init()
    canary = tmp_path / "canary"
    canary.write_text("<!ENTITY q 'canary'> secret of the canary")
    text = {**REFUSED, **TAKEN}[what].replace("{file}", str(canary)).replace("{port}", str(listener.getsockname()[1]))
    directory = package().file("permissionsets/Sample.permissionset", text)
    result = traced(psgctl, directory, tmp_path / "trace")
    assert result.returncode == (3 if what in REFUSED else 0), result
    assert "secret of the canary" not in result.stdout + result.stderr
    if "<!DOCTYPE" in text:
        assert result.stderr.splitlines()[0] == (
            f"{directory}/permissionsets/Sample.permissionset:1:1: Error: [PermissionSet Sample] Error parsing file: "
            "a DOCTYPE is not allowed (Remove the DOCTYPE: metadata has neither entities nor a DTD.)")
    calls = (tmp_path / "trace").read_text()
    assert "permissionsets" in calls and str(canary) not in calls
    assert not re.search(r"AF_INET|http:|catalog", calls)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_gigabyte_of_nesting_is_refused_by_its_size(psgctl, package):
    """The file is a hole but for its first mebibyte: its size is what counts."""
    psgctl.init()
    directory = package().file("permissionsets/Deep.permissionset", "<a>" * 350000)
    path = os.path.join(directory, "permissionsets/Deep.permissionset")
    os.truncate(path, 1 << 30)
    result = psgctl("deploy", directory)
    assert result.rc == 3
    assert result.err.startswith("Error: The package is larger than 600 MiB (Deploy it in several packages.)\n")


def test_nesting_is_refused_at_its_depth(psgctl, package):
    psgctl.init()
    directory = package().file("permissionsets/Deep.permissionset", "<a>" * (16 * 1024 * 1024 // 3))
    result = psgctl("deploy", directory)
    assert result.rc == 3
    assert result.err.splitlines()[0] == (
        f"{directory}/permissionsets/Deep.permissionset:1:49: Error: [PermissionSet Deep] Error parsing file: "
        "elements are nested more than 16 deep (Nest them as the type asks for.)")


def test_a_tag_of_attributes_is_refused_by_its_length(psgctl, package):
    psgctl.init()
    attributes = " ".join(f"a{number}=''" for number in range(8000))
    text = BODY.replace("<label", f"<label {attributes}") % ""
    directory = package().file("permissionsets/Wide.permissionset", text)
    result = psgctl("deploy", directory)
    assert result.rc == 3
    assert result.err.splitlines()[0] == (
        f"{directory}/permissionsets/Wide.permissionset:2:5: Error: [PermissionSet Wide] Error parsing file: a tag "
        "is longer than 64 KiB (Make the file well-formed XML.)")


def test_a_package_of_more_than_600_mebibytes_is_refused(psgctl, package):
    psgctl.init()
    directory = package()
    for number in range(38):
        directory.file(f"permissionsets/S{number}.permissionset", "")
        os.truncate(os.path.join(directory, f"permissionsets/S{number}.permissionset"), 16 << 20)
    result = psgctl("deploy", directory)
    assert result.rc == 3 and "The package is larger than 600 MiB" in result.err, result
