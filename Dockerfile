# The sidecar: one static binary and a CA bundle, nothing else.
#
#   docker build -t ecs-daemon-protector .                                        # this machine's processor
#   docker buildx build --platform linux/amd64,linux/arm64 -t REPOSITORY/ecs-daemon-protector:0.1.0 --push .
#
# The same sources and the same base give the same files with the same times. No HEALTHCHECK: ECS does not read it, the
# health check is in the task definition.

# The base of the build stage. It needs rustup (or Rust with the standard library for musl), a C compiler, bash
# and a CA bundle.
ARG RUST_IMAGE=rust:1.95-slim-bookworm

FROM ${RUST_IMAGE} AS build
WORKDIR /src

# As in every CI: Cargo.lock is not changed.
ENV CARGO_INCREMENTAL=0 CI=true
COPY scripts/build-sidecar scripts/build-flags.sh scripts/no-unwind-tables.ld scripts/start-order.txt scripts/

# Dependencies first, in a layer of their own that lasts until a manifest changes: every crate of the workspace is
# replaced by an empty one, so that what is compiled is other people's code alone.
COPY Cargo.toml Cargo.lock ./
COPY crates/core/Cargo.toml crates/core/
COPY crates/runtime/Cargo.toml crates/runtime/
COPY crates/sidecar/Cargo.toml crates/sidecar/
COPY crates/coordinator/Cargo.toml crates/coordinator/
COPY crates/aws-model/Cargo.toml crates/aws-model/
COPY crates/local-aws/Cargo.toml crates/local-aws/
COPY crates/diagnosis/Cargo.toml crates/diagnosis/
COPY crates/sim/Cargo.toml crates/sim/
COPY crates/command-line/Cargo.toml crates/command-line/
COPY crates/demo/Cargo.toml crates/demo/
COPY crates/cli/Cargo.toml crates/cli/
COPY tests/Cargo.toml tests/
RUN for crate in crates/*; do mkdir -p "$crate/src" && : > "$crate/src/lib.rs"; done \
    && for crate in sidecar coordinator demo cli; do echo 'fn main() {}' > "crates/$crate/src/main.rs"; done \
    && mkdir -p tests/src tests/tests/all && : > tests/src/lib.rs && : > tests/tests/all/main.rs \
    && scripts/build-sidecar

# The real sources are newer than the empty ones, whatever times they carry here. All that the image has is laid out
# in /image, with one time for everything: then the layer is the same each time too.
COPY crates/core/src crates/core/src
COPY crates/runtime/src crates/runtime/src
COPY crates/sidecar/roots crates/sidecar/roots
COPY crates/sidecar/src crates/sidecar/src
ARG VERSION=0.1.0
ARG SOURCE_DATE_EPOCH=0
RUN find crates -name '*.rs' -exec touch {} + \
    && install -D -m 0755 "$(scripts/build-sidecar)" /image/ecs-daemon-protector \
    && install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
    && test "$(/image/ecs-daemon-protector --version)" = "ecs-daemon-protector ${VERSION}" \
    && find /image -depth -exec touch --date="@${SOURCE_DATE_EPOCH}" {} +

FROM scratch
# VERSION is that of the workspace; the build stage has asked the program. The others are the builder's to say.
ARG VERSION=0.1.0
ARG SOURCE=""
ARG REVISION=""
ARG CREATED=""
LABEL org.opencontainers.image.title="ecs-daemon-protector" \
      org.opencontainers.image.description="Keeps ECS daemons alive until their draining instance is released" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=build /image/ /
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["/ecs-daemon-protector"]
