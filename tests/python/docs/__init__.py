"""Checks of the documents. They need Python's standard library alone: no packages, no build."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
