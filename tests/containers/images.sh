# shellcheck shell=bash
# Sourced by scripts/container-test: the images. Nothing can be pulled here, so the bases are made from Debian's
# packages and this machine's Rust; only the image under test is made from the project's own Dockerfile, unmodified.

BASE=local/debian:bookworm-slim
WORKLOAD=local/workload
IMAGE=ecs-daemon-protector:under-test

# What the build containers need of this machine to reach package registries.
build() {
    local arguments=() name
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [[ ! -v "$name" ]] || arguments+=(--build-arg "$name")
    done
    "$DOCKER" build --network host "${arguments[@]}" "$@" > "$STATE/build.log" 2>&1 \
        || { tail -n 60 "$STATE/build.log" >&2; return 1; }
}

# has IMAGE [WORTH]: is it there, and made from the same?
has() {
    local made
    made="$("$DOCKER" image inspect --format '{{index .Config.Labels "made-from"}}' "$1" 2> /dev/null)" || return 1
    [[ "$made" == "${2:-}" ]]
}

# The smallest Debian. It trusts whom this machine trusts: the registries may be behind a proxy with its own authority.
base_image() {
    has "$BASE" && return
    local mirror root="$STATE/root"
    mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Release: bookworm' 'Created-By: Packages' | sed -n 1p)"
    echo "making $BASE"
    debootstrap --variant=minbase --include=ca-certificates bookworm "$root" ${mirror:+"$mirror"} \
        > "$STATE/debootstrap.log" 2>&1 \
        || skip "debootstrap cannot make a base image: $(tail -n 1 "$STATE/debootstrap.log")"
    cp "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$root/etc/ssl/certs/ca-certificates.crt"
    tar --create --directory "$root" . | "$DOCKER" import --change 'LABEL made-from=' - "$BASE" > /dev/null
    rm -rf "$root"
}

# What stands in for the image that the Dockerfile starts from: this machine's toolchain, under that image's name. It has
# no rustup, so the standard library for musl is there before.
rust_image() {
    local name rust
    has_library "$(uname -m)-unknown-linux-musl" || skip "rustup cannot download the standard library for musl"
    name="$(sed -n 's/^ARG RUST_IMAGE=//p' Dockerfile)"
    rust="$(rustc --version), musl"
    has "$name" "$rust" && return
    echo "making $name from $rust"
    build --file tests/containers/images/rust.Dockerfile --label "made-from=$rust" --tag "$name" \
        "$(rustc --print sysroot)"
}

# The log router and the application.
workload_image() {
    local recipe=tests/containers/images/workload.Dockerfile
    has "$WORKLOAD" "$(sha256sum < "$recipe")" && return
    echo "making $WORKLOAD"
    build --label "made-from=$(sha256sum < "$recipe")" --tag "$WORKLOAD" - < "$recipe"
}

# The image under test. The labels about its sources come from git, if this is a clone.
image_under_test() {
    REVISION="$(git rev-parse HEAD 2> /dev/null || echo unknown)"
    CREATED="$(git show --no-patch --format=%cI HEAD 2> /dev/null || echo 1970-01-01T00:00:00Z)"
    export REVISION CREATED IMAGE
    echo "building the Dockerfile"
    build --tag "$IMAGE" --build-arg SOURCE=local --build-arg "REVISION=$REVISION" --build-arg "CREATED=$CREATED" "$@" .
}

# What older sources have left in the build cache goes: it would grow with every change.
prune_cache() { "$DOCKER" builder prune --force --keep-storage 4GB > /dev/null 2>&1 || true; }
