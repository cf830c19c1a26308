# shellcheck shell=bash
# Sourced from the project's root: environments of Python, each with the packages that a file pins.

# venv FOLDER REQUIREMENTS: bring it up to them. Does nothing if it already is.
venv() {
    local stamp
    stamp="$(python3 --version) $(sha256sum < "$2")"
    [[ "$(cat "$1/.stamp" 2> /dev/null)" != "$stamp" ]] || return 0
    # One chain: within a step, bash does not stop at a failure by itself. Newer versions of venv ignore their folder.
    rm -rf "$1" && { python3 -m venv "$1" || { echo "python3 lacks the venv module (Debian: python3-venv)" >&2; false; }; } \
        && echo '*' > "$1/.gitignore" \
        && "$1/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$2" \
        && echo "$stamp" > "$1/.stamp" && echo "installed $(grep -c == "$2") packages into $1"
}
