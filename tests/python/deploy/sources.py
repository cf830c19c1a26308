"""What the Rust sources say: the AWS calls that the programs can make, and the settings that they read."""

import json
import re

from botocore import loaders, xform_name

from .template import ROOT

# Where calls are made, and the service of each file.
COORDINATOR = {
    "crates/coordinator/src/aws/sdk/ecs.rs": "ecs",
    "crates/coordinator/src/aws/sdk/auto_scaling.rs": "autoscaling",
    "crates/coordinator/src/aws/sdk/ssm.rs": "ssm",
}
SIDECAR = {"crates/sidecar/src/aws/ssm.rs": "ssm"}


def source(path):
    """A Rust file without its unit tests and comments."""
    text = (ROOT / path).read_text().split("#[cfg(test)]\nmod ")[0]
    return re.sub(r"//.*", "", text)


def calls(files):
    """Actions such as ecs:ListTasks: `.list_tasks()` builds a request of the SDK's client, `.call::<ListTasks>` names it."""
    found = set()
    for path, service in files.items():
        methods = set(re.findall(r"\.\s*([a-z_]+)\(\)", source(path)))
        named = set(re.findall(r"\.\s*call::<(\w+)>", source(path)))
        model = loaders.Loader().load_service_model(service, "service-2")
        found |= {f"{service}:{name}" for name in model["operations"] if name in named or xform_name(name) in methods}
    return found


def senders(crate):
    """Files of the crate that send requests of the SDK, without its tests."""
    paths = (ROOT / crate / "src").rglob("*.rs")
    files = (str(path.relative_to(ROOT)) for path in paths if path.name != "tests.rs")
    return {file for file in files if re.search(r"\.send\(\)|\.\s*call::<", source(file))}


def coordinator_settings():
    """Names of the coordinator's settings, without their prefix."""
    text = source("crates/core/src/policy.rs") + source("crates/core/src/settings/coordinator.rs")
    return set(re.findall(r"\.(?:list|parsed|duration|duration_or_zero|choice|optional_duration|flag)\(\s*\"([A-Z_]+)\"", text))


def deployment_variables():
    """What the coordinator reads of the environment for its beacon, without what Lambda sets itself."""
    text = source("crates/coordinator/src/runtime.rs")
    return {name for name in re.findall(r'variable\("([A-Z_]+)"\)', text) if not name.startswith("AWS_")}


def durations():
    """Default of each duration, in seconds."""
    text = source("crates/core/src/policy.rs")
    found = re.findall(r'duration(?:_or_zero)?\("([A-Z_]+)", SignedDuration::from_(secs|mins|hours)\((\d+)\)\)', text)
    unit = {"secs": 1, "mins": 60, "hours": 3600}
    return {name: int(number) * unit[kind] for name, kind, number in found}


def schedules():
    """Detail types of the constant events that schedules send, as the coordinator knows them."""
    return set(re.findall(r'"([A-Za-z ]+)" => Ok\(Event::Trigger\(Trigger::', source("crates/core/src/trigger/envelope.rs")))


def local_rules():
    """The event patterns that the local AWS delivers by."""
    text = (ROOT / "crates/local-aws/src/rules.rs").read_text()
    body = text.split("pub fn product_rules()")[1].split("\n}\n")[0]
    return [json.loads(found) for found in re.findall(r"json!\((\{.*?\})\)(?:,|\n)", body, re.DOTALL)]


def local_heartbeats():
    """What the schedule of the heartbeats of the local AWS sends."""
    text = (ROOT / "crates/local-aws/src/rules.rs").read_text()
    body = text.split("pub fn heartbeats()")[1].split("\n}\n")[0]
    return json.loads(re.search(r"json!\((\{.*\})\)", body)[1])
