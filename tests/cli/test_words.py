"""Every message that a person can see stands in psg-messages(7), and the reverse; every error of psgctl says what to
do next.

A message of the module is a format given to psg_tell or psg_tell_refusal, a complaint, a prompt, or how an activation
ended; what is filled in stands as `<...>` in the page. psg_strerror's and psg_remedy's texts stand there as they are.
What is said of metadata is held by test_messages.py, what doctor finds by test_manual.py and the last test here."""

import glob
import os
import re

from conftest import REPO
from test_manual import page, section, read
from test_messages import CONVERSION, LITERAL, arguments, calls, source, unescaped, without_comments

MODULE = sorted(glob.glob(os.path.join(REPO, "pam_psg/module/*.c")))
PSGCTL = sorted(glob.glob(os.path.join(REPO, "pam_psg/psgctl/*.c")))


def texts_of(argument, text):
    """The literals of an argument, as one where they stand next to each other; a macro by its definition."""
    macro = re.fullmatch(r"[A-Z_]+", argument)
    if macro:
        argument = re.search(rf'#define {macro.group(0)} ({LITERAL})', text).group(1)
    argument = re.sub(r'"\s+"', "", argument)
    return [unescaped(item) for item in re.findall(LITERAL, argument)]


def plain(text):
    """As it is compared: `<>` for what is filled in, however much stands in one place; one blank between words."""
    text = re.sub(CONVERSION, lambda m: "%" if m.group(0) == "%%" else "<>", text)
    return " ".join(re.sub(r"(?:<[a-z ]*>)+", "<>", text).replace("\\n", " ").split())


def module_messages():
    """All texts of the module, by the part of the page they belong to."""
    prompts, told = set(), set()
    for path in MODULE:
        text = without_comments(source(path))
        for name, index, into in (("psg_tell", 1, told), ("psg_tell_refusal", 1, told), ("psg_prompt", 2, prompts),
                                  ("ask_code", 1, prompts)):
            for _, given in calls(text, name):
                into.update(texts_of(given[index], text))
        for _, given in calls(text, "ask"):  # one prompt, or one of two
            prompts.update(unescaped(item) for item in re.findall(LITERAL, given[1]))
        for name, into in (("complaint", told), ("prompt", prompts)):
            for _, given in calls(text, "snprintf"):
                if re.search(rf"\b{name}$", given[0]):
                    into.update(texts_of(given[2], text))
        for name in ("psg_buf_text", "psg_buf_format"):
            for _, given in calls(text, name):
                if given[0] == "&prompt":
                    prompts.update(texts_of(given[1], text))
        ends = re.search(r"\bhow_it_ended\([^)]*\)\n\{(.*?)^\}", text, re.S | re.M)
        if ends:
            told.update(unescaped(item) for item in re.findall(rf"return ({LITERAL});", ends.group(1)))
    prompts.add(re.search(r'\.prompt = ("[^"]*")', read("pam_psg", "core", "args.c")).group(1).strip('"'))
    return [{text for text in map(plain, texts) if re.search(r"[a-z]{3}", text)} for texts in (prompts, told)]


def items(title):
    """The messages of one section of the page: what stands after .It Li."""
    text = section(page("psg-messages.7"), title)
    return {plain(item.replace("\\(aq", "'").strip('"')) for item in re.findall(r"^\.It Li (.*)$", text, re.M)}


def entries(title):
    """Each message of a section with what is said of it."""
    text = section(page("psg-messages.7"), title)
    return re.findall(r"^\.It Li (.*)\n((?:(?!\.It |\.El).*\n)*)", text, re.M)


def test_the_search_finds_what_the_module_says():
    prompts, told = module_messages()
    assert "Authenticator code:" in prompts and "Too many wrong codes. Try again in <>." in told
    assert len(told) > 25 and len(prompts) > 6


def test_every_prompt_and_every_text_of_the_module_is_in_the_page_and_the_reverse():
    prompts, told = module_messages()
    assert items("PROMPTS") == prompts
    assert items("WHAT A PERSON IS TOLD") == told


def test_the_warning_on_a_terminal_is_in_the_page_and_the_reverse():
    text = without_comments(source(os.path.join(REPO, "pam_psg/psgctl/enforce_say.c")))
    body = text[text.index("void enforce_warning("):]
    said = {plain(item) for name in ("psg_buf_format", "psg_buf_text") for _, given in calls(body, name)
            for item in texts_of(given[1], body)}
    assert items("WHAT THE TERMINALS OF A SESSION ARE TOLD") == said


def c_table(function_file, name):
    text = without_comments(source(os.path.join(REPO, function_file)))
    body = re.search(rf"\b{name}\[[^\]]*\] = \{{(.*?)^\s*\}};", text, re.S | re.M).group(1)
    return {match.group(1): "".join(unescaped(item) for item in re.findall(LITERAL, match.group(2)))
            for match in re.finditer(rf"\[PSG_(\w+)\] =\s*((?:{LITERAL}\s*)+)", body)}


def test_every_error_is_in_the_page_and_the_reverse():
    errors = set(c_table("pam_psg/core/err.c", "texts").values()) - {"no error"}
    assert len(errors) > 25
    assert items("ERROR TEXTS") == errors
    for remedy in c_table("pam_psg/core/err.c", "remedies").values():
        assert remedy in " ".join(section(page("psg-messages.7"), "ERROR TEXTS").split()), remedy


def test_every_message_of_the_page_says_what_it_means():
    for title in ("PROMPTS", "WHAT A PERSON IS TOLD", "WHAT THE TERMINALS OF A SESSION ARE TOLD", "ERROR TEXTS"):
        for message, meaning in entries(title):
            assert len(meaning.split()) >= 4, message


# -- the words of the module --

NEXT = re.compile(r"[Aa]sk your administrator|[Tt]ry again|Try the next|Wait for|[Tt]ell your administrator")


def test_every_refusal_says_what_to_do_next():
    """What is no whole sentence is put into one that does."""
    refusals = set()
    for path in MODULE:
        text = without_comments(source(path))
        for _, given in calls(text, "psg_tell_refusal"):
            refusals.update(texts_of(given[1], text))
        for _, given in calls(text, "snprintf"):
            if given[0].endswith("complaint"):
                refusals.update(texts_of(given[2], text))
    refusals -= {"%s", ""}
    assert len(refusals) > 18
    assert [text for text in sorted(refusals) if not NEXT.search(text) and text[0].isupper()] == []


def test_nothing_told_to_a_stranger_names_a_state():
    """Under conceal one text stands for all."""
    text = re.search(r'#define REFUSED_ALIKE ("[^"]*")', source(os.path.join(REPO, "pam_psg/module/say.c"))).group(1)
    assert not re.search(r"assign|enroll|authenticator|code|throttl|exist|user", text, re.I)


# -- the words of psgctl --

# What comes next: a command, an option, or an imperative at the beginning of a clause.
VERBS = ("add add ask begin correct deploy free give install leave log look make mount move name put raise "
         "remove restore run say scan see shorten take try type upgrade use wait write").split()
STEP = re.compile(r"`|psgctl |--[a-z]|did you mean|trying again"
                  rf"|(?:^|[;:,.(] (?:or |and |then )?)(?:{'|'.join(VERBS)})\b"
                  r"|\b(?:must|takes|needs) |chown|to make a store|to go on|restore ", re.I)
# Said otherwise: the line after it, the usage below it, or what is reported line by line above it.
BY_ITS_PLACE = {
    "%s: %s: %s": "ctl_store_error: a line with the remedy follows",
    "%s, not \"%s\"": "handed on: what it takes stands before",
    "not activated: %s%s": "next_step of cmd_activate.c ends it",
    "You can only assign users to permission set groups that have the \"Updated\" status. %s is %s%s%s (%s)":
        "ctl_status_remedy stands in the brackets",
    "%s": "handed on: judged where it is written",
    "%s: %s": "a mistake on the command line: the usage follows",
    "unknown option: %s": "the usage follows",
    "unknown option: %s; did you mean %s?": "the usage follows",
    "cannot write %s: %s: %s": "the remedy, or --output, comes last",
    "%s is not put in force: %s%s%s; nothing was changed": "refuse of cmd_policy.c: the remedy stands inside",
    "%s is not restored: %s; nothing was changed": "refuse of restore_open.c: what it takes is handed on",
    "at the folder of %s:": "ctl_store_error: a line with the remedy follows",
    "cannot write %s: %s%s%s; there is no backup": "write_failed: the remedy stands inside",
    "cannot write %s: %s%s%s": "the remedy comes last",
    "events to choose from: %s": "the line before it says so",
    "and %zu more": "bulk: each line above has its own",
    "and %zu more like these": "import: each line above has its own",
    "cannot write %s: %s; %s": "the remedy, or --output, comes last",
    "%zu error%s in %s: nothing was changed": "bulk: each line above has its own",
    "%zu error%s in the manifest: nothing was retrieved": "each line above has its own",
    "%zu error%s, %zu warning%s: nothing was changed": "each line above has its own",
}


def psgctl_errors():
    found = {}
    for path in PSGCTL:
        text = without_comments(source(path))
        for _, given in calls(text, "ctl_error"):
            if len(given) > 1 and given[1] != "const char *format":
                for item in texts_of(re.sub(r"PSG_VERSION", "", given[1]).replace('"  "', ""), text):
                    found[item] = os.path.basename(path)
    return found


def test_every_error_of_psgctl_says_what_to_do_next():
    found = psgctl_errors()
    assert len(found) > 80
    without = [f"{found[text]}: {text}" for text in sorted(found)
               if not STEP.search(text) and text not in BY_ITS_PLACE]
    assert without == []
    assert [text for text in BY_ITS_PLACE if text not in found] == []


def test_every_error_of_the_store_has_a_remedy():
    """say_remedy in open.c: a case of its own, or psg_remedy, or doctor."""
    text = without_comments(source(os.path.join(REPO, "pam_psg/psgctl/open.c")))
    assert re.search(r"default:\s*ctl_error\(ctl, \"to go on: %s\", ctl_remedy\(err\)\)", text)


def test_every_finding_says_what_to_do():
    text = without_comments(source(os.path.join(REPO, "pam_psg/psgctl/doctor_table.c")))
    rows = re.findall(rf"\[DOCTOR_\w+\] =\s*\{{({LITERAL}), DOCTOR_[A-Z]+,\s*((?:{LITERAL}\s*)+)\}}", text)
    assert len(rows) > 50
    for name, remedy in rows:
        assert len("".join(re.findall(LITERAL, remedy))) > 20, name
