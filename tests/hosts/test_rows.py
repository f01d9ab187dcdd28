"""Every row of the table in pam_psg(8) has a test, and every such test a row."""

import ast
import glob
import os
import re

import world
from rows import TABLE

HERE = os.path.dirname(os.path.abspath(__file__))


def marked():
    """The rows that a decorator @row("…") in this directory names."""
    names = set()
    for path in glob.glob(f"{HERE}/test_*.py"):
        with open(path, encoding="utf-8") as file:
            functions = [node for node in ast.walk(ast.parse(file.read())) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            if function.name.startswith("test_"):
                names |= {mark.args[0].value for mark in function.decorator_list
                          if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "row"}
    return names


def test_every_row_has_a_test_and_the_reverse():
    assert marked() == set(TABLE)


def test_the_page_says_what_a_refusal_looks_like():
    """Whoever can be refused is told how."""
    for host in TABLE.values():
        refuses = host.name not in ("sudo, root calling", "su, root calling", "ssh, further channel")
        assert hasattr(host, "texts") == refuses, host.name
        assert not refuses or host.texts, host.name


def test_the_subjects_of_the_page_are_the_module_s_defaults():
    with open(f"{world.REPO}/pam_psg/core/args.c", encoding="utf-8") as file:
        services = re.search(r"others_become\(.*?services\[\] = \{(.*?)\}", file.read(), re.S).group(1)
    assert set(re.findall(r'"(.*?)"', services)) == {"sudo", "sudo-i", "su", "su-l"}
    for host in TABLE.values():
        becomes = host.name.replace(",", "").split()[0] in ("sudo", "su")
        assert host.subject == ("-" if not host.runs() else "caller" if becomes else "user"), host.name
