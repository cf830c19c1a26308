"""EventBridge: whether an event matches a pattern. Exact values, exists, nesting: what the rules of the product use."""

from lib.events import fixture, names


def matches(pattern, event):
    if isinstance(pattern, dict):
        return all(matches(wanted, (event or {}).get(name)) for name, wanted in pattern.items())
    return any(accepts(choice, event) for choice in pattern)


def accepts(choice, value):
    if not isinstance(choice, dict):
        return choice == value
    ((operator, argument),) = choice.items()
    if operator != "exists":
        raise ValueError(f"not understood: {choice}")
    return argument == (value is not None)


def fixtures():
    """Every event on file that EventBridge would deliver."""
    events = {name: fixture(name) for name in names()}
    return {name: event for name, event in events.items() if isinstance(event, dict) and "detail-type" in event}
