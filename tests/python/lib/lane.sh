# shellcheck shell=bash
# Sourced by the lanes: an environment for each lane's own tools, and nothing of the caller's AWS.

source scripts/environment.sh
scripts/python-tools

# Ends the lane with success: its prerequisites are missing, which says nothing about the project.
skip() { echo "SKIP $1: $2"; exit 0; }

# tools NAME: those of tests/python/requirements-NAME.txt, in .venv-NAME.
tools() { scripts/python-tools "$1" || skip "$1" "its packages cannot be installed"; }

# python ARGUMENT...: that of the tools of all tests, which the drivers use.
python() { PYTHONPATH=tests/python .venv/bin/python "$@"; }

# lane NAME: run its tests.
lane() { python -m lib "$1"; }
