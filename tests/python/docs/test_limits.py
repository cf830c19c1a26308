"""Every limit of the product stands in `limits`, as ARCHITECTURE.md says, and has its reason there."""

import re
import unittest
from collections import Counter

from . import ROOT
from .pages import tracked

PRODUCT = ("core", "runtime", "coordinator", "sidecar")
LIMITS = re.compile(r"crates/core/src/limits(\.rs|/\w+\.rs)$")

# Constants of these types at the level of a module are limits, unless they are named below. One that a function declares
# for itself is private to it, and may stay there.
CONSTANT = re.compile(
    r"^((?:///[^\n]*\n)*)(?:pub(?:\([a-z]+\))? )?const (\w+): "
    r"(?:SignedDuration|(?:std::time::)?Duration|usize|[iu](?:8|16|32|64)|f(?:32|64))\b",
    re.MULTILINE,
)

# What is no limit: numbers that a format or a convention gives, and how long the parts of a text of ours are.
NO_LIMIT = {
    ("crates/core/src/record.rs", "SCHEMA"),
    ("crates/core/src/shared.rs", "REGISTRATION_CHARS"),
    ("crates/core/src/shared/room.rs", "MEMBER_BYTES"),
    ("crates/core/src/shared/room.rs", "SECOND_BYTES"),
    ("crates/core/src/shared/room.rs", "FRAME_BYTES"),
    ("crates/core/src/shared/room.rs", "WAVE_BYTES"),
    ("crates/runtime/src/exit.rs", "USAGE"),
    ("crates/runtime/src/exit.rs", "SOFTWARE"),
}


def constants(text):
    """The constants of a Rust file that may be limits: their names, each with its comment. Unit tests are left out."""
    return {name: comment for comment, name in CONSTANT.findall(text.split("#[cfg(test)]\nmod ")[0])}


def sources():
    """The product's sources without their tests."""
    paths = [path for crate in PRODUCT for path in tracked(f"crates/{crate}/src/*.rs")]
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in paths}
    return {path: text for path, text in texts.items() if not re.search(r"/(tests|testing)(\.rs|/)", path)}

# A wait whose time is a number.
UNNAMED_WAIT = re.compile(r"\b(?:sleep|sleep_until|timeout|wait_timeout|recv_timeout)\([^;]*?from_(?:secs|millis)\(\d")


def unnamed_waits(text):
    """The lines of a Rust file that wait for a time without a name. Unit tests are left out."""
    code = text.split("#[cfg(test)]\nmod ")[0]
    return [code.count("\n", 0, wait.start()) + 1 for wait in UNNAMED_WAIT.finditer(code)]


# A source that a comment names. "As the API reference says" names none of a number.
SOURCE = re.compile(r"\((?:[A-Z]\w+ )+(?:API reference|(?:user|developer) guide)", re.IGNORECASE)
COMMENT_BLOCK = re.compile(r"(?:^ *//[/!]?[^\n]*\n)+", re.MULTILINE)


def without_link(text):
    """The comments of a Rust file that name a page of AWS and do not link to it."""
    blocks = (re.sub(r"\n *//[/!]? ?", " ", block) for block in COMMENT_BLOCK.findall(text))
    return [block for block in blocks if SOURCE.search(block) and "https://" not in block]


class Limits(unittest.TestCase):
    def test_every_limit_stands_in_limits(self):
        found = {
            (path, name) for path, text in sources().items() if not LIMITS.match(path) for name in constants(text)
        }
        self.assertEqual(found - NO_LIMIT, set(), "move these to crates/core/src/limits.rs or limits/")
        self.assertEqual(NO_LIMIT - found, set(), "these are gone: remove them from NO_LIMIT")

    def test_every_wait_has_a_bound_with_a_name(self):
        found = {path: unnamed_waits(text) for path, text in sources().items()}
        self.assertEqual({path: lines for path, lines in found.items() if lines}, {})
        self.assertEqual(unnamed_waits("let a = 1;\nsleep(Duration::from_secs(1));\ntimeout(AFTER, one)\n"), [2])

    def test_a_comment_that_names_a_page_of_aws_links_to_it(self):
        sources = tracked("crates/*.rs", "tests/*.rs")
        found = [(str(path.relative_to(ROOT)), block) for path in sources for block in without_link(path.read_text())]
        self.assertEqual(found, [])
        named = "/// At most ten (ECS API\n/// reference).\nconst A: u8 = 10;\n"
        self.assertEqual(len(without_link(named)), 1)
        self.assertEqual(without_link(named.replace("/// At", "/// <https://aws>\n/// At")), [])

    def test_every_limit_has_its_reason_and_one_meaning(self):
        limits = [(path, *one) for path, text in sources().items() if LIMITS.match(path) for one in constants(text).items()]
        self.assertGreater(len(limits), 100)
        self.assertEqual([(path, name) for path, name, comment in limits if not comment], [])
        names = [name for _, name, _ in limits]
        self.assertEqual({name for name in names if names.count(name) > 1}, set(), "one name, two limits")

    def test_every_limit_is_used(self):
        everything = "\n".join(sources().values()) + "".join(path.read_text() for path in tracked("crates/cli/src/*.rs"))
        names = [name for path, text in sources().items() if LIMITS.match(path) for name in constants(text)]
        words = Counter(re.findall(r"\w+", everything))
        self.assertEqual([name for name in names if words[name] < 2], [])

    def test_a_planted_limit_is_found(self):
        planted = "/// A reason.\npub(crate) const WAIT: Duration = Duration::from_secs(1);\nconst TRIES: u32 = 3;\n"
        self.assertEqual(constants(planted), {"WAIT": "/// A reason.\n", "TRIES": ""})
        inside = "fn f() {\n    const TRIES: u32 = 3;\n}\nconst NAME: &str = \"a\";\n"
        self.assertEqual(constants(inside + "#[cfg(test)]\nmod tests {\nconst HOUR: i64 = 1;\n}\n"), {})
