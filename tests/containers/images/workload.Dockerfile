# A real log router, and what an application needs.
FROM local/debian:bookworm-slim
# hadolint ignore=DL3008 # thrown away; what Debian has today is right
RUN apt-get update && apt-get install -y --no-install-recommends python3-minimal python3-msgpack rsyslog && rm -rf /var/lib/apt/lists/*
