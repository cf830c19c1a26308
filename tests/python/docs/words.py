"""The words that must not be in documents and code: tests/words.txt, and where they are found."""

import re
from dataclasses import dataclass, field

from . import ROOT
from .pages import prose, tracked

LIST = ROOT / "tests/words.txt"

# Documents, and what else people read: comments and descriptions of the deployment and the scripts, transcripts.
PAGES = ("*.md",)
OTHERS = (
    "template.yaml", "deploy/*.tf", "examples/*.yaml", "scripts/*", ".ci/*", ".github/*.yml", "Dockerfile", "justfile",
    "*.toml", "tests/transcripts/*",
)
SOURCES = ("crates/*.rs", "tests/*.rs", "fuzz/*.rs")
PYTHON = ("tests/*.py",)

# Sources whose texts a developer alone reads.
TESTS = re.compile(r"(^|/)(tests|testing|fuzz)(/|\.rs$)")
UNIT_TESTS = re.compile(r"^#\[cfg\(test\)\]\nmod \w+ \{", re.MULTILINE)

STRING = re.compile(r'r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"', re.DOTALL)
COMMENT = re.compile(r"//[^\n]*")


@dataclass
class Words:
    """The list. Keys are words or phrases in lower case, values what to use instead."""

    prose: dict = field(default_factory=dict)
    code: dict = field(default_factory=dict)
    names: dict = field(default_factory=dict)
    excepted: dict = field(default_factory=dict)


def parse(text):
    """Reads the list."""
    words, section = Words(), None
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line in ("[prose]", "[code]", "[names]"):
            section = getattr(words, line.strip("[]"))
        elif line.startswith("except "):
            path, _, reason = line.removeprefix("except ").partition(": ")
            if not reason:
                raise ValueError(f"line {number}: an exception needs a reason")
            words.excepted[path] = reason
        else:
            word, arrow, instead = line.partition(" -> ")
            if section is None or not arrow or not instead:
                raise ValueError(f"line {number}: expected `word -> use instead` in a section: {line}")
            word = bare(word.lower())
            if word in words.prose | words.code | words.names:
                raise ValueError(f"line {number}: {word} is listed twice")
            section[word] = instead
    return words


def bare(text):
    """The text with blanks for hyphens and underscores: `no-one` and `no_one` count as `no one`."""
    return re.sub("[-_]", " ", text)


def found(text, words):
    """Lines of a text that have a word of the list, or its plural: number, word, what to use instead."""
    if not words:
        return []
    longest_first = sorted(words, key=len, reverse=True)
    any_word = re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})s?\b", re.IGNORECASE)
    lines = enumerate(bare(text).splitlines(), 1)
    return [(number, hit.lower(), words[hit.lower()]) for number, line in lines for hit in any_word.findall(line)]


def of_rust(text):
    """Comments and identifiers of a Rust file as words: `NoOne` and `no_one` become `no one`. Strings are left
    out: `texts_of_rust` has them."""
    lines = []
    for line in without_strings(text).splitlines():
        code, slashes, comment = line.partition("//")
        lines.append(split(code) + slashes + split(INLINE.sub("", comment)))
    return "\n".join(lines)


INLINE = re.compile(r"`[^`]*`")

# A comment, a character or a string literal. A quote in a comment begins no string.
TOKEN = re.compile(rf"{COMMENT.pattern}|'(?:\\.|[^'\\])'|{STRING.pattern}", re.DOTALL)

# The name of a module, a type, a function or a constant, where it is declared.
DECLARED = re.compile(r"\b(?:mod|struct|enum|trait|type|fn|const|static) +(\w+)")


def without_strings(text):
    """The text without string literals; as many lines as before."""

    def keep(match):
        literal = match.group()
        return literal if literal.startswith("//") else '""' + "\n" * literal.count("\n")

    return TOKEN.sub(keep, text)


def texts_of_rust(text):
    """The string literals of a Rust file without its unit tests, on the lines where they stand."""
    text = UNIT_TESTS.split(text)[0]
    found, end = [], 0
    for match in TOKEN.finditer(text):
        literal = match.group()
        found.append("\n" * text.count("\n", end, match.start()))
        found.append(f"{literal} " if not literal.startswith(("//", "'")) else "")
        end = match.end()
    return "".join(found)


def names_of_rust(text):
    """What a Rust file without its unit tests declares, as words, on the lines where it stands."""
    code = COMMENT.sub("", without_strings(UNIT_TESTS.split(text)[0]))
    return "\n".join(split(" ".join(DECLARED.findall(line))) for line in code.splitlines())


def split(code):
    """Identifiers as words."""
    code = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", code)
    return code.replace("_", " ")


def problems(words):
    """Every place in the repository that has a word of the list."""
    texts = [(path, prose(path.read_text()), words.prose | words.code) for path in tracked(*PAGES)]
    texts += [(path, INLINE.sub("", path.read_text()), words.prose | words.code) for path in tracked(*OTHERS)]
    sources = tracked(*SOURCES)
    texts += [(path, of_rust(path.read_text()), words.code) for path in sources]
    product = [path for path in sources if not TESTS.search(str(path.relative_to(ROOT)))]
    texts += [(path, split(texts_of_rust(path.read_text())), words.prose | words.code) for path in product]
    texts += [(path, names_of_rust(path.read_text()), words.names) for path in product]
    python = tracked(*PYTHON)
    texts += [(path, split(path.read_text()), words.code) for path in python]
    texts += [(path, str(path.relative_to(ROOT)), words.code) for path in sources + python]
    texts += [(path, str(path.relative_to(ROOT)), words.names) for path in sources]
    for path, text, listed in texts:
        name = str(path.relative_to(ROOT))
        if name in words.excepted or path == LIST:
            continue
        for number, word, instead in found(text, listed):
            yield f"{name}:{number}: \"{word}\", use instead: {instead}"
