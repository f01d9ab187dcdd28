"""Every message about metadata has a test that shows its text.

The messages are the formats given to the functions of FORMAT_OF, directly or through a function of the file that
hands its parameter on, and the texts of faults. A test shows one when, with anything in the place of each conversion,
it stands in a string of tests/unit, tests/store or tests/cli, or in bad.expected."""

import glob
import os
import re

from conftest import REPO

FORMAT_OF = {"psg_report_error": 3, "psg_report_warning": 3, "psg_check_report": 7, "psg_pattern_fault": 1}
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
CONVERSION = r"%%|%-?[0-9*.]*(?:z|l|ll|j)?[a-zA-Z]"
# No words of ours: what stands before a fault, and the text of errno.
BARE = {"%s", "%s: %s", "Error parsing file: %s"}
# Said where libxml2 finds a file wrong and does not say why: no file is known for which it does that.
NOT_KNOWN_TO_HAPPEN = {"the file is not well-formed XML"}


def source(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def without_comments(text):
    return re.sub(rf"({LITERAL})|/\*.*?\*/", lambda m: m.group(1) or " ", text, flags=re.S)


def joined(text):
    """String literals that stand next to each other as one; what is between two pieces of one, a macro, as `~`."""
    text = re.sub(r'"\s*[frb]?"', "", text)
    return re.sub(r'"\s*[A-Za-z_]\w*\s*"', "~", text)


def unescaped(literal):
    return re.sub(r'\\(["\\\'])', r"\1", literal[1:-1])


def arguments(text, start):
    """The arguments of the call whose parenthesis opens at `start`."""
    found, depth, last = [], 0, start + 1
    for match in re.compile(rf"{LITERAL}|'(?:\\.|[^'])'|[()\[\]{{}},]").finditer(text, start):
        token = match.group(0)
        depth += token in "([{" if len(token) == 1 else 0
        depth -= token in ")]}" if len(token) == 1 else 0
        if depth == 0 or (token == "," and depth == 1):
            found.append(text[last:match.start()].strip())
            last = match.end()
        if depth == 0:
            return found
    raise AssertionError("no end of a call")


def calls(text, name):
    """(offset, arguments) of each call; definitions and declarations are told by a type before them."""
    for match in re.finditer(rf"(?<![\w]){name}\(", text):
        before = text[:match.start()].rstrip(" \t*")
        if not re.search(r"(?:^|[^\w])(?:void|int|bool|psg_err|char)$", before):
            yield match.start(), arguments(text, match.end() - 1)


def enclosing(text, offset):
    """Name and parameters of the function around `offset`."""
    found = None
    for match in re.finditer(r"^(?:[a-z][^\n;{}()]*?)(\w+)\(([^{};]*)\)\n\{", text[:offset], re.M):
        found = match
    return found.group(1), [item.split()[-1].strip("*") for item in found.group(2).split(",")]


def literals(argument):
    return [unescaped(item) for item in re.findall(LITERAL, re.sub(r'"\s+"', "", argument))]


def formats_of(text):
    """All formats of one file."""
    places = {name: (index, re.compile("")) for name, index in FORMAT_OF.items()}
    places["snprintf"] = (2, re.compile(r"\btext$"))  # what is written to a fault's text
    found, waiting = set(), sorted(places)
    while waiting:
        name = waiting.pop()
        index, first = places[name]
        for offset, given in calls(text, name):
            if len(given) <= index or not first.search(given[0]):
                continue
            function, parameters = enclosing(text, offset)
            bare = set(literals(given[index])) <= BARE and name in (*FORMAT_OF, "snprintf")
            for item in given[index:] if bare else given[index:index + 1]:
                found.update(literals(item))
                # A parameter handed on: the function's callers give the words.
                if item in ("text", "format") and item in parameters and function not in places:
                    places[function] = (parameters.index(item), re.compile(""))
                    waiting.append(function)
    found -= BARE | NOT_KNOWN_TO_HAPPEN
    return {item for item in found if re.search(r"[\w%']+[,:]? [\w%'(]", item)}


def reasons(path, function):
    """What a function returns as the end of a message."""
    body = re.search(rf"\b{function}\([^)]*\)\n\{{(.*?)^\}}", source(path), re.S | re.M).group(1)
    return set(literals(" , ".join(re.findall(rf'"(?:[^"\\\n]|\\.)*"(?=;| :|$)', body, re.M))))


def shown():
    """All that tests expect to read."""
    texts = [source(os.path.join(REPO, "tests/data/metadata/bad.expected"))]
    for pattern in ("tests/unit/*.c", "tests/store/*.c", "tests/cli/*.py"):
        for path in glob.glob(os.path.join(REPO, pattern)):
            if path != os.path.abspath(__file__):
                texts += [unescaped(item) for item in re.findall(LITERAL, joined(without_comments(source(path))))]
    return "\n".join(texts)


def pattern_of(message):
    parts = re.split(CONVERSION, message)
    return ".{0,200}?".join(re.escape(part) for part in parts)


def test_every_message_is_shown_by_a_test():
    messages = {}
    for path in sorted(glob.glob(os.path.join(REPO, "pam_psg/metadata/*.c"))
                       + glob.glob(os.path.join(REPO, "pam_psg/core/pattern*.c"))):
        for item in formats_of(without_comments(source(path))):
            messages[item] = os.path.basename(path)
    for item in reasons(os.path.join(REPO, "pam_psg/core/text.c"), "psg_api_name_fault"):
        messages[item] = "text.c"
    assert len(messages) > 60, "the search finds hardly anything: it no longer knows how messages are made"
    texts = shown()
    missing = [f"{messages[item]}: {item}" for item in sorted(messages)
               if not re.search(pattern_of(item), texts)]
    assert not missing, "no test shows:\n" + "\n".join(missing)


def test_the_search_knows_each_way():
    found = formats_of(without_comments('''
static void say(struct psg_report *report, const char *text)
{
	psg_report_error(report, NULL, "Remedy of it.", "%s", text);
}

static void use(struct psg_report *report, bool one)
{
	/* say(report, "not this one") */
	say(report, one ? "first of two" : "second of two");
	psg_report_warning(report, node(1, 2), "Do (this).", "in %s "
			   "pieces, it has", "x");
	snprintf(ret->text, sizeof(ret->text), "a fault of %s", "y");
	snprintf(path, sizeof(path), "no fault of %s", "y");
	refuse(ret, "words of a fault");
}

static void refuse(struct fault *ret, const char *text)
{
	snprintf(ret->text, sizeof(ret->text), "Error parsing file: %s", text);
}
'''))
    assert found == {"first of two", "second of two", "in %s pieces, it has", "a fault of %s", "words of a fault"}
