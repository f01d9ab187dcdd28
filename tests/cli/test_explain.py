"""explain and check: the module's decision run dry, with the arguments of a stack on disk."""

import os

import pytest

from person import (PERSON, SECRET, Session, as_person, assign_until_over, code, enroll, policy,
                    wait_for_fresh_step, wrong_code)

KEYS = {"userName", "service", "verdict", "why", "paths", "pam", "stack", "authenticators",
        "recoveryCodesLeft", "failures", "throttledUntil", "next", "notes", "problem"}
PATH_KEYS = {"assignee", "permissionSetGroup", "permissionSet", "gives", "muted",
             "requiresActivation", "status", "verdict", "why", "assignedUntil", "activationId",
             "expirationDate"}
DENIED = {"authenticate": "PAM_PERM_DENIED", "acct_mgmt": "PAM_PERM_DENIED",
          "open_session": "PAM_PERM_DENIED"}
PASSED = {"authenticate": "PAM_IGNORE", "acct_mgmt": "PAM_SUCCESS", "open_session": "PAM_SUCCESS"}


class Stacks:
    """A pam.d of its own."""

    def __init__(self, psgctl, path):
        self.psgctl, self.path = psgctl, path
        path.mkdir()
        self.write("other", "auth required pam_deny.so\naccount required pam_deny.so\n"
                            "session required pam_deny.so\npassword required pam_deny.so\n")

    def write(self, name, text):
        (self.path / name).write_text(text)
        return self

    def __call__(self, service, *args, user=PERSON):
        """The JSON of explain; the exit status must fit the verdict."""
        result = self.psgctl("--json", "explain", user, service, "--pam-dir", self.path, *args)
        made = result.json()
        assert result.rc == (0 if made["verdict"] == "ALLOW" else 1), result
        assert KEYS <= set(made) and len(set(made) - KEYS) == 1
        check = self.psgctl("--json", "check", "--user", user, "--service", service, "--pam-dir",
                            self.path, *args)
        if not args:
            assert check.rc == result.rc
            assert (check.json()["verdict"], check.json()["why"]) == (made["verdict"], made["why"])
        return made


@pytest.fixture
def stacks(psgctl, package, tmp_path):
    policy(psgctl, package)
    return Stacks(psgctl, tmp_path / "pam.d").write(
        "billing", "auth requisite pam_psg.so\naccount requisite pam_psg.so\n"
                   "session requisite pam_psg.so\n")


# -- verdicts, row by row --

def test_unassigned(stacks):
    made = stacks("billing")
    assert (made["verdict"], made["why"], made["paths"], made["pam"]) == \
        ("DENY", "Unassigned", [], DENIED)
    assert made["application"] == "billing" and made["userName"] == PERSON
    assert f"assign {PERSON} Billing" in made["next"] and "Quiet" not in made["next"]


def test_not_served(stacks):
    stacks.psgctl.ok("assign", PERSON, "Everyone")
    made = stacks("billing")
    assert (made["verdict"], made["why"]) == ("DENY", "NotServed")
    assert [(p["permissionSet"], p["gives"], p["why"]) for p in made["paths"]] == \
        [("Login", False, "NotServed")]


def test_muted(stacks):
    stacks.psgctl.ok("assign", PERSON, "Quiet")
    made = stacks("billing")
    assert (made["verdict"], made["why"]) == ("DENY", "Muted")
    assert made["paths"][0]["muted"] is True and made["paths"][0]["gives"] is True


def test_expired(stacks):
    end = assign_until_over(stacks.psgctl, PERSON, "Billing")
    made = stacks("billing")
    assert (made["verdict"], made["why"]) == ("DENY", "Expired")
    assert made["paths"][0]["assignedUntil"] == end


def test_enrols_alone(stacks, package):
    """Who has no authenticator and may enrol one is asked for a code, and fails only by a wrong one."""
    stacks.psgctl.ok("assign", PERSON, "Billing")
    stacks.psgctl.deploy(package("alone").activation_policy("Billing", enrollment="Self"))
    made = stacks("billing")
    assert made["pam"] == {**DENIED, "authenticate": "PAM_AUTH_ERR"} and made["authenticators"] == 0
    assert made["next"].startswith(f"{PERSON} enrols an authenticator") and "psgctl enroll" in made["next"]
    for argument in ("conceal", "permissive"):
        stacks.write("billing", f"auth requisite pam_psg.so {argument}\naccount requisite pam_psg.so\n"
                                "session requisite pam_psg.so\n")
        assert stacks("billing")["next"] == f"psgctl enroll {PERSON}"


def test_needs_activation(stacks):
    stacks.psgctl.ok("assign", PERSON, "Billing")
    made = stacks("billing")
    assert (made["verdict"], made["why"]) == ("ACTIVATE", "NeedsActivation")
    assert made["pam"] == {**DENIED, "authenticate": "PAM_AUTHINFO_UNAVAIL"}
    assert made["next"] == f"psgctl enroll {PERSON}" and made["authenticators"] == 0
    path = made["paths"][0]
    assert set(path) == PATH_KEYS
    assert (path["assignee"], path["permissionSetGroup"], path["permissionSet"], path["gives"],
            path["muted"], path["requiresActivation"], path["status"], path["verdict"]) == \
        (PERSON, "Billing", "Bills", True, False, True, "Updated", "ACTIVATE")
    enroll(stacks.psgctl)
    made = stacks("billing")
    assert made["pam"] == {**DENIED, "authenticate": "PAM_AUTH_ERR"}
    assert made["authenticators"] == 1
    for _ in range(5):
        stacks.psgctl("activate", "Billing", input=wrong_code(), env=as_person())
    made = stacks("billing")
    assert made["pam"] == {**DENIED, "authenticate": "PAM_MAXTRIES"}
    assert made["failures"] == 5 and made["throttledUntil"]
    assert "unlock" in made["next"]
    # asking changed nothing
    assert stacks("billing")["failures"] == 5


def test_active_then_ended(stacks):
    stacks.psgctl.ok("assign", PERSON, "Billing")
    enroll(stacks.psgctl)
    wait_for_fresh_step()
    opened = stacks.psgctl.ok("--json", "activate", "Billing", input=code(),
                              env=as_person()).json()
    made = stacks("billing")
    assert (made["verdict"], made["why"], made["pam"]) == ("ALLOW", "Active", PASSED)
    assert made["paths"][0]["activationId"] == opened["id"]
    assert made["paths"][0]["expirationDate"] == opened["expirationDate"]
    stacks.psgctl.ok("deactivate", "--all")
    made = stacks("billing")
    assert (made["verdict"], made["why"]) == ("ACTIVATE", "Lapsed")


def test_not_required(stacks):
    stacks.psgctl.ok("assign", PERSON, "Everyone")
    stacks.write("sshd", "account requisite pam_psg.so\nsession requisite pam_psg.so\n"
                         "auth required pam_psg.so\n")
    made = stacks("sshd")
    assert (made["verdict"], made["why"], made["pam"]) == ("ALLOW", "NotRequired", PASSED)


def test_root_and_exempt(stacks, package):
    made = stacks("billing", user="root")
    assert (made["verdict"], made["why"], made["pam"]) == ("ALLOW", "Root", PASSED)
    stacks.write("strict", "account requisite pam_psg.so even_root application=billing\n")
    assert stacks("strict", user="root")["why"] == "Unassigned"
    stacks.psgctl.deploy(package("gate").gate(exemptUsers=[PERSON]))
    assert stacks("billing")["why"] == "Exempt"


def test_root_needs_no_store(psgctl):
    result = psgctl("--json", "explain", "root", "sshd")
    assert result.rc == 0 and result.json()["why"] == "Root"
    assert psgctl("check", "--user", "root", "--group", "X").rc == 0


def test_unknown_user(stacks):
    made = stacks("billing", user="no-such-user")
    assert (made["verdict"], made["why"]) == ("DENY", "Unassigned")
    assert any("no account" in note for note in made["notes"])


def test_groups_of_the_host(stacks):
    stacks.psgctl.ok("assign", f"%{PERSON}", "Billing")
    assert stacks("billing")["paths"][0]["assignee"] == f"%{PERSON}"


def test_unassigned_ok_and_permissive(stacks):
    stacks.write("open", "account requisite pam_psg.so unassigned_ok\n")
    assert stacks("open")["why"] == "UnassignedOk"
    stacks.write("try", "auth required pam_psg.so permissive\n"
                        "account requisite pam_psg.so permissive\n"
                        "session requisite pam_psg.so permissive\n")
    made = stacks("try")
    assert (made["verdict"], made["pam"]) == ("DENY", PASSED)


# -- demands --

@pytest.mark.parametrize("option, name, verdict", [
    ("application", "billing", "ACTIVATE"), ("application", "sshd", "DENY"),
    ("permission", "EditBillingInfo", "ACTIVATE"), ("permission", "Deploy", "DENY"),
    ("group", "Billing", "ACTIVATE"), ("group", "Everyone", "DENY"),
])
def test_demands(stacks, option, name, verdict):
    stacks.psgctl.ok("assign", PERSON, "Billing")
    made = stacks("billing", f"--{option}", name)
    assert (made["verdict"], made[option]) == (verdict, name)
    if option != "application":
        check = stacks.psgctl("--json", "check", "--user", PERSON, f"--{option}", name)
        assert (check.rc, check.json()["verdict"], check.json()[option]) == (1, verdict, name)
        assert check.json()["service"] is None


def test_demands_of_the_stack(stacks):
    stacks.psgctl.ok("assign", PERSON, "Solo")
    stacks.write("app", "account requisite pam_psg.so permission=Deploy\n")
    made = stacks("app")
    assert made["verdict"] == "ACTIVATE" and made["permission"] == "Deploy"
    stacks.psgctl.ok("activate", "Solo", "--user", PERSON, "--scope", "Host")
    assert stacks("app")["verdict"] == "ALLOW"


def test_service_is_lower_cased(stacks):
    assert stacks("BILLING")["application"] == "billing"


# -- sessions --

def test_session(stacks, package):
    stacks.psgctl.deploy(package("rules").activation_policy("Billing", scope="Session"))
    stacks.psgctl.ok("assign", PERSON, "Billing")
    with Session(stacks.psgctl) as here, Session(stacks.psgctl) as there:
        stacks.psgctl.ok("activate", "Billing", "--user", PERSON, "--session", here.id())
        made = stacks("billing", "--session", here.id())
        assert made["verdict"] == "ALLOW"
        # the person's own live session is no stranger
        assert made["pam"] == {**PASSED, "authenticate": "PAM_SUCCESS"}
        assert stacks("billing", "--session", there.id())["why"] == "NeedsActivation"
        assert stacks("billing")["why"] == "NeedsActivation"
        stacks.write("sshd", "auth required pam_psg.so application=billing\n")
        assert stacks("sshd", "--session", here.id())["pam"]["authenticate"] == "PAM_IGNORE"
        stacks.write("key", "auth required pam_psg.so application=billing after=publickey\n")
        made = stacks("key", "--session", here.id())
        assert made["pam"]["authenticate"] == "PAM_SUCCESS"
        assert any("after=publickey" in note for note in made["notes"])


# -- the stack --

def test_without_a_line(stacks):
    stacks.write("plain", "auth required pam_unix.so\naccount required pam_unix.so\n")
    made = stacks("plain")
    assert made["stack"] == {"authenticate": [], "acct_mgmt": [], "open_session": []}
    assert made["pam"] == DENIED
    assert any("no line" in note for note in made["notes"])


def test_without_a_file_other_is_used(stacks):
    stacks.write("other", "account requisite pam_psg.so group=Billing\n")
    stacks.psgctl.ok("assign", PERSON, "Billing")
    made = stacks("anything")
    assert made["group"] == "Billing" and made["verdict"] == "ACTIVATE"
    assert any("other" in note for note in made["notes"])
    # and a service that has no account line of its own gets that of `other`
    stacks.write("half", "auth required pam_unix.so\n")
    assert stacks("half")["group"] == "Billing"


def test_without_any_file(psgctl, package, tmp_path):
    policy(psgctl, package)
    (tmp_path / "empty").mkdir()
    result = psgctl("--json", "explain", PERSON, "x", "--pam-dir", tmp_path / "empty")
    assert result.rc == 1 and any("cannot be read" in note for note in result.json()["notes"])


def test_what_libpam_reads(stacks):
    """Comments, continuations, brackets, case, a leading hyphen, a path, CR-less ends of file."""
    stacks.psgctl.ok("assign", PERSON, "Billing")
    stacks.write("odd", "# account requisite pam_psg.so permission=A\n"
                        "\n"
                        "  AUTH  [success=1 default=ignore]  /lib/x/pam_psg.so  \\\n"
                        "   # in between\n"
                        "\t[prompt=Your code, please [6\\] : ] echo # conceal\n"
                        "-account\trequisite pam_psg.so application=bill\\\n"
                        "ing\n"
                        "session requisite pam_psg.so group=Billing#x\n"
                        "password requisite pam_psg.so enroll")
    made = stacks("odd")
    assert made["stack"] == {
        "authenticate": ["odd:3: auth [success=1 default=ignore] /lib/x/pam_psg.so "
                         "[prompt=Your code, please [6] : ] echo"],
        "acct_mgmt": ["odd:6: -account requisite pam_psg.so application=billing"],
        "open_session": ["odd:8: session requisite pam_psg.so group=Billing"]}
    # the phases ask for different things: the worst verdict counts
    assert made["verdict"] == "DENY" and made["application"] == "odd"
    assert made["pam"] == DENIED


@pytest.mark.parametrize("how", ["@include inner", "account include inner",
                                 "account substack inner", "account INCLUDE inner"])
def test_includes(stacks, how):
    stacks.psgctl.ok("assign", PERSON, "Billing")
    stacks.write("outer", how + "\n")
    stacks.write("inner", "@include deep\n")
    stacks.write("deep", "auth required pam_psg.so group=Everyone\n"
                         "account requisite pam_psg.so group=Billing\n")
    made = stacks("outer")
    assert made["stack"]["acct_mgmt"] == ["deep:2: account requisite pam_psg.so group=Billing"]
    # only @include takes every type
    assert len(made["stack"]["authenticate"]) == (how == "@include inner")


def test_include_by_path_and_missing(stacks, tmp_path):
    (tmp_path / "elsewhere").write_text("account requisite pam_psg.so group=Billing\n")
    stacks.write("path", f"@include {tmp_path}/elsewhere\n@include missing\n")
    made = stacks("path")
    assert made["group"] == "Billing"
    assert any("missing" in note for note in made["notes"])


def test_include_of_itself_ends(stacks):
    stacks.write("loop", "@include loop\naccount requisite pam_psg.so group=Billing\n")
    made = stacks("loop")
    assert made["group"] == "Billing" and any("too deep" in note for note in made["notes"])
    stacks.write("loops", "@include loops\n" * 20)
    assert any("too deep" in note for note in stacks("loops")["notes"])


def test_a_damaged_person_matters_where_a_code_would(stacks):
    """As in the module, which does not look at authenticators that nobody needs."""
    stacks.psgctl.ok("assign", PERSON, "Everyone")
    stacks.write("sshd", "account requisite pam_psg.so\n")
    enroll(stacks.psgctl)
    os.chmod(os.path.join(stacks.psgctl.store, "people", PERSON, "authenticators"), 0o777)
    assert stacks("sshd")["verdict"] == "ALLOW"
    stacks.psgctl.ok("assign", PERSON, "Billing")
    result = stacks.psgctl("explain", PERSON, "billing", "--pam-dir", stacks.path)
    assert result.rc == 4 and "PAM_AUTHINFO_UNAVAIL" in result.out, result
    assert "ACTIVATE (NeedsActivation: unsafe owner, mode or file type)" in result.out
    assert result.out.endswith("Next: `psgctl doctor` looks for the cause\n")
    result = stacks.psgctl("explain", PERSON, "billing", "--pam-dir", stacks.path, "--json")
    assert result.rc == 4 and result.json()["problem"] == "unsafe owner, mode or file type"


def test_a_person_who_cannot_be_looked_up_is_denied_by_name(stacks):
    """The folder of one's spent codes tells what is active: without it the module refuses."""
    stacks.psgctl.ok("assign", PERSON, "Billing")
    stacks.write("billing", "account requisite pam_psg.so\n")
    enroll(stacks.psgctl)
    os.chmod(os.path.join(stacks.psgctl.store, "people", PERSON), 0o777)
    result = stacks.psgctl("explain", PERSON, "billing", "--pam-dir", stacks.path)
    assert result.rc == 4 and "DENY (Error: unsafe owner, mode or file type)" in result.out, result
    made = stacks.psgctl("explain", PERSON, "billing", "--pam-dir", stacks.path, "--json").json()
    assert made["why"] == "Error" and made["problem"] == "unsafe owner, mode or file type" and "doctor" in made["next"]


@pytest.mark.parametrize("line", ["nonsense required pam_psg.so", "account", "account required",
                                  "account include", "@include", "account required x.so \\"])
def test_broken_lines_are_said(stacks, line):
    stacks.write("broken", f"auth required pam_psg.so\n{line}\n" if "\\" not in line
                 else f"auth required pam_psg.so\n{line}")
    assert any("broken:2" in note for note in stacks("broken")["notes"])


def test_several_lines_in_one_phase(stacks):
    """Each is a call; the first that refuses speaks for the phase."""
    stacks.psgctl.ok("assign", PERSON, "Everyone")
    stacks.write("two", "account requisite pam_psg.so application=sshd\n"
                        "account requisite pam_psg.so application=billing\n")
    made = stacks("two")
    assert (made["verdict"], made["application"]) == ("DENY", "billing")
    assert made["pam"]["acct_mgmt"] == "PAM_PERM_DENIED" and len(made["stack"]["acct_mgmt"]) == 2


@pytest.mark.parametrize("bad", ["nonsense", "group=", "store=relative", "group=A permission=B"])
def test_bad_arguments_deny(stacks, bad):
    stacks.psgctl.ok("assign", PERSON, "Everyone")
    stacks.write("sshd", f"account requisite pam_psg.so {bad}\n")
    made = stacks("sshd")
    assert (made["verdict"], made["why"], made["pam"]["acct_mgmt"]) == \
        ("DENY", "Error", "PAM_PERM_DENIED")
    assert bad.split()[-1] in made["next"]
    assert stacks("sshd", user="root")["verdict"] == "ALLOW"


def test_the_stacks_store(stacks, psgctl, tmp_path):
    """Without --store it is the one that the module would open."""
    stacks.psgctl.ok("assign", PERSON, "Everyone")
    stacks.write("sshd", f"account requisite pam_psg.so store={psgctl.store}\n")
    args = ["--json", "explain", PERSON, "sshd", "--pam-dir", stacks.path]
    made = psgctl(*args, env={"PSG_STORE": ""})
    assert made.rc == 0 and made.json()["notes"] == []
    other = psgctl("--store", tmp_path / "other", "init")
    assert other.rc == 0
    made = psgctl("--store", tmp_path / "other", *args)
    assert made.rc == 1 and psgctl.store in made.json()["notes"][0]


def test_subject(stacks):
    stacks.write("sudo", "account requisite pam_psg.so\n")
    assert any("subject=caller" in note for note in stacks("sudo")["notes"])
    user, caller = stacks("sudo", "--subject", "user"), stacks("billing", "--subject", "caller")
    assert not any("subject=caller" in note for note in user["notes"])
    assert any("subject=caller" in note for note in caller["notes"])


# -- for people, and mistakes --

def test_for_people(stacks):
    stacks.psgctl.ok("assign", PERSON, "Billing")
    result = stacks.psgctl("explain", PERSON, "billing", "--pam-dir", stacks.path)
    assert result.rc == 1
    for part in (f"{PERSON}: ACTIVATE (NeedsActivation)", "Bills", "PAM_AUTHINFO_UNAVAIL",
                 "billing:2: account requisite pam_psg.so", f"Next: psgctl enroll {PERSON}"):
        assert part in result.out, part
    check = stacks.psgctl("check", "--user", PERSON, "--group", "Billing")
    assert (check.rc, check.out) == (1, "ACTIVATE NeedsActivation\n")
    plain = stacks.psgctl("check", "--user", PERSON, "--service", "other", "--pam-dir", stacks.path)
    assert plain.rc == 1 and "no line" in plain.err
    assert stacks.psgctl("--quiet", "check", "--user", PERSON, "--group", "Billing").out == ""


@pytest.mark.parametrize("args, rc", [
    (["explain"], 2), (["explain", "a"], 2), (["explain", "a", "b", "c"], 2),
    (["explain", "a", "b", "--permission", "A", "--group", "B"], 2),
    (["explain", "a", "b", "--nonsense"], 2), (["explain", "a/b", "sshd"], 3),
    (["explain", "a", "../shadow"], 3), (["explain", "a", ".hidden"], 3),
    (["explain", "a", "b", "--session", "x"], 3), (["explain", "a", "b", "--subject", "x"], 3),
    (["explain", "a", "b", "--group", ""], 3),
    (["check"], 2), (["check", "--user", "a"], 2), (["check", "--group", "A"], 2),
    (["check", "--user", "a", "--group", "A", "--service", "s"], 2), (["check", "a"], 2),
    (["check", "--user", "a/b", "--group", "A"], 3),
    (["check", "--user", "a", "--group", "A", "--session", "1"], 3),
])
def test_refused_command_lines(stacks, args, rc):
    result = stacks.psgctl(*args)
    assert result.rc == rc and result.err, result


def test_broken_store(psgctl, package):
    assert psgctl("explain", PERSON, "sshd").rc == 4
    assert psgctl("check", "--user", PERSON, "--group", "A").rc == 4
    policy(psgctl, package)
    psgctl.ok("assign", PERSON, "Everyone")
    with open(f"{psgctl.store}/policy", "r+b") as file:
        file.truncate(3000)
    for args in (["check", "--user", PERSON, "--service", "sshd"], ["explain", PERSON, "sshd"],
                 ["activate", "Everyone", "--user", PERSON, "--scope", "Host"]):
        result = psgctl(*args)
        assert result.rc == 4 and "damaged" in result.err, result
    assert psgctl("check", "--user", "root", "--service", "sshd").rc == 0


def test_secrets_are_not_explained(stacks):
    stacks.psgctl.ok("assign", PERSON, "Billing")
    enroll(stacks.psgctl)
    result = stacks.psgctl("--json", "explain", PERSON, "billing", "--pam-dir", stacks.path)
    assert SECRET not in result.out + result.err
