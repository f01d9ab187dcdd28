"""What doctor says of a stack is what the real libpam does with it.

Random stacks of modules that answer what they are told, one of them the gate. libpam is run with every answer of
all; doctor, which runs nothing, must find a way past the gate exactly where one of these runs ends well. The modules
have names that doctor tells apart: pam_psg, a first factor, and pam_warn, which proves nothing of anybody.
PSG_STACKS=500 tries more of them, PSG_SEED others."""

import ctypes
import itertools
import os
import random
import shutil
import subprocess

import pytest

from test_doctor import DATA

SEED = os.environ.get("PSG_SEED", "20261122")
STACKS = int(os.environ.get("PSG_STACKS", "24"))
SUCCESS, PERM_DENIED, AUTH_ERR, NEW_AUTHTOK_REQD, SESSION_ERR, IGNORE = 0, 6, 7, 12, 14, 25
NAMES = {SUCCESS: "success", PERM_DENIED: "perm_denied", NEW_AUTHTOK_REQD: "new_authtok_reqd",
         SESSION_ERR: "session_err", IGNORE: "ignore"}
ALL = [*NAMES, AUTH_ERR]  # the last is what only `default` is for
ACTIONS = ["ignore", "ok", "done", "bad", "die", "reset", "1", "2", "3"]
CALLS = {"auth": "pam_authenticate", "account": "pam_acct_mgmt", "session": "pam_open_session"}
LETS_IN = {"auth": {SUCCESS}, "account": {SUCCESS, NEW_AUTHTOK_REQD}, "session": {SUCCESS}}
# In auth: nobody has shown anything, and the gate has no code either.
SAYS = {"auth": {"pam_psg": [IGNORE, AUTH_ERR], "pam_first": [AUTH_ERR, PERM_DENIED, SESSION_ERR], "pam_warn": ALL},
        "account": {"pam_psg": [PERM_DENIED], "pam_first": ALL, "pam_warn": ALL}}
SAYS["session"] = SAYS["account"]
FOUND = {"auth": {"auth-open"}, "account": {"gate-passed-by", "gate-overruled"}}
FOUND["session"] = FOUND["account"]


class Conversation(ctypes.Structure):
    _fields_ = [("ask", ctypes.c_void_p), ("data", ctypes.c_void_p)]


def run(folder, kind, answers):
    """What libpam's function returns when the modules answer so."""
    os.environ.update({name: str(code) for name, code in answers})
    library, handle, conversation = ctypes.CDLL("libpam.so.0"), ctypes.c_void_p(), Conversation()
    assert library.pam_start_confdir(b"door", b"daemon", ctypes.byref(conversation), str(folder).encode(),
                                     ctypes.byref(handle)) == 0
    # The pause after a failure is for people.
    library.pam_set_item(handle, 10, ctypes.cast(NO_DELAY, ctypes.c_void_p))
    code = getattr(library, CALLS[kind])(handle, 0x8000)
    library.pam_end(handle, code)
    return code


NO_DELAY = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)(lambda *_: None)


def control(random_):
    if random_.random() < 0.4:
        return random_.choice(["required", "requisite", "sufficient", "optional"])
    codes = random_.sample(sorted(NAMES), random_.randint(0, 3))
    pairs = [f"{NAMES[code]}={random_.choice(ACTIONS)}" for code in codes]
    if random_.random() < 0.8:
        pairs.append(f"default={random_.choice(ACTIONS)}")
    return f"[{' '.join(pairs)}]" if pairs else "required"


def write(folder, random_, kind):
    """A stack of one gate and three others, some of them perhaps in an include; what each may answer."""
    says, lines = [], []
    for name in ("A", "B", "C"):
        module = random_.choice(["pam_first", "pam_warn"])
        says.append([(name, code) for code in SAYS[kind][module]])
        lines.append(f"{kind} {control(random_)} {folder}/{module}.so {name}")
    says.append([("GATE", code) for code in SAYS[kind]["pam_psg"]])
    gate = random_.choice(["requisite", "requisite", "required", control(random_)])
    lines.insert(random_.randint(0, 3), f"{kind} {gate} {folder}/pam_psg.so")
    inner = []
    if random_.random() < 0.5:
        begin = random_.randint(0, 3)
        end = random_.randint(begin, 4)
        # Under pam_start_confdir libpam 1.5 finds an include by its whole path alone.
        how = f"{kind} {random_.choice(['substack', 'substack', 'include'])} {folder}/inner"
        inner, lines = lines[begin:end], lines[:begin] + [how] + lines[end:]
    (folder / "inner").write_text("\n".join(inner) + "\n")
    (folder / "door").write_text("\n".join(lines) + "\n")
    return says


@pytest.mark.parametrize("kind", list(CALLS))
def test_doctor_finds_what_libpam_lets_pass(psgctl, tmp_path, kind):
    psgctl.init()
    folder = tmp_path / "pam.d"
    folder.mkdir()
    (folder / "other").write_text(f"{kind} required pam_deny.so\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "pam_psg.so", f"{DATA}/answer.c"], check=True)
    for name in ("pam_first", "pam_warn"):
        shutil.copy(folder / "pam_psg.so", folder / f"{name}.so")
    random_, passed = random.Random(f"{SEED} {kind}"), 0
    for _ in range(STACKS):
        says = write(folder, random_, kind)
        way = next((answers for answers in itertools.product(*says) if run(folder, kind, answers) in LETS_IN[kind]),
                   None)
        result = psgctl("--json", "doctor", "door", "--pam-dir", folder)
        names = {item["name"] for item in result.json()["findings"]}
        text = (folder / "door").read_text() + "inner:\n" + (folder / "inner").read_text()
        assert bool(names & FOUND[kind]) == bool(way), f"libpam lets pass: {way}; doctor: {names}\n{text}"
        passed += bool(way)
    assert 0.1 < passed / STACKS < 0.9, "the stacks are too much alike to tell anything"
