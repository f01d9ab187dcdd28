"""Backups taken apart and sealed anew, as only who has the key can, by another implementation than ours."""

import hashlib
import io
import stat
import struct
import zipfile

SEAL_DIGITS = 64


def mac_key(key_file):
    """What the store's key seals with: crypto_kdf's second subkey."""
    text = key_file.read_text()
    master = bytes.fromhex(text.split()[2])
    return hashlib.blake2b(digest_size=32, key=master, salt=(2).to_bytes(8, "little") + bytes(8),
                           person=b"psg-mac_" + bytes(8)).digest()


def mac(key_file, context, data):
    return hashlib.blake2b(context.encode() + b"\0" + data, digest_size=32, key=mac_key(key_file)).hexdigest()


def fingerprint(key_file):
    return mac(key_file, "fingerprint", b"")[:16]


def seal(key_file, data):
    """`data` with the right seal in the place of the one it ends in."""
    return data[:-SEAL_DIGITS] + mac(key_file, "backup", data[:-SEAL_DIGITS]).encode()


def comment(key_file, version=1):
    return f"psg-backup {version} key {fingerprint(key_file)} seal ".encode() + b"0" * SEAL_DIGITS


def files(path):
    """Name and content of what is in it."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(key_file, entries, mode=stat.S_IFREG | 0o600, version=1):
    """A backup of these (name, content) entries, sealed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | 0o600 if name in ("manifest", "policy") else mode) << 16
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
        archive.comment = comment(key_file, version)
    return seal(key_file, out.getvalue())


def claim_size(data, name, size):
    """The same archive, with another size said of a file, in both its places."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo(name)
        directory = archive.start_dir
    for at in range(directory, len(data)):
        if data[at:at + 4] == b"PK\1\2" and data[at + 46:at + 46 + len(name)] == name.encode():
            data = data[:at + 24] + struct.pack("<I", size) + data[at + 28:]
    at = info.header_offset
    return data[:at + 22] + struct.pack("<I", size) + data[at + 26:]
