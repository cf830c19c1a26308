"""What the lanes share: the real programs as processes, Lambda's Runtime API, the host of a sidecar, a proxy, events.

A lane runs the programs of this project, unchanged, against parts that others wrote. The servers under it are those of
scripts/measuring, which the scripts that run tests put on the path.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
