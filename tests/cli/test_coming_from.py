"""psg-coming-from.7 has every option of the modules that people come from: those that the installed programs know,
and those of their manuals where these are installed."""

import glob
import gzip
import os
import re
import subprocess

import pytest

from test_manual import page, read, section

MODULES = os.path.dirname(glob.glob("/usr/lib/*/security/pam_faillock.so")[0])


def module_strings(name):
    """The printable strings of a module, in their order."""
    with open(os.path.join(MODULES, name + ".so"), "rb") as file:
        return [text.decode() for text in re.findall(rb"[\x20-\x7e]{3,}", file.read())]


def manual_text(name):
    """A manual as it reads, or "" where Debian was told to install none."""
    for path in glob.glob(f"/usr/share/man/man*/{name}.gz"):
        with gzip.open(path) as file:
            done = subprocess.run(["mandoc", "-Tascii"], input=file.read(), capture_output=True, check=False)
        return re.sub(".\b", "", done.stdout.decode())
    return ""


def synopsis(name):
    """The arguments in the brackets of a module's synopsis."""
    text = manual_text(name).partition("SYNOPSIS")[2].partition("\nDESCRIPTION")[0]
    words = (word for bracket in re.findall(r"[\[{]([^\]}]+)[\]}]", text) for word in bracket.split("|"))
    return {re.match(r"[a-z_]*", word.strip()).group(0) for word in words} - {""}


def oath():
    found = set(re.findall(r"^([a-z_]+)=%[ds]$", "\n".join(module_strings("pam_oath")), re.M))
    for path in glob.glob("/usr/share/doc/libpam-oath/README*"):
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
            found |= set(re.findall(r'^  "([a-z_]+)":', file.read().decode(), re.M))
    return found


def google():
    strings = module_strings("pam_google_authenticator")
    block = strings[strings.index("secret="):strings.index("grace_period=") + 1]
    words = {text.rstrip("=") for text in block if re.fullmatch("[a-z_]+=?", text)}
    return words | synopsis("pam_google_authenticator.8")


def google_program():
    said = subprocess.run(["google-authenticator", "--help"], capture_output=True, text=True, check=False)
    return set(re.findall(r"--([a-z-]+)", said.stdout + said.stderr + manual_text("google-authenticator.1")))


def timestamp():
    words = {text[:-1] for text in module_strings("pam_timestamp") if re.fullmatch("[a-z_]{4,}=", text)}
    return words | {"debug"} | synopsis("pam_timestamp.8")


def faillock():
    strings = module_strings("pam_faillock")
    block = strings[strings.index("deny"):strings.index("authsucc") + 1]
    words = {text.rstrip("=") for text in block if re.fullmatch("[a-z_]+=?", text)} - {"never"}
    with open("/etc/security/faillock.conf", encoding="utf-8") as file:
        words |= set(re.findall(r"^# ([a-z_]+)(?: = .*)?$", file.read(), re.M))
    words |= set(re.findall(r"^ {7}([a-z_]+)(?:=\S+)?$", manual_text("faillock.conf.5").partition("OPTIONS")[2]
                            .partition("EXAMPLES")[0], re.M))
    return words | synopsis("pam_faillock.8")


def faillock_program():
    said = subprocess.run(["faillock", "--help"], capture_output=True, text=True, check=False)
    return set(re.findall(r"--([a-z]+)", (said.stdout + said.stderr).partition("Usage")[2]))


@pytest.mark.parametrize("title, options, least", [
    ("PAM_OATH", oath, 7), ("GOOGLE-AUTHENTICATOR", google, 14), ("GOOGLE-AUTHENTICATOR", google_program, 17),
    ("PAM_TIMESTAMP", timestamp, 3), ("PAM_FAILLOCK", faillock, 15), ("PAM_FAILLOCK", faillock_program, 3)])
def test_every_option_is_on_the_page(title, options, least):
    found = options()
    assert len(found) >= least, found
    lines = re.findall(r"^\.It (?:Cm|Fl) (.*)$", section(page("psg-coming-from.7"), title), re.M)
    named = {word.lstrip("-") for line in lines for word in line.split() if word != ","}
    assert found - named == set()


@pytest.mark.parametrize("name", ["store", "prompt", "echo", "debug", "quiet", "conceal", "permissive",
                                  "unassigned_ok", "even_root"])
def test_what_it_names_is_an_argument(name):
    assert re.search(rf"^\.It Cm {name}\b", section(page("pam_psg.8"), "ARGUMENTS"), re.M)
    assert re.search(rf"\bCm {name}\b", page("psg-coming-from.7"))


def test_every_line_of_a_google_file_is_on_the_page():
    text = section(page("psg-coming-from.7"), "GOOGLE-AUTHENTICATOR")
    names = set(re.findall(r'"([A-Z_]{4,})"', read("pam_psg", "psgctl", "import_google.c")))
    assert len(names) > 7 and {name for name in names if not re.search(rf"Li .*\b{name}\b", text)} == set()
