"""The licences of everything in the programs: who is under what, and every text once."""

import re
from collections import defaultdict

from . import graph

NAMES = re.compile(r"(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)", re.IGNORECASE)
RULE = "-" * 80

HEAD = """\
Third-party software in ecs-daemon-protector

The coordinator and the sidecar are made of the crates below, and of Rust's standard library (MIT OR Apache-2.0). The
sidecar is linked statically, so it also holds parts of the GNU C Library (LGPL-2.1-or-later) as Debian or your build
machine has it. To link another C library, build it again from these sources with scripts/build-sidecar.
"""

# For crates that name the licence and bring no text.
MIT = """\
Copyright (c) {holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def standard_text(crate):
    """The text of a licence whose crate brings none. Apache's is the project's own."""
    if "Apache-2.0" in crate.licence:
        return (graph.ROOT / "LICENSE").read_text()
    if "MIT" in crate.licence:
        return MIT.format(holder=", ".join(crate.package["authors"]) or f"the authors of {crate.name}")
    raise ValueError(f"{crate.name} {crate.version} is under {crate.licence} and brings no text")


def texts(crate):
    """Every licence text and notice of a crate, or the standard text."""
    files = sorted(file for file in crate.folder.iterdir() if file.is_file() and NAMES.match(file.name))
    found = [file.read_text(errors="replace").strip() for file in files]
    return [text for text in found if text] or [standard_text(crate).strip()]


def third_party(packages):
    """All crates of others in these packages, macros too: their output is in the programs."""
    found = {}
    for package in packages:
        found.update({key: crate for key, crate in graph.crates(package).items() if not crate.own})
    return [found[key] for key in sorted(found)]


def document(packages):
    crates = third_party(packages)
    users = defaultdict(list)
    for crate in crates:
        for text in texts(crate):
            users[re.sub(r"\s+", " ", text)].append((f"{crate.name} {crate.version}", text))
    parts = [HEAD, "\n".join(f"{crate.name} {crate.version}: {crate.licence}" for crate in crates), ""]
    for key in sorted(users):
        names = ", ".join(dict.fromkeys(name for name, _ in users[key]))
        parts += [RULE, names, RULE, "", users[key][0][1], ""]
    return "\n".join(parts)
