# shellcheck shell=bash
# Sourced by the build scripts from the project's root: how a program that is released is compiled and linked.

# The C library is musl, which is linked statically: no loader, no shared C library, and no file of the machine that says
# how names are resolved (nsswitch.conf). On x86-64 the GNU one asks the processor 68 times what it is before a program
# begins, and in a virtual machine each such question is the hypervisor's to answer: a fifth of the CPU of a sidecar's
# start, twice. It is also three times as large.

# has_library TARGET: the toolchain has the standard library of a target, or rustup brings it.
has_library() {
    [[ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]] || rustup target add "$1" >&2 || {
        echo "Rust's standard library for $1 is missing: rustup target add $1" >&2
        return 1
    }
}

# release_build PACKAGE PROGRAM PROCESSOR FLAG...: build a program, linked with these flags of rustc; print its path.
#
# The flags go to the last step alone, the optimisation and linking of the whole program. All others are the same for
# both programs, and so are target, profile and features (see crates/sidecar/Cargo.toml): what one of them has compiled
# the other need not.
#
# With AUDITABLE the program has a list of its crates in a section of its own, which cargo-auditable writes.
release_build() {
    local package="$1" program="$2" processor="$3" target="$3-unknown-linux-musl" compiler=cc
    shift 3
    has_library "$target" || return
    [[ "$processor" == "$(uname -m)" ]] || compiler="$processor-linux-gnu-gcc"
    # At a fixed address a program has no relocations to write at start. And no folder of this machine is part of it:
    # panic messages name source files, so the place of the clone and of the crates would be in the program.
    local flags=(-Crelocation-model=static
        "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" "--remap-path-prefix=$PWD=/src")
    # The C of ring needs no C library, so the compiler of another one serves. Some distributions have theirs replace
    # functions of the GNU library by its checked ones, which musl does not have.
    env "CC_${target//-/_}=$compiler" "CFLAGS_${target//-/_}=-U_FORTIFY_SOURCE" \
        "CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${flags[*]}")" \
        cargo ${AUDITABLE:+auditable} rustc ${CI:+--locked} --release --target "$target" --package "$package" \
        --bin "$program" -- -Clinker=rust-lld "$@" >&2
    echo "${CARGO_TARGET_DIR:-target}/$target/release/$program"
}
