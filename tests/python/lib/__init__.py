"""What the lanes share: the real programs as processes, Lambda's Runtime API, the host of a sidecar, a proxy, events.

A lane runs the programs of this project, unchanged, against parts that others wrote. scripts/measure uses `aws`, `http`,
`runtime_api`, `tls` and `wait`, which need the standard library alone.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
