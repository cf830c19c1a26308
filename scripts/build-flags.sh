# shellcheck shell=bash
# Sourced by the build scripts from the project's root: flags of rustc for what is released.

# reproducible FLAG...: build with these flags, and leave this machine's folders out of the program. Panic messages
# name source files, so without this the place of the clone and of the crates would be part of the program.
reproducible() {
    local flags=("$@" "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" "--remap-path-prefix=$PWD=/src")
    CARGO_ENCODED_RUSTFLAGS="$(IFS=$'\x1f' && echo "${flags[*]}")"
    export CARGO_ENCODED_RUSTFLAGS
}
