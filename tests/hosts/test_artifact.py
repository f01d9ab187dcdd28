"""What is built and installed: a module that loads little, exports six names, and enables nothing."""

import os
import re
import shutil
import subprocess

import pytest

import world

MODULE = os.path.join(world.build_dir(), "pam_psg.so")
ENTRIES = {"pam_sm_authenticate", "pam_sm_setcred", "pam_sm_acct_mgmt", "pam_sm_open_session",
           "pam_sm_close_session", "pam_sm_chauthtok"}


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_links_only_what_sshd_may_load():
    needed = set(re.findall(r"\(NEEDED\).*\[(.+?)\.so", output("readelf", "-dW", MODULE)))
    assert needed <= {"libc", "libpam", "liboath", "libsodium"}


def test_exports_the_entry_points_alone():
    names = {line.split()[-1].split("@")[0] for line in output("nm", "-D", "--defined-only", MODULE).splitlines()}
    assert names == ENTRIES


def test_is_hardened():
    dynamic, headers = output("readelf", "-dW", MODULE), output("readelf", "-lW", MODULE)
    flags = " ".join(re.findall(r"\(FLAGS(?:_1)?\)\s+(.*)", dynamic))
    assert "BIND_NOW" in dynamic or "NOW" in flags.split()
    assert "NODELETE" in flags  # unloaded under a running host it would crash it at pam_end
    assert "NOOPEN" not in flags  # and this would make it unloadable
    assert "GNU_RELRO" in headers and "TEXTREL" not in dynamic
    assert re.search(r"GNU_STACK\s+\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+RW\s", headers)


@pytest.fixture(name="installed", scope="module")
def fixture_installed(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    subprocess.run(["make", "-s", "-C", world.REPO, "install", "BUILD=" + world.build_dir(), f"DESTDIR={root}",
                    "PREFIX=/opt/psg", "SYSCONFDIR=/opt/etc", "PAMDIR=/opt/security"], check=True, capture_output=True)
    yield root
    shutil.rmtree(root)


def test_install_goes_where_it_is_told(installed):
    assert os.listdir(installed) == ["opt"]
    for path in ("security/pam_psg.so", "psg/sbin/psgctl", "psg/share/pam_psg/pam.d/sudo",
                 "psg/share/man/man8/pam_psg.8", "psg/share/man/man8/psgctl.8", "psg/share/man/man7/psg.7",
                 "psg/share/man/man5/psg-metadata.5", "psg/share/man/man8/psgctl-activate.8",
                 "psg/share/man/man5/psg-store.5", "psg/share/pam_psg/include/sudo", "psg/lib/tmpfiles.d/pam_psg.conf",
                 "psg/lib/sysusers.d/pam_psg.conf", "psg/lib/systemd/system/psg-housekeeping.timer",
                 "psg/share/bash-completion/completions/psgctl", "psg/share/zsh/vendor-completions/_psgctl"):
        assert (installed / "opt" / path).is_file(), path
    assert sorted(os.listdir(installed / "opt/security")) == ["pam_psg.so"]
    unit = (installed / "opt/psg/lib/systemd/system/psg-enforce.service").read_text()
    assert "ExecStart=/opt/psg/sbin/psgctl enforce --watch\n" in unit
    (made,) = installed.glob("opt/psg/lib/**/pkgconfig/pam_psg.pc")
    assert "moduledir=/opt/security\n" in made.read_text() and "@" not in made.read_text()
    elsewhere = {"completions", "systemd", "sysusers.d", "tmpfiles.d", "pam_psg.pc.in"}
    assert not elsewhere & set(os.listdir(installed / "opt/psg/share/pam_psg"))


def test_install_enables_nothing(installed):
    """One empty private folder in /etc: no stack, no sudoers, no unit."""
    found = [os.path.join(where, name) for where, _, names in os.walk(installed / "opt/etc") for name in names]
    assert found == []
    assert os.listdir(installed / "opt/etc") == ["psg"]
    assert os.stat(installed / "opt/etc/psg").st_mode & 0o7777 == 0o700
