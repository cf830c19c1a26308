"""No crate has two types of one name: a name that is read leads to one definition. Test code is left out."""

import re
import unittest
from collections import defaultdict

from . import ROOT, words
from .pages import tracked

TOKEN = re.compile(r"[{}]|\b(struct|enum|union|trait|type)\s+([A-Z]\w*)")

# What stands before the brace of a block, since the last brace.
OF_TESTS = re.compile(r"#\[cfg\(test\)\]\s*(?:pub(?:\([a-z]+\))? )?mod \w+\s*\Z")
OF_ASSOCIATED_TYPES = re.compile(r"^\s*(?:pub(?:\([a-z]+\))? )?(?:unsafe )?(?:impl|trait)\b", re.MULTILINE)

TESTS = re.compile(r"/src/(?:.*/)?(?:tests|testing)(?:\.rs|/)")


def types(text):
    """The types that a Rust file defines outside its tests, each with its line. Associated types are left out."""
    code = words.COMMENT.sub("", words.without_strings(text))
    found, blocks, since = [], [], 0
    for token in TOKEN.finditer(code):
        if token.group() == "{":
            blocks.append(code[since : token.start()])
        elif token.group() == "}":
            blocks.pop()
        elif not is_associated(token[1], blocks) and not any(map(OF_TESTS.search, blocks)):
            found.append((token[2], code.count("\n", 0, token.start()) + 1))
        if token.group() in "{}":
            since = token.end()
    return found


def is_associated(keyword, blocks):
    """Whether a definition is a type of an implementation or a trait."""
    return keyword == "type" and bool(blocks) and bool(OF_ASSOCIATED_TYPES.search(blocks[-1]))


def sources():
    """The sources of all crates without their tests, by crate."""
    crates = defaultdict(dict)
    for path in tracked("crates/*/src/*.rs", "tests/src/*.rs", "fuzz/src/*.rs"):
        name = str(path.relative_to(ROOT))
        if not TESTS.search(name):
            crates[name.partition("/src/")[0]][name] = path.read_text()
    return crates


def duplicates(texts):
    """The names that the files of one crate define more than once, each with its places."""
    places = defaultdict(list)
    for path, text in texts.items():
        for name, line in types(text):
            places[name].append(f"{path}:{line}")
    return {name: where for name, where in sorted(places.items()) if len(where) > 1}


class Types(unittest.TestCase):
    maxDiff = None

    def test_no_crate_has_two_types_of_one_name(self):
        crates = sources()
        self.assertGreater(len(crates), 8)
        self.assertGreater(sum(len(types(text)) for texts in crates.values() for text in texts.values()), 1000)
        self.assertEqual({crate: found for crate, texts in crates.items() if (found := duplicates(texts))}, {})

    def test_planted_types_are_found(self):
        planted = "pub(crate) struct Row<'a> {\n    a: [&'a str; 2],\n}\n// struct Cell;\nfn f() {\n    enum Row {}\n}\n"
        self.assertEqual(types(planted), [("Row", 1), ("Row", 6)])
        self.assertEqual(duplicates({"a.rs": planted}), {"Row": ["a.rs:1", "a.rs:6"]})
        self.assertEqual(duplicates({"a.rs": "trait Row {}\n", "b.rs": "type Row = u8;\n"}), {"Row": ["a.rs:1", "b.rs:1"]})

    def test_associated_types_and_tests_are_left_out(self):
        associated = "use a::{b, c};\nimpl A for [u8; 2] {\n    type Row = u8;\n}\npub trait B {\n    type Row;\n}\n"
        self.assertEqual(types(associated), [("B", 5)])
        tests = "struct Row;\n#[cfg(test)]\nmod tests {\n    fn f() {}\n    struct Row;\n}\nstruct Cell;\n"
        self.assertEqual(types(tests), [("Row", 1), ("Cell", 7)])
