"""The `aws` commands of the documentation, as text."""

import re

from lib import ROOT
from lib.programs import PROTECTORCTL, Program
from lib.wait import until

BLOCK = re.compile(r"^( *)```\w*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(aws [a-z-]+ [a-z-]+ [^`]*)`")

# Pages whose commands only make sense in their order: test_pages_in_order.py types them.
PAGES_IN_ORDER = {"install.md", "migration.md"}


def pages():
    """Every page that may have commands."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("*.md"))]


def documented():
    """All commands, each with the page that has it."""
    return [(page.relative_to(ROOT), command) for page in pages() for command in of(page.read_text())]


def of(text):
    """Commands in code blocks, one or more lines each, and in the running text."""
    in_blocks = [command for _, block in BLOCK.findall(text) for command in of_lines(block)]
    outside = BLOCK.sub("", text)
    return in_blocks + [" ".join(command.split()) for command in INLINE.findall(outside)]


def of_lines(text):
    joined = re.sub(r"\\\n\s*", "", text)
    lines = (line.strip().partition("  #")[0].strip() for line in joined.splitlines())
    return [line for line in lines if line.startswith("aws ")]


def of_doctor():
    """The commands of the findings of `protectorctl doctor`, one of each kind; a test of the program writes them."""
    lines = (ROOT / "crates/diagnosis/src/doctor/commands.txt").read_text().splitlines()
    # Signing in has no service.
    return [line.partition(" | ")[0] for line in lines if line.startswith("aws ") and not line.startswith("aws sso ")]


def of_the_usage():
    """What `protectorctl local-aws` suggests to type."""
    program = Program([PROTECTORCTL, "local-aws"], {})
    try:
        until("it says what to type", lambda: any("local-aws.simulated" in line for line in list(program.lines)))
        return of_lines("\n".join(program.lines))
    finally:
        program.stop()
