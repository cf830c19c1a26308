"""What a program is made of: the crates that cargo links for either processor, and who needs whom."""

import json
import re
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu")

# "2serde v1.0.229 (proc-macro) (*)"; the path of a crate of our own comes in parentheses too.
LINE = re.compile(r"(?P<depth>\d+)(?P<name>[\w-]+) v(?P<version>\S+)(?P<rest>.*)")


@dataclass
class Crate:
    """One crate of the graph. A macro, and what only macros need, runs in the compiler and is not linked."""

    name: str
    version: str
    package: dict
    checksum: str | None
    macro: bool
    linked: bool = False
    needs: set = field(default_factory=set)

    @property
    def purl(self):
        return f"pkg:cargo/{self.name}@{self.version}"

    @property
    def own(self):
        return self.package["source"] is None

    @property
    def folder(self):
        return Path(self.package["manifest_path"]).parent

    @property
    def licence(self):
        """An SPDX expression; `/` is cargo's old way to say OR."""
        return " ".join(self.package["license"].replace("/", " OR ").split()) if self.package["license"] else None


def cargo(*arguments):
    done = subprocess.run(["cargo", *arguments, "--locked"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def packages():
    """Every package that cargo knows for these targets, by name and version."""
    platforms = [part for target in TARGETS for part in ("--filter-platform", target)]
    found = json.loads(cargo("metadata", "--format-version", "1", *platforms))["packages"]
    return {(one["name"], one["version"]): one for one in found}


def checksums():
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    return {(one["name"], one["version"]): one.get("checksum") for one in locked}


def tree(package, target):
    """The lines of cargo's tree, parsed: depth, key, whether it is a macro."""
    text = cargo("tree", "--package", package, "--edges", "normal", "--target", target, "--prefix", "depth")
    for line in filter(None, text.splitlines()):
        found = LINE.fullmatch(line)
        yield int(found["depth"]), (found["name"], found["version"]), "(proc-macro)" in found["rest"]


def crates(package):
    """The graph of a package: crates by name and version, the package itself first."""
    known, sums, graph = packages(), checksums(), {}
    for target in TARGETS:
        path = []
        for depth, key, macro in tree(package, target):
            crate = graph.setdefault(key, Crate(*key, known[key], sums[key], macro))
            del path[depth:]
            if path:
                path[-1].needs.add(crate.purl)
            path.append(crate)
    mark_linked(graph)
    return graph


def mark_linked(graph):
    """Whatever can be reached from the first crate without passing a macro."""
    by_purl = {crate.purl: crate for crate in graph.values()}
    reached = [next(iter(graph.values()))]
    while reached:
        crate = reached.pop()
        if not (crate.macro or crate.linked):
            crate.linked = True
            reached += [by_purl[purl] for purl in crate.needs]
