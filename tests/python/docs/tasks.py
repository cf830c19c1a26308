"""The commands of .ci/run and scripts/test, and the recipes of the justfile."""

import re
from dataclasses import dataclass

# Helpers of scripts/steps.sh that run a command under a title.
STEP = re.compile(r'^\s*(?:step|need|beside) "([^"]*)" (.+)$', re.MULTILINE)
FUNCTION = re.compile(r"^(\w+)\(\) \{ (.*); \}$", re.MULTILINE)


@dataclass(frozen=True)
class Recipe:
    """A recipe: its name, what `just --list` says of it, and its commands."""

    name: str
    comment: str
    commands: tuple


def recipes(text):
    """The recipes of a justfile, as far as this project uses its language. Raises ValueError for anything else."""
    found, comment, private = [], "", False
    for number, line in enumerate(text.splitlines(), 1):
        head = re.fullmatch(r"([a-z][a-z0-9-]*)((?: [*+]?[A-Z]+)*):", line)
        if line.startswith("#"):
            comment = line.lstrip("# ")
        elif line == "[private]":
            private = True
        elif head:
            found.append(Recipe(head[1], "(private)" if private else comment, ()))
            comment, private = "", False
        elif line.startswith("    ") and found:
            last = found[-1]
            found[-1] = Recipe(last.name, last.comment, (*last.commands, line.strip().removeprefix("@")))
        elif line:
            raise ValueError(f"line {number} is no recipe, no command and no comment: {line}")
        else:
            comment = ""
    return found


def plain(command):
    """A command without what differs from run to run: arguments of a recipe, and the flags of continuous integration."""
    command = re.sub(r"\{\{[A-Z]+\}\}|\$\{CI:\+--locked\}|--runs \d+|--build$", "", command)
    return " ".join(command.split())


def steps(text):
    """The steps of a script: title and command. A function of one line stands for its command."""
    functions = dict(FUNCTION.findall(text))
    return [(title, plain(functions.get(command.strip(), command))) for title, command in STEP.findall(text)]
