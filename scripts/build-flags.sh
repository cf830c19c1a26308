# shellcheck shell=bash
# Sourced by the build scripts from the project's root: how a program that is released is compiled and linked.

# release_build PACKAGE PROGRAM PROCESSOR FLAG...: build a program, linked with these flags of rustc; print its path.
#
# The flags go to the last step alone, the optimisation and linking of the whole program. All others are the same for
# both programs, and so are target, profile and features (see crates/sidecar/Cargo.toml): what one of them has compiled
# the other need not.
#
# With AUDITABLE the program has a list of its crates in a section of its own, which cargo-auditable writes.
release_build() {
    local package="$1" program="$2" target="$3-unknown-linux-gnu"
    shift 3
    # At a fixed address a program has no relocations to write at start. And no folder of this machine is part of it:
    # panic messages name source files, so the place of the clone and of the crates would be in the program.
    local flags=(-Crelocation-model=static
        "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" "--remap-path-prefix=$PWD=/src")
    CARGO_ENCODED_RUSTFLAGS="$(IFS=$'\x1f' && echo "${flags[*]}")" \
        cargo ${AUDITABLE:+auditable} rustc ${CI:+--locked} --release --target "$target" --package "$package" --bin "$program" -- "$@" >&2
    echo "${CARGO_TARGET_DIR:-target}/$target/release/$program"
}
