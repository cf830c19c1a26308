"""The same fleets, played by the simulators of two versions: each number before, now, and their ratio."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

# How the drains are cut: see docs/simulate.md.
LINGER = "LINGER=0s\n"
# protectorctl simulate: no promise was broken, one was. All else is no result.
PLAYED = (0, 1)
WRONG_ARGUMENTS = 2


def each(field):
    return lambda row: row[field] / row["instances"]


def p99(field):
    return lambda row: row[field]["p99"] if row[field]["count"] else None


# Rows of docs/simulate.md, each with what it is in a row of the JSON.
MEASURES = {
    "last STOPPED to released, p99 (s)": p99("stoppedToReleasedSeconds"),
    "hook to completed, p99 (s)": p99("hookToCompletedSeconds"),
    "requests a drain": each("requests"),
    "writes a drain": each("writes"),
    "billed a drain (s)": each("billedSeconds"),
    "throttled (%)": lambda row: 100 * row["throttled"] / max(row["requests"], 1),
    "never released": lambda row: row["instances"] - row["released"],
    "hooks ran out": lambda row: row["hooksRanOut"],
    "dead letters": lambda row: row["deadLetters"],
    "ticks failed": lambda row: row["ticksFailed"],
}


def simulate(program, arguments):
    return subprocess.run([program, "simulate", "--json", *arguments], capture_output=True, text=True)


def takes(program, settings):
    """Whether the version knows these settings. One that does not know LINGER has nothing to switch off."""
    return simulate(program, ["--instances", "1", "--settings", settings]).returncode != WRONG_ARGUMENTS


def play(program, sizes, seeds):
    """The rows of the simulator, by size."""
    arguments = ["--instances", ",".join(map(str, sizes)), "--seeds", str(seeds), "--environments", "10"]
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "settings")
        settings.write_text(LINGER)
        if takes(program, settings):
            arguments += ["--settings", settings]
        done = simulate(program, arguments)
    if done.returncode not in PLAYED:
        raise RuntimeError(f"{program} simulate ended with {done.returncode}:\n{done.stderr[-2000:]}")
    rows = json.loads(done.stdout)["rows"]
    return {size: [row for row in rows if row["instances"] == size] for size in sizes}


def median(measure, rows):
    values = [value for value in map(measure, rows) if value is not None]
    return statistics.median(values) if values else None


def ratio(before, now):
    return now / before if before and now is not None else None


def compare(before, now):
    """For each size, for each measure: before, now, ratio. None is a number that does not exist."""
    return {
        size: {
            name: (old := median(measure, before[size]), new := median(measure, now[size]), ratio(old, new))
            for name, measure in MEASURES.items()
        }
        for size in before
    }


def text(number):
    """Three digits that count, as in the table of the simulator."""
    if number is None:
        return "-"
    if number >= 100 or number == int(number):
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def small(number):
    """A ratio: two digits that count, however small it is."""
    return "-" if number is None else f"{number:.2f}" if number >= 0.1 else f"{number:.2g}"


def table(compared, names):
    """One table: a row for each measure, three columns for each size."""
    sizes = [f"{size:,} at once" for size in compared]
    head = ["", *(column for _ in sizes for column in (*names, "ratio"))]
    rows = [
        [name, *(cell for size in compared for cell in cells(compared[size][name]))] for name in MEASURES
    ]
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    groups = [sum(widths[place : place + 3]) + 4 for place in range(1, len(head), 3)]
    yield "   ".join([" " * widths[0], *(size.center(width) for size, width in zip(sizes, groups))]).rstrip()
    for row in (head, *rows):
        parts = [row[0].ljust(widths[0])]
        for place in range(1, len(row), 3):
            three = zip(row[place : place + 3], widths[place : place + 3])
            parts.append("  ".join(cell.rjust(width) for cell, width in three))
        yield "   ".join(parts).rstrip()


def cells(numbers):
    before, now, quotient = numbers
    return text(before), text(now), small(quotient)


def as_json(compared, names, seeds):
    fleets = [
        {
            "instances": size,
            "measures": [
                {"name": name, "before": before, "now": now, "ratio": quotient}
                for name, (before, now, quotient) in measures.items()
            ],
        }
        for size, measures in compared.items()
    ]
    return {"schema": 1, "kind": "fleet-comparison", "versions": list(names), "seeds": seeds, "fleets": fleets}


def sizes(argument):
    found = [int(size) for size in argument.split(",")]
    if not found or min(found) < 1:
        raise ValueError(argument)
    return sorted(set(found))


def at_least_one(argument):
    if int(argument) < 1:
        raise ValueError(argument)
    return int(argument)


def options(words):
    parser = argparse.ArgumentParser(prog="scripts/compare-fleets", description=__doc__)
    parser.add_argument("before", type=Path, help="protectorctl of the earlier version")
    parser.add_argument("now", type=Path, help="protectorctl of this version")
    parser.add_argument("--names", nargs=2, default=("before", "now"), help="what the versions are called")
    parser.add_argument("--instances", type=sizes, default=[20, 100, 1000], metavar="N[,N…]")
    parser.add_argument("--seeds", type=at_least_one, default=1, metavar="N")
    parser.add_argument("--json", metavar="FILE")
    return parser.parse_args(words)


def main(words=None):
    chosen = options(words)
    try:
        before, now = (play(program, chosen.instances, chosen.seeds) for program in (chosen.before, chosen.now))
    except RuntimeError as failure:
        print(failure, file=sys.stderr)
        return 1
    compared = compare(before, now)
    written = json.dumps(as_json(compared, chosen.names, chosen.seeds), indent=2)
    if chosen.json == "-":
        print(written)
        return 0
    if chosen.json:
        Path(chosen.json).write_text(written + "\n")
    print("\n".join(table(compared, chosen.names)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
