"""What scripts/check-release runs: the lists of crates of a release beside `cargo tree`."""

import json
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

PROGRAMS = {"protector-sidecar": "ecs-daemon-protector", "protector-coordinator": "coordinator"}
IMAGES = {"x86_64": "amd64", "aarch64": "arm64"}
RUNTIME = {"rust-std", "musl"}

# `cargo metadata`, from which the tools read, lists what a feature names with a question mark although nothing enables it;
# `cargo tree` does not.
NOT_ENABLED = {"time-macros"}


def tree(package, processor, edges):
    """{(name, version)} of the crates that a program needs, itself aside."""
    command = ["cargo", "tree", "--locked", "--package", package, "--edges", edges, "--prefix", "none"]
    command += ["--no-dedupe", "--format", "{p}", "--target", f"{processor}-unknown-linux-musl"]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = (line.split()[:2] for line in text.splitlines() if line)
    return {(name, version.removeprefix("v")) for name, version in found} - {(package, own_version())}


def own_version():
    return re.search(r'^version = "(.*)"', Path("Cargo.toml").read_text(), re.MULTILINE)[1]


def of_bill(bill):
    return {(one["name"], one.get("version")) for one in bill["components"] if one["name"] not in RUNTIME}


def section(program, wanted):
    """The content of a section of a 64-bit little-endian ELF file; empty if there is none."""
    table, size, count, names = (*struct.unpack_from("<Q", program, 40), *struct.unpack_from("<3H", program, 58))
    headers = [struct.unpack_from("<I20xQQ", program, table + number * size) for number in range(count)]
    content = lambda header: program[header[1] : header[1] + header[2]]
    name = lambda header: content(headers[names])[header[0] :].split(b"\0")[0].decode()
    return next((content(header) for header in headers if name(header) == wanted), b"")


def of_program(program):
    """What cargo-auditable has written into it, the program's own crate aside."""
    listed = section(program, ".dep-v0")
    packages = json.loads(zlib.decompress(listed))["packages"] if listed else []
    return {(one["name"], one["version"]) for one in packages if not one.get("root")}


def of_licences(text):
    """{(name, version)} above the first rule: one crate a line."""
    return set(re.findall(r"^([\w-]+) (\S+): .+$", text.split("-" * 80)[0], re.MULTILINE))


def difference(what, found, wanted):
    """What is there and should not be, and what should be there and is not."""
    more = {crate for crate in found - wanted if crate[0] not in NOT_ENABLED}
    return [f"{what}: {word} {' '.join(crate)}" for word, crates in (("has", more), ("lacks", wanted - found)) for crate in sorted(crates)]


def problems_of_bill(text):
    """What the schema finds wrong, and names in `dependencies` that no component has, which the schema cannot see."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
    bill = json.loads(text)
    named = {one["bom-ref"] for one in [*bill["components"], bill["metadata"]["component"]]}
    edges = bill["dependencies"]
    unknown = {ref for edge in edges for ref in [edge["ref"], *edge.get("dependsOn", [])]} - named
    return ([str(error)] if error else []) + [f"no component {name}" for name in sorted(unknown)]


def check(folder, processors):
    version, wrong, linked = own_version(), [], set()
    for processor in processors:
        for package, name in PROGRAMS.items():
            stem = f"{name}-{version}-linux-{IMAGES[processor]}"
            every = tree(package, processor, "normal,build")
            linked |= tree(package, processor, "normal")
            text = (folder / f"{stem}.cdx.json").read_text()
            wrong += [f"{stem}.cdx.json: {one}" for one in problems_of_bill(text)]
            wrong += difference(f"{stem}.cdx.json", of_bill(json.loads(text)), every)
            program, archive = folder / stem, folder / f"{stem}.zip"
            program = zipfile.ZipFile(archive).read("bootstrap") if archive.exists() else program.read_bytes()
            wrong += difference(f"{stem}, its list of crates", of_program(program), every)
            print(f"{stem}: {len(every)} crates", file=sys.stderr)
    theirs = {crate for crate in linked if not crate[0].startswith("protector-")}
    licences = (folder / "THIRD-PARTY-LICENCES.txt").read_text()
    return wrong + difference("THIRD-PARTY-LICENCES.txt", of_licences(licences), theirs)


if __name__ == "__main__":
    found = check(Path(sys.argv[1]), sys.argv[2:])
    print(*found, sep="\n", file=sys.stderr)
    sys.exit(bool(found))
