"""Compares requests with botocore's service models: what a program sent must be what botocore would have sent for it.

A raw request is read into parameters along the model. Botocore's own validation then judges them (members, types,
ranges), botocore's serializer writes them again, and both texts must be equal. So must both signatures.
"""

import json
from functools import cache
from urllib.parse import parse_qsl

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.serialize import create_serializer

SERVICES = ("autoscaling", "ecs", "ssm")

# Services that are called by forms, by their names in signatures. Two of them have one name, and differ by the version.
BY_FORM = {
    "autoscaling": ("autoscaling",),
    "ec2": ("ec2",),
    "elasticloadbalancing": ("elb", "elbv2"),
    "iam": ("iam",),
}


class Mismatch(AssertionError):
    """A request that is not what the service model says."""


@cache
def model(service):
    return botocore.session.Session().get_service_model(service)


@cache
def by_target():
    """Services by the first half of X-Amz-Target."""
    models = [model(service) for service in SERVICES]
    return {one.metadata["targetPrefix"]: one for one in models if "targetPrefix" in one.metadata}


def operation_of(request):
    """Its operation model. An unknown one is an error."""
    if "x-amz-target" in request.headers:
        prefix, _, name = request.headers["x-amz-target"].partition(".")
        return by_target()[prefix].operation_model(name)
    form = dict(parse_qsl(request.body.decode()))
    services = [model(name) for name in BY_FORM[signed_for(request)]]
    versions = {service.api_version: service for service in services}
    if form["Version"] not in versions:
        raise Mismatch(f"Version: {form['Version']!r}, and botocore has {sorted(versions)}")
    return versions[form["Version"]].operation_model(form["Action"])


def signed_for(request):
    """The service of its signature. One without is for Auto Scaling."""
    _, _, scope = request.headers.get("authorization", "").partition("Credential=")
    parts = scope.split(",")[0].split("/")
    return parts[3] if len(parts) > 3 else "autoscaling"


def check(request):
    """Checks one request, and gives its operation model."""
    operation = operation_of(request)
    protocol = operation.service_model.metadata["protocol"]
    params = json.loads(request.body) if protocol == "json" else read_form(request, operation)
    serializer = create_serializer(protocol, include_validation=True)
    ours = serializer.serialize_to_request(params, operation)
    expect((request.method, request.path), (ours["method"], ours["url_path"]), operation.name)
    for name in ("X-Amz-Target", "Content-Type"):
        if name in ours["headers"]:
            # botocore writes the character set, others may leave it out: it is the protocol's default.
            expect(media(request.headers.get(name.lower())), media(ours["headers"][name]), name)
    body = json.loads(ours["body"]) if protocol == "json" else form_of(ours["body"])
    expect(json.loads(request.body) if protocol == "json" else form(request), body, operation.name)
    for path, value, shape in scalars(params, operation.input_shape, operation.name):
        if getattr(shape, "enum", None) and value not in shape.enum:
            raise Mismatch(f"{path}: {value!r} is none of {shape.enum}")
    return operation


def media(value):
    return value.split(";")[0] if value else value


def expect(found, wanted, what):
    if found != wanted:
        raise Mismatch(f"{what}: {found!r}, and botocore has {wanted!r}")


def form(request):
    """The members of a form. None may come twice."""
    pairs = parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
    if len(dict(pairs)) != len(pairs):
        raise Mismatch(f"a member comes twice: {pairs}")
    return dict(pairs)


def form_of(members):
    """What botocore's serializer gives, as it goes over the wire."""
    return {name: str(value) for name, value in members.items()}


def read_form(request, operation):
    """Parameters out of `Name`, `Name.member.1` and so on."""
    rest = form(request)
    for name in ("Action", "Version"):
        rest.pop(name)
    is_ec2 = operation.service_model.metadata["protocol"] == "ec2"
    return form_value(rest, operation.input_shape, operation.name, is_ec2)


def form_value(members, shape, path, is_ec2):
    """`members` are what is below `path`, the names shortened by it; "" is the value itself.

    EC2 has names that the model gives beside those of its members, and lists without `member`.
    """
    if shape.type_name == "structure":
        names = {ec2_name(member, name) if is_ec2 else name: name for name, member in shape.members.items()}
        groups = grouped(members)
        unknown = set(groups) - set(names)
        if unknown:
            raise Mismatch(f"{path}: unknown members {unknown}")
        return {
            names[name]: form_value(below, shape.members[names[name]], f"{path}.{name}", is_ec2)
            for name, below in groups.items()
        }
    if shape.type_name == "list":
        if members == {"": ""} and not is_ec2:  # how this protocol writes an empty list
            return []
        items = grouped(members if is_ec2 else grouped(members)["member"])
        expect(sorted(items, key=int), [str(number + 1) for number in range(len(items))], path)
        return [form_value(items[key], shape.member, f"{path}.{key}", is_ec2) for key in sorted(items, key=int)]
    return form_scalar(members[""], shape)


def ec2_name(shape, name):
    given = shape.serialization.get("name")
    return shape.serialization.get("queryName") or (given[0].upper() + given[1:] if given else name)


def grouped(members):
    """By the first word of the name."""
    groups = {}
    for name, value in members.items():
        first, _, rest = name.partition(".")
        groups.setdefault(first, {})[rest] = value
    return groups


def form_scalar(text, shape):
    if shape.type_name in ("integer", "long"):
        return int(text)
    if shape.type_name == "boolean":
        return {"true": True, "false": False}[text]
    return text


def scalars(value, shape, path):
    """Every value that is no structure and no list, with its shape."""
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from scalars(member, shape.members[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for item in value:
            yield from scalars(item, shape.member, path)
    else:
        yield path, value, shape


def check_signature(request, operation, secret, token, region):
    """The signature is the one that botocore computes for the same headers and body."""
    _, _, fields = request.headers["authorization"].partition(" ")
    fields = dict(field.strip().split("=", 1) for field in fields.split(","))
    key, _, _, service, _ = fields["Credential"].split("/")
    expect(service, operation.service_model.signing_name, "signing name")
    expect(request.headers.get("x-amz-security-token"), token, "session token")
    signed = fields["SignedHeaders"].split(";")
    headers = {name: request.headers[name] for name in signed}
    again = AWSRequest(request.method, f"http://{request.headers['host']}{request.path}", headers, request.body)
    again.context["timestamp"] = request.headers["x-amz-date"]
    signer = SigV4Auth(Credentials(key, secret, token), service, region)
    expect(signer.canonical_request(again).split("\n")[-2], fields["SignedHeaders"], "signed headers")
    expect(fields["Signature"], signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again),
           "signature")
