"""The Markdown pages of the repository: their text, their headings, their links."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import ROOT

FENCE = re.compile(r"^ *(```|~~~).*?^ *\1[ \t]*$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.*?) *#* *$", re.MULTILINE)


def tracked(*patterns):
    """The files of the repository that match, also new ones that are not committed yet."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in sorted(set(names)) if name and (ROOT / name).is_file()]


def markdown():
    """All Markdown pages."""
    return tracked("*.md")


def without_blocks(text):
    """The text without code blocks; as many lines as before, so that line numbers stay true."""
    return FENCE.sub(lambda block: "\n" * block.group().count("\n"), text)


def prose(text):
    """The text that people read as sentences: no code, no target of a link."""
    text = INLINE_CODE.sub("``", without_blocks(text))
    return re.sub(r"\]\([^()\s]+\)", "]", text)


def anchors(text):
    """The anchors of the page's headings, as GitHub makes them."""
    found, counts = set(), {}
    for heading in HEADING.findall(without_blocks(text)):
        anchor = slug(heading)
        number = counts.get(anchor, 0)
        counts[anchor] = number + 1
        found.add(f"{anchor}-{number}" if number else anchor)
    return found


def slug(heading):
    """A heading in lower case, without punctuation, with hyphens for blanks."""
    heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def paths(text):
    """The files and folders of the repository that a page names in code style. Patterns and placeholders are left out."""
    quoted = re.findall(r"`((?:crates|deploy|docs|examples|fuzz|scripts|tests|\.ci|\.config|\.github)/[\w./-]+)`", text)
    return [path for path in quoted if not re.search(r"[A-Z]{4,}", path.rpartition("/")[2].partition(".")[0])]


@dataclass(frozen=True)
class Link:
    """A link within the repository."""

    page: Path
    path: str
    anchor: str

    def problem(self):
        """Why the link leads nowhere; none if it is right."""
        target = (self.page.parent / self.path).resolve() if self.path else self.page
        if not target.exists():
            return f"{self.page.name}: no file {self.path}"
        if self.anchor and self.anchor not in anchors(target.read_text()):
            return f"{self.page.name}: no heading for #{self.anchor} in {target.name}"
        return None


def links(page, text):
    """The relative links of a page."""
    targets = LINK.findall(INLINE_CODE.sub("``", without_blocks(text)))
    local = (target for target in targets if not re.match(r"[a-z]+:", target))
    return [Link(page, *target.partition("#")[::2]) for target in local]


def tables(text):
    """The tables of a page, each as a list of rows; a row is a list of cells. The line of dashes is left out."""
    found, rows = [], []
    for line in [*without_blocks(text).splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])])
        elif rows:
            found.append([row for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row)])
            rows = []
    return found


def table(text, first_heading):
    """The one table whose first column has this heading, without the row of headings."""
    (rows,) = [rows for rows in tables(text) if rows[0][0] == first_heading]
    return rows[1:]
