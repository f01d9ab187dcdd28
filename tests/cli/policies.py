"""What the policy's tests share: a small package, what is in force, and a policy file edited."""

import calendar
import re
import time


def finance(package, name="finance", requires=True, apps=("sshd", "sudo"), **more):
    """A set and a group over it, which requires activation unless told otherwise."""
    return (package(name).permission_set("Billing", apps=apps, user=["ViewSetup"])
            .group("Finance", ["Billing"], requires=requires, **more))


def parse(when):
    """A time of the JSON, since 1970."""
    return calendar.timegm(time.strptime(when, "%Y-%m-%dT%H:%M:%SZ"))


def groups(psgctl):
    return psgctl.ok("groups", "--json").json()


def one(psgctl, name):
    return psgctl.ok("groups", name, "--json").json()


def events(psgctl, kind=None):
    return [e for e in psgctl.ok("log", "--json").json() if kind is None or e["event"] == kind]


def openings(result):
    """The warnings of what needs no activation any more."""
    return [line for line in result.err.splitlines() if "no longer does" in line]


def untimed(result):
    """The lines of a deployment's result, without how long it took."""
    return [re.sub(r", in [0-9.]+ m?s\.", ".", line) for line in result.out.splitlines()]


def changes(result):
    """What --check-only says of people, a line each with single blanks."""
    lines = result.out.split("for people:\n", 1)[1].split("\n\n")[0].splitlines()
    return [" ".join(line.split()) for line in lines]


def siphash(key, data):
    """SipHash-2-4, the policy's checksum: to write a policy that is whole, and of the future."""
    mask = (1 << 64) - 1
    rotl = lambda x, b: ((x << b) | (x >> (64 - b))) & mask
    k0, k1 = (int.from_bytes(key[i:i + 8], "little") for i in (0, 8))
    v = [k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
         k1 ^ 0x7465646279746573]

    def rounds(count):
        for _ in range(count):
            v[0] = (v[0] + v[1]) & mask
            v[1] = rotl(v[1], 13) ^ v[0]
            v[0] = rotl(v[0], 32)
            v[2] = (v[2] + v[3]) & mask
            v[3] = rotl(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & mask
            v[3] = rotl(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & mask
            v[1] = rotl(v[1], 17) ^ v[2]
            v[2] = rotl(v[2], 32)

    padded = data + b"\0" * (7 - len(data) % 8) + bytes([len(data) & 255])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at:at + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 255
    rounds(4)
    return (v[0] ^ v[1] ^ v[2] ^ v[3]).to_bytes(8, "little")



def edit_record(path, key, edit):
    """Changes a record's value (a bytearray) in a policy file, and its checksum with it."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    length = len(key).to_bytes(4, "little")
    at = data.index(length, 2048)
    while bytes(data[at + 8:at + 8 + len(key)]) != key:
        at = data.index(length, at + 1)
    value = at + 8 + len(key)
    end = value + int.from_bytes(data[at + 4:at + 8], "little")
    check = lambda content: siphash(b"psg policy check", length + key + bytes(content))
    content = data[value:end - 8]
    assert check(content) == bytes(data[end - 8:end])
    edit(content)
    data[value:end] = content + check(content)
    with open(path, "wb") as file:
        file.write(data)


def set_policy_version(path, version):
    def edit(value):
        assert value[:8] == b"psg-cdb\n"
        value[8:12] = version.to_bytes(4, "little")

    edit_record(path, b"format", edit)


FAILED, OUTDATED = 0, 2


def set_group_status(path, name, status):
    """As if a member had been deleted by force (FAILED), or a deployment deferred (OUTDATED)."""
    def edit(value):
        assert value[2] == 1  # Updated
        value[2] = status

    edit_record(path, b"group/" + name.encode(), edit)
