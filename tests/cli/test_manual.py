"""The manuals say what the programs do: names, options, arguments and elements, in both directions."""

import json
import os
import re
import shutil
import subprocess

import pytest

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("PSG_BUILD") or os.path.join(REPO, "build"))
PSGCTL = os.path.join(BUILD, "psgctl")
PAGES = ["pam_psg.8", "psgctl.8", "psg-enforce.service.8", "psg-housekeeping.service.8", "psg-metadata.5", "psg.7",
         "psg-messages.7", "psg-coming-from.7"]
GLOBAL = {"store", "key", "json", "quiet", "color", "help"}
PLANNED = set()  # of later releases


def read(*path):
    with open(os.path.join(REPO, *path), encoding="utf-8") as file:
        return file.read()


def page(name):
    return read("man", name)


def section(text, title):
    """The mdoc source from `.Sh title` to the next section."""
    match = re.search(rf"^\.Sh {re.escape(title)}\n(.*?)(?=^\.Sh |\Z)", text, re.M | re.S)
    assert match, f"no section {title}"
    return match.group(1)


def psgctl(*arguments):
    return subprocess.run([PSGCTL, *arguments], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL)


def overview_commands():
    return [command["name"] for command in json.loads(psgctl("help", "--json").stdout)["commands"]]


def manual_commands():
    """Each command of psgctl.8 with the mdoc source of its entry."""
    text = section(page("psgctl.8"), "COMMANDS").split("\n.Ss ")[0]
    entries = re.split(r"^\.It (?:Xo\n\.)?Ic ", text, flags=re.M)[1:]
    return {re.match(r"[a-z]+", entry).group(0): entry for entry in entries}


def long_options(text):
    return set(re.findall(r"--([a-z][a-z-]*)", text))


def manual_options(entry):
    return set(re.findall(r"\bFl -([a-z][a-z-]*)", entry))


def options_of_code(table_owner):
    """The options in the getopt tables of a command's source."""
    return set(re.findall(r'\{"([a-z-]+)", (?:true|false), (?:&|NULL)', table_owner))


def c_strings(source, array):
    """The string literals of one array of a C file, in order."""
    match = re.search(rf"\b{array}\[[^\]]*\]\s*=\s*\{{(.*?)\}};", source, re.S)
    assert match, f"no array {array}"
    return re.findall(r'"([^"\n]+)"', match.group(1))


# -- the pages themselves --

def test_the_pages_are_these():
    assert sorted(name for name in os.listdir(os.path.join(REPO, "man")) if name[-1].isdigit()) == sorted(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_mandoc_has_nothing_to_say(name):
    result = subprocess.run(["mandoc", "-Tlint", "-Wwarning", os.path.join(REPO, "man", name)],
                            capture_output=True, text=True, check=False)
    assert result.stdout + result.stderr == ""
    assert result.returncode == 0


@pytest.mark.parametrize("name", PAGES)
def test_own_references_lead_somewhere(name):
    own = dict(re.match(r"(.*)\.(\d)$", other).groups() for other in PAGES)
    for title, number in re.findall(r"^\.Xr (\S+) (\d)", page(name), re.M):
        if title.startswith("psg") or title == "pam_psg":
            assert own.get(title) == number, f"{title}({number})"


def test_each_command_has_a_page_of_its_own(tmp_path):
    """man/commands.awk: what psgctl.8 says of it, and nothing of the next one."""
    subprocess.run(["awk", "-f", os.path.join(REPO, "man", "commands.awk"), "-v", f"directory={tmp_path}", "-v",
                    f"psgctl={PSGCTL}", os.path.join(REPO, "man", "psgctl.8")], check=True)
    assert sorted(os.listdir(tmp_path)) == sorted(f"psgctl-{name}.8" for name in overview_commands())
    pages = [str(path) for path in tmp_path.iterdir()]
    said = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *pages], capture_output=True, text=True, check=False)
    assert said.stdout + said.stderr == ""
    for name, entry in manual_commands().items():
        text = (tmp_path / f"psgctl-{name}.8").read_text()
        assert manual_options(entry) == manual_options(text) - {"json"}, name
        assert re.search(r"^\.Nd (.*)", text, re.M).group(1) in psgctl("help", name).stdout, name


# -- psgctl.8 --

def test_every_command_is_in_the_manual_and_the_reverse():
    commands = overview_commands()
    assert len(commands) > 10
    assert sorted(manual_commands()) == sorted(commands)
    assert not PLANNED & set(commands), "a planned command has come: take it out of PLANNED"


def test_every_option_is_in_the_manual_and_the_reverse():
    manual = manual_commands()
    for command in overview_commands():
        result = psgctl("help", command)
        assert result.returncode == 0, command
        usage = long_options(result.stdout) - GLOBAL
        assert manual_options(manual[command]) == usage, command


def test_help_and_option_help_say_the_same():
    for command in overview_commands():
        assert psgctl(command, "--help").stdout == psgctl("help", command).stdout, command


def test_every_option_of_the_code_is_in_the_manual_and_the_reverse():
    folder = os.path.join(REPO, "pam_psg", "psgctl")
    code = set()
    for name in os.listdir(folder):
        if name.endswith(".c"):
            code |= options_of_code(read("pam_psg", "psgctl", name))
    manual = set().union(*map(manual_options, manual_commands().values()))
    assert code - GLOBAL - {"version"} == manual
    assert manual_options(section(page("psgctl.8"), "DESCRIPTION")) == GLOBAL


def test_options_that_the_manual_names_are_known(tmp_path):
    for command, entry in manual_commands().items():
        for option in manual_options(entry):
            result = psgctl("--store", str(tmp_path / "none"), command, f"--{option}")
            assert "unknown option" not in result.stderr, (command, option)


def test_every_exit_status_is_in_the_manual():
    source = re.search(r"enum ctl_exit \{(.*?)\};", read("pam_psg", "psgctl", "psgctl.h"), re.S)
    statuses = re.findall(r"= (\d+),", source.group(1))
    assert re.findall(r"^\.It (\d+)$", section(page("psgctl.8"), "EXIT STATUS"), re.M) == statuses


def test_the_reasons_and_events_of_the_manual_are_those_of_the_code():
    text = section(page("psgctl.8"), "JSON")
    for path, array in ((("core", "decision.c"), "why_names"), (("audit", "event.c"), "names")):
        source = read("pam_psg", *path)
        names = re.findall(r'\[PSG_(?:WHY|EVENT)_[A-Z_]+\]\s*=\s*\{?\s*"([A-Za-z]+)"', source)
        names = names or c_strings(source, array)
        assert len(names) > 5
        for name in names:
            assert re.search(rf"\b{name}\b", text), f"{path}: {name}"


def test_every_finding_is_in_the_manual_and_the_reverse():
    """With its severity, for the names are what scripts go by."""
    source = read("pam_psg", "psgctl", "doctor_table.c")
    code = dict(re.findall(r'\[DOCTOR_\w+\]\s*=\s*\{\s*"([a-z-]+)",\s*DOCTOR_([A-Z]+)', source))
    assert len(code) > 50
    text = page("psgctl.8").split(".Ss Findings\n")[1].split("\n.Ss ")[0]
    manual = {}
    for names, severities in re.findall(r"^\.It Li (.*)\n\.Pq (.*)", text, re.M):
        for name in names.split(" , "):
            manual[name] = severities
    assert sorted(manual) == sorted(code)
    assert [name for name in code if code[name].lower() not in manual[name]] == []


def c_files(folder):
    """All C sources of one part, as one text."""
    path = os.path.join(REPO, "pam_psg", folder)
    return "".join(read(path, name) for name in sorted(os.listdir(path)) if name.endswith(".c"))


def packed_members(source):
    """The member names in every json_pack(...): its lower-case strings but the format."""
    members = set()
    for start in (match.end() for match in re.finditer(r"\bjson_pack\(", source)):
        depth, end = 1, start
        while depth:
            depth += {"(": 1, ")": -1}.get(source[end], 0)
            end += 1
        members |= set(re.findall(r'"([a-z][A-Za-z_]+)"', source[start:end]))
    return members


def test_every_json_member_is_in_the_manual_and_the_reverse():
    ctl, audit = c_files("psgctl"), c_files("audit")
    code = packed_members(ctl) | set(re.findall(r'\\"([A-Za-z]+)\\"', audit))
    code |= set(re.findall(r'put_member\(out, "(\w+)"', audit))
    manual = set(re.findall(r"^\.Li ([a-z][A-Za-z_]+)", section(page("psgctl.8"), "JSON"), re.M))
    # Those of the activation policy are in psg-metadata.5.
    words = set(re.findall(r"[a-z][A-Za-z_]+", page("psg-metadata.5")))
    assert len(code) > 60
    assert code - manual - words == set()
    assert manual - code <= set(re.findall(r'"([a-z][A-Za-z_]+)"', ctl + audit))


# -- pam_psg.8 --

def module_arguments():
    source = read("pam_psg", "core", "args.c")
    names = set(re.findall(r'\{"([a-z_]+)", (?:take_|offsetof)', source))
    assert len(names) > 10, "the table of arguments was not found"
    return names


def test_every_module_argument_is_in_the_manual_and_the_reverse():
    text = section(page("pam_psg.8"), "ARGUMENTS")
    manual = set(re.findall(r"^\.It Cm ([a-z_]+)", text, re.M))
    assert manual == module_arguments()


def test_every_pam_code_is_in_the_manual():
    source = read("pam_psg", "module", "codes.c").split("psg_pam_code_name")[0]
    codes = set(re.findall(r"\bPAM_[A-Z_]+\b", re.sub(r"(?s)/\*.*?\*/", "", source)))
    assert len(codes) > 6
    text = section(page("pam_psg.8"), "ENTRY POINTS")
    assert {code for code in codes if code not in text} == set()


def test_every_exported_variable_is_in_the_manual_and_the_reverse():
    code = set()
    for name in os.listdir(os.path.join(REPO, "pam_psg", "module")):
        if name.endswith(".c"):
            code |= set(re.findall(r'"(PSG_[A-Z]+)[="]', read("pam_psg", "module", name)))
    text = section(page("pam_psg.8"), "ENVIRONMENT")
    assert code and set(re.findall(r"^\.It Ev (PSG_[A-Z]+)", text, re.M)) == code


# -- psg-metadata.5 --

def test_every_element_is_in_the_manual_and_the_reverse():
    sources = read("pam_psg", "metadata", "types.c").split("psg_manifest_elements[]")[0]
    sources = re.sub(r"(?s)package_types\[\] = \{.*", "", sources)
    sources += read("pam_psg", "metadata", "types_set.c")
    code = set(re.findall(r'\.name = "([a-z][A-Za-z]+)"', sources))
    for arguments in re.findall(r"(?:ACCESS|KEY|RIGHT|RIGHT_OPTIONAL|ITEM)\(([^)]*)\)", sources):
        code |= {word for word in re.findall(r'"([a-z][A-Za-z]+)"', arguments)}
    assert len(code) > 60
    text = page("psg-metadata.5")
    words = set(re.findall(r"[a-z][A-Za-z]+", re.sub(r"^\.\\\".*$", "", text, flags=re.M)))
    assert code - words == set()
    sections = "".join(section(text, title) for title in
                       ("SALESFORCE'S TYPES", "ACTIVATIONPOLICY", "GATE SETTINGS"))
    named = set()
    for item in re.findall(r"^\.It Li ((?:.*\\\n)*.*)$", sections, re.M):
        named |= set(re.findall(r"[a-z][A-Za-z]+", item))
    assert named - code == set()


def test_every_folder_and_suffix_is_in_the_manual():
    rows = re.findall(r'\{"(\w+)", "(\w+)", "(\.\w+)"', read("pam_psg", "metadata", "types.c"))
    assert len(rows) == 5
    text = page("psg-metadata.5")
    for row in rows:
        assert ".It {} Ta {} Ta {}\n".format(*row) in text


# -- psg.7 --

def test_every_end_reason_and_record_key_is_in_the_manual():
    text = page("psg.7")
    for reason in re.findall(r'\[PSG_END_\w+\] = "(\w+)"', read("pam_psg", "core", "activation.c")):
        assert reason == "None" or re.search(rf"\b{reason}\b", text), reason
    sources = c_files("core") + c_files("store")
    keys = set(re.findall(r'\b(?:psg_record_put_\w+|put_time)\(\s*&?\w+, "([a-z-]+)"', sources))
    kinds = set(re.findall(r'psg_record_begin\(\s*&?\w+, "([a-z]+)"', sources))
    assert len(keys) > 15 and len(kinds) > 4
    assert {word for word in keys | kinds if not re.search(rf"\b{word}\b", text)} == set()


def test_every_policy_key_is_in_the_manual():
    text = page("psg.7")
    keys = re.findall(r'#define PSG_KEY_\w+ "([a-z/]+)"', read("pam_psg", "store",
                                                              "policy_private.h"))
    assert len(keys) > 8
    for key in keys:
        assert f"Li {key}" in text, key


# -- README --

def conf_rules(text):
    """The rules of a pam.d or sshd_config text: no comments, single blanks."""
    lines = (" ".join(line.split("#")[0].split()) for line in text.splitlines())
    return [line for line in lines if line]


def readme_blocks():
    """The fenced block after each mention of a file of conf/, by that file."""
    return dict(re.findall(r"\(conf/([\w./-]+)\):\n\n```\n(.*?)```", read("README.md"), re.S))


@pytest.mark.parametrize("name", ["pam.d/sshd-password", "pam.d/sshd-publickey", "pam.d/login",
                                  "pam.d/sudo", "pam.d/sudo-i",
                                  "sshd_config.d/psg-password-code.conf",
                                  "sshd_config.d/psg-key-code.conf"])
def test_readme_gives_the_rules_of_conf(name):
    assert conf_rules(readme_blocks()[name]) == conf_rules(read("conf", name))


def test_files_that_readme_names_are_there():
    for name in re.findall(r"\b((?:conf|man)/[\w./-]*\w)", read("README.md")):
        assert os.path.exists(os.path.join(REPO, name)), name


def test_readme_names_the_two_commands():
    text = read("README.md")
    makefile = read("Makefile")
    for target in ("demo", "check"):
        assert f"make {target}" in text
        assert re.search(rf"^{target}:", makefile, re.M)


def test_the_stacks_of_the_manual_are_parts_of_conf():
    examples = section(page("pam_psg.8"), "EXAMPLES")
    rules = {file: conf_rules(read("conf", "pam.d", file)) for file in ("sshd-password", "sudo")}
    for file, service in (("sshd-password", "sshd"), ("sudo", "sudo")):
        block = re.search(rf"^# /etc/pam\.d/{service}\n(.*?)\n(?:\n|\.Ed)", examples, re.M | re.S)
        wanted = conf_rules(block.group(1))
        assert [rule for rule in rules[file] if rule in wanted] == wanted


def test_psgctl_lines_of_the_documents_are_commands():
    commands = set(overview_commands()) | {"help"}
    texts = [read("README.md"), read("SECURITY.md"), *map(page, PAGES)]
    for text in texts:
        for command in re.findall(r"^(?:`{0,3})psgctl ([a-z]+)|`psgctl ([a-z]+)", text, re.M):
            assert set(filter(None, command)) <= commands, command


def test_the_quick_start_works(tmp_path):
    """Deploying what README names gives the group that README assigns, and that opens what it gates."""
    if os.geteuid() != 0:
        pytest.fail("run as root: a store belongs to root")
    text = read("README.md")
    package = re.search(r"^psgctl deploy /usr/share/pam_psg/(\S+)", text, re.M).group(1)
    group = re.search(r"^psgctl assign alice (\S+)", text, re.M).group(1)
    store = ["--store", str(tmp_path / "store")]
    assert psgctl(*store, "init").returncode == 0
    done = psgctl(*store, "deploy", os.path.join(REPO, "conf", package), "--strict")
    assert done.returncode == 0, done.stdout + done.stderr
    assert psgctl(*store, "assign", "root", group).returncode == 0
    shown = psgctl(*store, "groups", group).stdout
    for service in re.findall(r"^`/etc/pam\.d/([a-z-]+)`", text, re.M):
        assert f"applicationVisibilities.{service}\n" in shown, service


def test_metadata_in_the_manual_passes(tmp_path):
    """The examples of psg-metadata.5, deployed as they stand there."""
    blocks = re.findall(r"^\.Bd -literal[^\n]*\n(<\?xml.*?)^\.Ed", page("psg-metadata.5"), re.M | re.S)
    places = {"Package": "package.xml", "ActivationPolicy": "activationpolicies/Server_Operators.activationpolicy",
              "GateSettings": "settings/Gate.settings"}
    package = tmp_path / "package"
    shutil.copytree(os.path.join(REPO, "conf", "sample-package"), package)
    seen = set()
    for block in blocks:
        root = re.search(r"<([A-Z]\w+) ", block).group(1)
        seen.add(root)
        if root != "Package":
            (package / places[root]).write_text(block, encoding="utf-8")
    assert seen == set(places)
    store = ["--store", str(tmp_path / "store")]
    assert psgctl(*store, "init").returncode == 0
    done = psgctl(*store, "deploy", str(package))
    assert done.returncode == 0, done.stdout + done.stderr
