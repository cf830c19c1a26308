# shellcheck shell=bash
# Sourced from the project's root: tools of cargo, each in one version, installed under target/tools where they are missing.

TOOLS="$(mkdir -p "${CARGO_TARGET_DIR:-target}/tools" && cd "${CARGO_TARGET_DIR:-target}/tools" && pwd)"
PATH="$PATH:$TOOLS/bin"

# tool NAME VERSION FLAG...: have the tool, or install it with these flags; some minutes, once.
tool() {
    local name="$1" version="$2"
    shift 2
    command -v "$name" > /dev/null || cargo install --quiet --locked --root "$TOOLS" "$name@$version" "$@"
}
