#!/usr/bin/env bash
# What surprises: the AWS SDK for Rust does not try again when the ECS agent answers 429 to a question for credentials.
#
# Versions: aws-config 1.13.0 (aws-smithy-http-client 1.5.2), botocore 1.44.8 beside it. Needs cargo and a C compiler.
# Expected: another try after a pause. The agent limits its endpoints and answers 429 above the limit (ECS Developer
#   Guide, container agent configuration, ECS_TASK_METADATA_RPS_LIMIT: 40 a second, bursts of 60); 429 means
#   "later", and the provider does try again after 503. botocore's provider tries again after every answer but 200.
# Seen: requests for one question: Rust 503: 3, Rust 429: 1, botocore 429: 3. The call that wanted to be signed fails.
# Who meets it: tasks in host network mode, which share one limit with all other host tasks of the instance.
# Publicly known: for Ruby: https://github.com/aws/containers-roadmap/issues/2757 . No report for Rust found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet botocore==1.44.8

mkdir "$work/src"
cat > "$work/Cargo.toml" <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
aws-config = { version = "=1.13.0", default-features = false, features = ["rt-tokio"] }
aws-credential-types = "1"
aws-smithy-http-client = { version = "=1.5.2", features = ["default-client"] }
tokio = { version = "1", features = ["macros", "rt"] }
TOML
cat > "$work/src/main.rs" <<'RUST'
//! Asks the endpoint of AWS_CONTAINER_CREDENTIALS_FULL_URI for credentials, once.
use aws_config::{ecs::EcsCredentialsProvider, provider_config::ProviderConfig, Region};
use aws_credential_types::provider::ProvideCredentials;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let config = ProviderConfig::without_region()
        .with_region(Some(Region::from_static("us-east-1")))
        .with_http_client(aws_smithy_http_client::Builder::new().build_http());
    let provider = EcsCredentialsProvider::builder().configure(&config).build();
    assert!(provider.provide_credentials().await.is_err());
}
RUST
CARGO_TARGET_DIR="$work/target" CARGO_INCREMENTAL=0 cargo build --quiet --manifest-path "$work/Cargo.toml"

cat > "$work/python.py" <<'PYTHON'
from botocore.exceptions import CredentialRetrievalError
from botocore.session import get_session

try:
    get_session().get_credentials()
except CredentialRetrievalError:
    raise SystemExit(0)
raise SystemExit("there were credentials")
PYTHON

"$work/venv/bin/python" - "$work" <<'PYTHON'
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

work = sys.argv[1]


def requests(status, *program):
    """How often the program asks an endpoint on loopback that always answers so."""
    asked = []

    class Agent(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Agent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        settings = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{server.server_port}/role",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        subprocess.run(program, env=kept | settings, check=True, timeout=60)
        server.shutdown()
    return len(asked)


rust = f"{work}/target/debug/finding"
seen = {
    "aws-config 1.13.0, 503": requests(503, rust),
    "aws-config 1.13.0, 429": requests(429, rust),
    "botocore 1.44.8, 429": requests(429, sys.executable, f"{work}/python.py"),
}
for what, count in seen.items():
    print(f"{what}: {count} request(s)")
sys.exit(0 if list(seen.values()) == [3, 1, 3] else "changed: other numbers of requests")
PYTHON
