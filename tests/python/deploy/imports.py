"""Which modules of a crate use which others, read from the sources, and the circles among them.

Modules that use each other can only be understood, tested and moved together. So at every level of a crate's module
tree the uses among siblings have one direction; what two of them share stands in a third one below both. A parent and
its children are not siblings: a parent declares its children, and they may use what the parent defines itself.

A name that a module has only imported counts as a use of the module it comes from. Otherwise a re-export in the parent
would hide a circle among its children. Methods are found by their type, not by a path, so calls of them do not count.
"""

import os
import re
from collections import defaultdict
from dataclasses import dataclass, field

# Cargo builds each of these as a crate of its own, and unit tests may use what they like.
NOT_MODULES = re.compile(r"(^|/)(bin/|tests/|tests\.rs$|build\.rs$|main\.rs$)")


@dataclass
class Module:
    """A file of a crate: the paths it uses, and where each name comes from that it has imported."""

    uses: list = field(default_factory=list)
    imported: dict = field(default_factory=dict)


def expand(tree):
    """The paths of a `use` with braces, each with the name that it has here: `a::{b, c as d}` is a::b, b and a::c, d."""
    tree = tree.strip()
    if braces := re.match(r"(?s)([^{}]*)\{(.*)\}$", tree):
        depth, part, parts = 0, "", []
        for letter in braces[2] + ",":
            depth += {"{": 1, "}": -1}.get(letter, 0)
            if letter == "," and depth == 0:
                parts.append(part)
                part = ""
            else:
                part += letter
        return [found for part in parts if part.strip() for found in expand(braces[1] + part.strip())]
    path, _, alias = tree.partition(" as ")
    segments = [segment.strip() for segment in path.split("::")]
    if segments[-1] == "self":
        segments.pop()
    return [(segments, alias.strip() or segments[-1])]


def read(text):
    """A module from its text, without comments and unit tests."""
    text = text.split("#[cfg(test)]\nmod tests {")[0]
    text = re.sub(r"//.*", "", text)
    module = Module()
    for tree in re.findall(r"\buse\s+([^;]+);", text):
        for path, name in expand(re.sub(r"\s+", " ", tree)):
            module.uses.append(path)
            module.imported[name] = path
    body = re.sub(r"\buse\s+[^;]+;", "", text)
    module.uses += [path.split("::") for path in re.findall(r"\b(?:crate|self|super)(?:::\w+)+", body)]
    return module


def modules(source):
    """All modules of the crate whose sources are in this folder, by their path in it; the crate itself is ()."""
    found = {}
    for file in sorted(source.rglob("*.rs")):
        name = file.relative_to(source)
        if NOT_MODULES.search(str(name)) and not (str(name) == "main.rs" and not (source / "lib.rs").exists()):
            continue
        path = name.parent.parts if name.stem in ("mod", "lib", "main") else name.parent.parts + (name.stem,)
        found[path] = read(file.read_text())
    return found


def resolve(crate, at, path, hops=8):
    """The modules that a path in the module `at` leads to: the one it names, and those behind its imports.

    There is none if it is another crate's. The number of hops bounds imports of each other.
    """
    target, path = list(at), list(path)
    if path[0] == "crate":
        target, path = [], path[1:]
    elif path[0] == "self":
        path = path[1:]
    elif path[0] == "super":
        while path and path[0] == "super":
            target, path = target[:-1], path[1:]
    elif (*target, path[0]) not in crate:
        return behind(crate, at, path, hops)
    while path and (*target, path[0]) in crate:
        target, path = [*target, path[0]], path[1:]
    return {tuple(target)} | behind(crate, tuple(target), path, hops)


def behind(crate, at, path, hops):
    """The modules behind a name that the module `at` has imported; none if it has not."""
    origin = crate[at].imported.get(path[0]) if path and hops else None
    return resolve(crate, at, origin + path[1:], hops - 1) if origin and origin != path else set()


def siblings(crate):
    """For each level, named by its parent: which module uses which other one of the same level."""
    levels = defaultdict(lambda: defaultdict(set))
    for at, module in crate.items():
        for path in module.uses:
            for to in resolve(crate, at, path):
                shared = len(os.path.commonprefix([at, to]))
                if shared < min(len(at), len(to)):
                    levels[at[:shared]][at[shared]].add(to[shared])
    return levels


def reached(graph, start):
    """What can be reached from a node in one step or more."""
    found, left = set(), [start]
    while left:
        for node in graph.get(left.pop(), set()) - found:
            found.add(node)
            left.append(node)
    return found


def circles(source):
    """The circles of a crate: for each, the path of its level and the names of its modules."""
    found = set()
    for level, graph in siblings(modules(source)).items():
        graph = dict(graph)
        reach = {node: reached(graph, node) for node in graph}
        for node in graph:
            circle = {other for other in reach[node] if node in reach.get(other, set())}
            if circle:
                found.add(("::".join(level), tuple(sorted(circle))))
    return found
