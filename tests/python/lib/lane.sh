# Sourced by the lanes: an environment for each lane's own tools, and nothing of the caller's AWS.

source scripts/no-account.sh
source scripts/venv.sh

# Ends the lane with success: its prerequisites are missing, which says nothing about the project.
skip() { echo "SKIP $1: $2"; exit 0; }

# tools NAME: bring .venv-NAME up to tests/python/requirements-NAME.txt.
tools() {
    venv ".venv-$1" "tests/python/requirements-$1.txt" || skip "$1" "its packages cannot be installed"
}

# python ARGUMENT...: that of the tools of all tests, which the drivers use.
python() {
    [[ -x .venv/bin/python ]] || scripts/python-tools
    PYTHONPATH=tests/python .venv/bin/python "$@"
}

# lane NAME: run its tests.
lane() { python -m lib "$1"; }
