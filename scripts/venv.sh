# shellcheck shell=bash
# Sourced from the project's root: environments of Python, each with the packages that a file pins.

UV=0.13.9

# By Python itself: not every machine has sha256sum.
STAMP='import hashlib, sys; print(sys.version.split()[0], hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())'

# venv FOLDER REQUIREMENTS: bring it up to them. Does nothing if it already is.
venv() {
    local stamp
    stamp="$(python3 -c "$STAMP" "$2")" || return
    [[ "$(cat "$1/.stamp" 2> /dev/null)" != "$stamp" ]] || { echo "$1 is up to date"; return 0; }
    # One chain: within a step, bash does not stop at a failure by itself.
    { by_uv "$1" "$2" || by_pip "$1" "$2"; } \
        && echo "$stamp" > "$1/.stamp" && echo "installed $(grep -c == "$2") packages into $1"
}

# In two seconds, of which pip makes a minute. But uv knows nothing of pip's configuration, such as a mirror: no word of
# what stops it, since pip then tries.
by_uv() {
    if [[ "$(.venv-uv/bin/uv --version)" != "uv $UV"* ]]; then
        python3 -m venv --clear .venv-uv && pip_install .venv-uv "uv==$UV"
    fi
    python3 -m venv --clear --without-pip "$1" \
        && .venv-uv/bin/uv pip install --quiet --python "$1/bin/python" --no-deps --requirement "$2"
} 2> /dev/null

by_pip() {
    python3 -m venv --clear "$1" || { echo "python3 lacks the venv module (Debian: python3-venv)" >&2; return 1; }
    pip_install "$1" --no-deps --requirement "$2"
}

pip_install() { "$1/bin/pip" install --quiet --disable-pip-version-check "${@:2}"; }
