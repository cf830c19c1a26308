"""template.yaml as CloudFormation would see it: intrinsic functions resolved for given parameters and a partition."""

import re
from copy import deepcopy
from functools import lru_cache

import yaml
from lib import ROOT

ACCOUNT = "123456789012"
REGIONS = {"aws": "eu-west-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
NO_VALUE = object()
# What GetAtt gives for the resources whose ARNs stand in policies; all others are a name in angle brackets.
ARNS = {
    "CoordinatorLog.Arn": "arn:{partition}:logs:{region}:{account}:log-group:coordinator:*",
    "DeadLetters.Arn": "arn:{partition}:sqs:{region}:{account}:dead-letters",
    "Events.Arn": "arn:{partition}:sqs:{region}:{account}:events.fifo",
}


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags: !Ref x is {"Ref": x}, !Sub x is {"Fn::Sub": x}."""


def construct(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.rsplit(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", construct)


@lru_cache
def load(path="template.yaml"):
    return yaml.load((ROOT / path).read_text(), Loader)


class Rendered:
    """A template with all that its parameters decide decided."""

    def __init__(self, parameters=None, partition="aws", path="template.yaml"):
        self.source = load(path)
        self.partition, self.region = partition, REGIONS[partition]
        given = parameters or {}
        unknown = set(given) - set(self.source["Parameters"])
        if unknown:
            raise KeyError(f"no parameters of the template: {unknown}")
        self.parameters = {
            name: typed(declared["Type"], given.get(name, declared.get("Default")))
            for name, declared in self.source["Parameters"].items()
        }
        self.resources = {
            name: self.resolve(whole(self.source, resource))
            for name, resource in self.source["Resources"].items()
            if "Condition" not in resource or self.condition(resource["Condition"])
        }

    def properties(self, name):
        return self.resources[name]["Properties"]

    def of_type(self, kind):
        return {name: r["Properties"] for name, r in self.resources.items() if r["Type"] == kind}

    def resolve(self, value):
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self.ref(argument)
            if name.startswith("Fn::"):
                return getattr(self, "fn_" + name[4:].lower())(argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}

    def ref(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        pseudo = {
            "AWS::Partition": self.partition,
            "AWS::Region": self.region,
            "AWS::AccountId": ACCOUNT,
            "AWS::StackName": "protector",
        }
        if name in pseudo:
            return pseudo[name]
        return self.parameters[name] if name in self.parameters else f"<{name}>"

    def fn_getatt(self, path):
        name = ".".join(path)
        place = {"partition": self.partition, "region": self.region, "account": ACCOUNT}
        return ARNS[name].format(**place) if name in ARNS else f"<{name}>"

    def fn_sub(self, argument):
        text, values = argument if isinstance(argument, list) else (argument, {})
        values = {name: self.resolve(value) for name, value in values.items()}

        def known(found):
            return str(values[found[1]] if found[1] in values else self.ref(found[1]))

        return re.sub(r"\$\{([A-Za-z0-9:.]+)\}", known, text)

    def fn_join(self, argument):
        delimiter, items = argument
        if not isinstance(delimiter, str):
            raise TypeError("CloudFormation takes literal text alone as the delimiter of Fn::Join")
        return delimiter.join(self.resolve(items))

    def fn_split(self, argument):
        return self.resolve(argument[1]).split(argument[0])

    def fn_select(self, argument):
        return self.resolve(argument[1])[int(argument[0])]

    def fn_findinmap(self, argument):
        mapping, first, second = map(self.resolve, argument)
        return self.source["Mappings"][mapping][first][second]

    def fn_if(self, argument):
        name, yes, no = argument
        return self.resolve(yes if self.condition(name) else no)

    def condition(self, expression):
        if isinstance(expression, str):
            return self.condition(self.source["Conditions"][expression])
        ((name, argument),) = expression.items()
        if name == "Condition":
            return self.condition(argument)
        if name == "Fn::Equals":
            left, right = map(self.resolve, argument)
            return str(left) == str(right)
        parts = [self.condition(part) for part in argument]
        return {"Fn::And": all(parts), "Fn::Or": any(parts), "Fn::Not": not parts[0]}[name]


def decided(parameters, path="template.yaml"):
    """A template with its conditions decided, since emulators understand few functions in them. All else is as in the
    file."""
    rendered, template = Rendered(parameters, path=path), deepcopy(load(path))
    for name in template["Conditions"]:
        template["Conditions"][name] = {"Fn::Equals": ["yes" if rendered.condition(name) else "no", "yes"]}
    return template


def whole(template, resource):
    """A function has what all functions have too."""
    if resource["Type"] != "AWS::Serverless::Function":
        return resource
    common = template.get("Globals", {}).get("Function", {})
    return {**resource, "Properties": {**common, **resource["Properties"]}}


def snake(name, joint="_"):
    """AutoScalingGroups is auto_scaling_groups."""
    return re.sub(r"(?<!^)([A-Z])", joint + r"\1", name).lower()


def typed(kind, value):
    if kind == "CommaDelimitedList":
        return [item.strip() for item in str(value).split(",")]
    return value
