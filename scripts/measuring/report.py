"""Numbers beside their budgets."""

from dataclasses import dataclass

MEGABYTE = 1_000_000
UNITS = {
    "MB": lambda v: f"{v / MEGABYTE:.2f} MB",
    "kB": lambda v: f"{v / 1000:.0f} kB",
    "ms": lambda v: f"{v * 1000:.2f} ms",
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
        base = "seconds" if self.unit == "ms" else "bytes"
        return {"name": self.name, "value": self.value, "budget": self.budget, "unit": base, "ok": self.ok}


def table(lines):
    width = max(len(line.name) for line in lines)
    yield f"{'':{width}}  {'measured':>10}  {'budget':>10}"
    for line in lines:
        verdict = "ok" if line.ok else "OVER"
        yield f"{line.name:{width}}  {line.text(line.value):>10}  {line.text(line.budget):>10}  {verdict}"
