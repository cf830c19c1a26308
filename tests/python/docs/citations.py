"""What documents cite of the code: files with their items, and tests."""

import re

from . import ROOT
from .pages import tracked

CODE = re.compile(r"`([\w./-]+)` `([\w-]+)`")
QUOTED = re.compile(r"`([^`]+)`")
PROMISE_TEST = re.compile(r"`(p\d+_\w+|test_\w+)`")
RULES = "crates/core/src/plan/rules.md"
CITED_RULES = re.compile(r"//.*?\b[Rr]ules? (\d+(?:(?:, | and |, and )\d+)*)")


def tests():
    """Names of all tests: functions below `#[test]`, those of proptest, and methods of unittest."""
    found = set()
    for path in tracked("*.rs"):
        found |= tests_of_rust(path.read_text())
    for path in tracked("tests/*.py"):
        found |= set(re.findall(r"^    def (test_\w+)\(self", path.read_text(), re.MULTILINE))
    return found


def tests_of_rust(text):
    """Names of the tests of a Rust file. An attribute and a function may have others between them."""
    attribute = r"#\[(?:\w+::)*test\b[^\]]*\]\s*(?:(?:#\[[^\]]*\]|//[^\n]*)\s*)*(?:pub )?(?:async )?fn (\w+)"
    return set(re.findall(attribute, text))


def has_item(text, item):
    """Whether a file defines the item: a function, a type, a constant, or a key of TOML."""
    name = re.escape(item)
    rust = rf"\b(?:fn|struct|enum|trait|const|static|mod|type|macro_rules!) +{name}\b"
    return re.search(rust, text) is not None or re.search(rf"^{name} *=", text, re.MULTILINE) is not None


def problems_of_code(cell):
    """What is wrong with a cell that cites code: pairs of a file and an item of it."""
    pairs = CODE.findall(cell)
    if not pairs or len(QUOTED.findall(cell)) != 2 * len(pairs):
        return [f"not pairs of a file and an item: {cell}"]
    found = []
    for path, item in pairs:
        if not (ROOT / path).is_file():
            found.append(f"no file {path}")
        elif not has_item((ROOT / path).read_text(), item):
            found.append(f"no item {item} in {path}")
    return found


def problems_of_tests(cell, known):
    """What is wrong with a cell that cites tests."""
    names = QUOTED.findall(cell)
    if not names:
        return [f"no test: {cell}"]
    return [f"no test {name}" for name in names if name not in known]


def cited_rules(text):
    """The numbers of rules that comments of a Rust file cite."""
    return {int(number) for found in CITED_RULES.findall(text) for number in re.findall(r"\d+", found)}
