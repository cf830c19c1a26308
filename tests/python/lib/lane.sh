# Sourced by the lanes: an environment for each lane's own tools, and nothing of the caller's AWS.

unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_CA_BUNDLE
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
export AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null

# Ends the lane with success: its prerequisites are missing, which says nothing about the project.
skip() { echo "SKIP $1: $2"; exit 0; }

# tools NAME: bring .venv-NAME up to tests/python/requirements-NAME.txt. Does nothing if it already is.
tools() {
    local venv=".venv-$1" requirements="tests/python/requirements-$1.txt" stamp
    stamp="$(python3 --version) $(sha256sum < "$requirements")"
    [[ "$(cat "$venv/.stamp" 2>/dev/null)" == "$stamp" ]] && return
    rm -rf "$venv"
    python3 -m venv "$venv" || skip "$1" "python3 lacks the venv module (Debian: apt-get install python3-venv)"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$requirements" ||
        skip "$1" "its packages cannot be installed"
    echo '*' > "$venv/.gitignore" # as newer versions of venv do by themselves
    echo "$stamp" > "$venv/.stamp"
    echo "installed $(grep -c == "$requirements") packages into $venv"
}

# lane NAME: run its tests. The drivers use the tools of all tests.
lane() {
    [[ -x .venv/bin/python ]] || scripts/python-tools
    PYTHONPATH=tests/python .venv/bin/python -m lib "$1"
}
