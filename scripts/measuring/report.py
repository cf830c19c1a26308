"""Numbers beside their budgets."""

from dataclasses import dataclass

MEGABYTE = 1_000_000
UNITS = {
    "MB": lambda v: f"{v / MEGABYTE:.2f} MB",
    "kB": lambda v: f"{v / 1000:.0f} kB",
    "ms": lambda v: f"{v * 1000:.2f} ms",
    "s": lambda v: f"{v:.0f} s",
}


@dataclass
class Line:
    """One measured quantity: bytes or seconds."""

    name: str
    value: float
    budget: float
    unit: str

    @property
    def ok(self):
        return self.value <= self.budget

    def text(self, quantity):
        return UNITS[self.unit](quantity)

    def json(self):
        base = "seconds" if self.unit in ("ms", "s") else "bytes"
        return {"name": self.name, "value": self.value, "budget": self.budget, "unit": base, "ok": self.ok}


def comparison(budgets, found):
    """Every quantity of every program, and the ratio of the first to the second."""
    names = list(found)
    rows = [["", *names, "ratio" if len(names) > 1 else ""]]
    for quantity, (_, unit) in budgets.items():
        values = [found[name].get(quantity) for name in names]
        texts = [UNITS[unit](value) if value is not None else "–" for value in values]
        ratio = f"{values[0] / values[1]:.2f}" if len(values) > 1 and values[0] is not None and values[1] else ""
        rows.append([quantity, *texts, ratio])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for first, *rest in rows:
        cells = (cell.rjust(width) for cell, width in zip(rest, widths[1:]))
        yield "  ".join([first.ljust(widths[0]), *cells]).rstrip()


def table(lines):
    width = max(len(line.name) for line in lines)
    yield f"{'':{width}}  {'measured':>10}  {'budget':>10}"
    for line in lines:
        verdict = "ok" if line.ok else "OVER"
        yield f"{line.name:{width}}  {line.text(line.value):>10}  {line.text(line.budget):>10}  {verdict}"
