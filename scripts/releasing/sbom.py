"""Bills of materials: CycloneDX 1.6, one for each program. The same sources give the same text."""

import datetime
import json
import uuid

from . import graph

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "ecs-daemon-protector")

# What is in a program besides crates. Only the sidecar is static: the function finds its C library at the runtime.
RUST = {
    "type": "library",
    "bom-ref": "rust-std",
    "name": "rust-std",
    "description": "Rust's standard library",
    "licenses": [{"expression": "MIT OR Apache-2.0"}],
}
GLIBC = {
    "type": "library",
    "bom-ref": "glibc",
    "name": "glibc",
    "description": "GNU C Library, linked statically",
    "licenses": [{"expression": "LGPL-2.1-or-later"}],
}


def component(crate):
    found = {
        "type": "library",
        "bom-ref": crate.purl,
        "name": crate.name,
        "version": crate.version,
        # What has run in the compiler alone does not run in the program.
        "scope": "required" if crate.linked else "excluded",
        "purl": crate.purl,
    }
    if crate.checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": crate.checksum}]
    if crate.licence:
        found["licenses"] = [{"expression": crate.licence}]
    if crate.package["repository"]:
        found["externalReferences"] = [{"type": "vcs", "url": crate.package["repository"]}]
    return found


def program(crate, name):
    return {**component(crate), "type": "application", "name": name}


def bill(package, name, epoch, static):
    """The bill of one program. `epoch` is the time of its sources, in seconds."""
    found = graph.crates(package)
    root = found[next(key for key in found if key[0] == package)]
    others = sorted((crate for crate in found.values() if crate is not root), key=lambda crate: crate.purl)
    runtime = [RUST, GLIBC] if static else [RUST]
    root.needs.update(one["bom-ref"] for one in runtime)
    time = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    body = {
        "metadata": {"timestamp": time, "component": program(root, name)},
        "components": [component(crate) for crate in others] + runtime,
        "dependencies": [{"ref": one.purl, "dependsOn": sorted(one.needs)} for one in [root, *others]]
        + [{"ref": one["bom-ref"]} for one in runtime],
    }
    serial = uuid.uuid5(NAMESPACE, json.dumps(body, sort_keys=True))
    head = {"$schema": SCHEMA, "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}"}
    return {**head, "version": 1, **body}


def problems(text):
    """What the schema finds wrong."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return [] if error is None else [str(error)]


def unknown_references(bom):
    """Names in `dependencies` that no component has, which the schema cannot see."""
    named = {one["bom-ref"] for one in bom["components"]} | {bom["metadata"]["component"]["bom-ref"]}
    edges = bom["dependencies"]
    return ({one["ref"] for one in edges} | {to for one in edges for to in one.get("dependsOn", [])}) - named
