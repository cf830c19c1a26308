# Every task of this repository. `just` lists them; each recipe is one command, so you can also run it without just.
#
# A test compares this file with .ci/run and scripts/test: each of their steps has its recipe here.

[private]
default:
    @just --list --unsorted

# --- Every change

# The decision tests: 40 crates, no AWS SDK, no C compiler. Run this first.
core:
    cargo test -p protector-core

# Format all sources.
fmt:
    cargo fmt --all
    cargo fmt --manifest-path fuzz/Cargo.toml

# Check the format.
fmt-check:
    cargo fmt --all --check
    cargo fmt --manifest-path fuzz/Cargo.toml --check

# Clippy with the strict lints of the workspace; the core also has its own.
clippy:
    cargo clippy --workspace --all-targets -- -D warnings

# The documentation of all crates, without a warning.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --lib --bins --examples

# Links, rules, words and versions of all documents. Needs Python alone.
docs-check:
    scripts/docs-check

# Everything that a change must pass. Reports what this machine lacks as SKIP.
ci:
    .ci/run

# --- Tests

# Every test except the slow ones below: about four minutes after the build.
test:
    scripts/test

# All Rust tests, those of one program beside those of another. `just rust p4_` runs those of a promise.
rust *FILTER:
    scripts/rust-tests {{FILTER}}

# The same, with one process for each test (needs cargo-nextest). `just nextest p4_` runs those of a promise.
nextest *FILTER:
    cargo build --workspace --bins
    cargo nextest run --workspace {{FILTER}}

# boto3 against the local AWS.
wire-test:
    scripts/wire-test

# The real programs against moto.
moto-test:
    scripts/moto-test

# The coordinator in Lambda's own emulator.
rie-test:
    scripts/rie-test

# The commands of the documentation, by the AWS CLI.
cli-test:
    scripts/cli-test

# Template, permissions, Terraform module, examples.
deploy-check:
    scripts/deploy-check

# The Dockerfile, by hadolint.
hadolint:
    .venv/bin/hadolint Dockerfile

# Licences, bans and sources of all dependencies.
dependencies:
    scripts/check-dependencies

# --- Slower tests

# Ten seconds for each fuzz target. Arguments as in `just fuzz --seconds 300 --keep events`.
fuzz *ARGS:
    scripts/fuzz {{ARGS}}

# The stack in an emulator.
stack-test:
    scripts/stack-test

# The image in a container engine. Needs root and a Debian-based system.
container-test:
    scripts/container-test

# Both programs for arm64.
arm64:
    scripts/build-arm64

# Drains with programs of two versions.
skew-test *REV:
    scripts/skew-test {{REV}}

# The same fleets with an earlier coordinator and with this one: ratios.
compare-fleets *ARGS:
    scripts/compare-fleets {{ARGS}}

# Does a test of the core notice each small change? Half an hour.
mutants *ARGS:
    scripts/mutants {{ARGS}}

# --- Run it

# A drain with and without the protector.
demo *ARGS:
    scripts/demo {{ARGS}}

# A fleet that drains at once, as in `just simulate --instances 400`.
simulate *ARGS:
    cargo ctl simulate {{ARGS}}

# Size, memory and start of both programs, beside their budgets.
measure *ARGS:
    scripts/measure {{ARGS}}

# --- Release

# The zip of the coordinator for this machine.
coordinator:
    scripts/build-coordinator

# The static binary of the sidecar for this machine.
sidecar:
    scripts/build-sidecar

# Both programs for both processors, with checksums and bills of materials, in dist/.
release:
    scripts/release
