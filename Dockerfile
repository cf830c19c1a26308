# The sidecar: one static binary and a CA bundle, nothing else.
#
#   docker build -t ecs-daemon-protector .                                        # this machine's processor
#   docker buildx build --platform linux/amd64,linux/arm64 -t REPOSITORY/ecs-daemon-protector:0.1.0 --push .

# The base of the build stage. It needs Rust, a C compiler and a CA bundle.
ARG RUST_IMAGE=rust:1.95-slim-bookworm

FROM ${RUST_IMAGE} AS build
ARG TARGETARCH
WORKDIR /src

# Flags as in scripts/build-sidecar: static, at a fixed address, without unwind tables where the linker can leave them
# out. The GNU target is in every toolchain.
ENV CARGO_INCREMENTAL=0
COPY scripts/no-unwind-tables.ld /
RUN flags="-C target-feature=+crt-static -C relocation-model=static"; \
    case "${TARGETARCH:-$(uname -m)}" in \
        amd64 | x86_64) target=x86_64; flags="$flags -C link-arg=-Wl,-T,/no-unwind-tables.ld" ;; \
        arm64 | aarch64) target=aarch64 ;; \
        *) echo "no build for ${TARGETARCH}" >&2; exit 1 ;; \
    esac; \
    echo "$target-unknown-linux-gnu" > /target; echo "$flags" > /flags

# Dependencies first, in a layer of their own that lasts until a manifest changes: every crate of the workspace is
# replaced by an empty one, so that what is compiled is other people's code alone.
COPY Cargo.toml Cargo.lock ./
COPY crates/core/Cargo.toml crates/core/
COPY crates/sidecar/Cargo.toml crates/sidecar/
COPY crates/coordinator/Cargo.toml crates/coordinator/
COPY crates/local-aws/Cargo.toml crates/local-aws/
COPY crates/cli/Cargo.toml crates/cli/
COPY tests/Cargo.toml tests/
RUN for crate in crates/*; do mkdir -p "$crate/src" && : > "$crate/src/lib.rs"; done \
    && for crate in sidecar coordinator cli; do echo 'fn main() {}' > "crates/$crate/src/main.rs"; done \
    && mkdir -p tests/src tests/tests/all && : > tests/src/lib.rs && : > tests/tests/all/main.rs \
    && RUSTFLAGS="$(cat /flags)" cargo build --locked --profile sidecar --target "$(cat /target)" --package protector-sidecar

# The real sources are newer than the empty ones, whatever times they carry here.
COPY crates/core/src crates/core/src
COPY crates/sidecar/src crates/sidecar/src
RUN find crates -name '*.rs' -exec touch {} + \
    && RUSTFLAGS="$(cat /flags)" cargo build --locked --profile sidecar --target "$(cat /target)" --package protector-sidecar \
    && cp "target/$(cat /target)/sidecar/ecs-daemon-protector" /ecs-daemon-protector

FROM scratch
LABEL org.opencontainers.image.title="ecs-daemon-protector" \
      org.opencontainers.image.description="Keeps ECS daemons alive until their draining instance is released" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /ecs-daemon-protector /ecs-daemon-protector
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["/ecs-daemon-protector"]
