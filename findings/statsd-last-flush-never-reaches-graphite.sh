#!/usr/bin/env bash
# What surprises: statsd flushes a last time at SIGTERM, but Graphite, its default backend, gets nothing of that.
#
# Versions: statsd 0.9.0.
# Expected: all backends get the open interval. At SIGTERM statsd exits, and flushes in a handler of the event `exit`;
#   statsd/statsd#501 was answered with "It will always flush before it stops".
# Seen: the console backend prints the counter of the open interval, and the Graphite backend beside it gets nothing: it
#   writes once its connection is made, and after the event `exit` Node.js makes none. The exit code is 0.
# Who meets it: everyone who stops it as systemd, Docker, Kubernetes and ECS do: up to ten seconds of metrics are lost by
#   default, among them the last ones of applications that stop with it.
# Publicly known: no report found. https://github.com/statsd/statsd/issues/501 asks for a last flush, and was closed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --omit=optional --prefix "$work" statsd@0.9.0 >&2

python3 - "$work/node_modules/statsd" "$work" <<'PYTHON'
import json
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time

statsd, work = sys.argv[1:]


class Graphite(socketserver.StreamRequestHandler):
    """Keeps every line that it gets."""

    received = []

    def handle(self):
        self.received += [line.decode() for line in self.rfile]


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def counters(port):
    """What the server has counted in the open interval, by its own interface for operators."""
    with socket.create_connection(("127.0.0.1", port)) as console:
        console.sendall(b"counters\n")
        text = b""
        while b"END" not in text:
            text += console.recv(4096)
    return text.decode()


def until(what, find):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            if find():
                return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit(f"changed: not within 10 s: {what}")


def flushed(graphite, milliseconds, pause):
    """Which backends get a counter when SIGTERM comes `pause` seconds later: console, Graphite; and the exit code."""
    port, operators = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
    config = {
        **{"address": "127.0.0.1", "port": port, "mgmt_address": "127.0.0.1", "mgmt_port": operators},
        **{"graphiteHost": "127.0.0.1", "graphitePort": graphite, "flushInterval": milliseconds},
        "backends": ["./backends/console", "./backends/graphite"],
    }
    with open(f"{work}/config.js", "w") as file:
        file.write(json.dumps(config))
    Graphite.received.clear()
    command = ["node", f"{statsd}/stats.js", f"{work}/config.js"]
    server = subprocess.Popen(command, cwd=statsd, stdout=subprocess.PIPE, text=True)
    until("the server listens", lambda: counters(operators))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as application:
        application.sendto(b"orders:7|c", ("127.0.0.1", port))
    until("the server has the counter", lambda: "orders: 7" in counters(operators))
    time.sleep(pause)
    server.send_signal(signal.SIGTERM)
    output, _ = server.communicate(timeout=10)
    time.sleep(1)
    received = any("orders" in line and " 7 " in line for line in Graphite.received)
    return "orders: 7" in output, received, server.returncode


with open(f"{statsd}/package.json") as file:
    print("statsd", json.load(file)["version"])
with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Graphite) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found = {
        "in the open interval": flushed(server.server_address[1], 10_000, 0),
        "after the interval": flushed(server.server_address[1], 2_000, 3),
    }
    server.shutdown()
for when, (console, graphite, code) in found.items():
    print(f"SIGTERM {when}: console has the counter: {console}, Graphite: {graphite}, exit code {code}")
if list(found.values()) != [(True, False, 0), (True, True, 0)]:
    sys.exit("changed: the last flush reaches Graphite")
PYTHON
