#!/usr/bin/env bash
# What surprises: rsyslog ends with exit code 0 at SIGTERM and drops most of what its TCP input has accepted, without a word.
#
# Versions: rsyslog 8.2302.0 (Debian 12, by apt-get; nothing is installed). Needs Python 3.
# Expected: at SIGTERM it processes what was sent to it, for up to the ten seconds that `queue.timeoutShutdown` gives here.
#   The reference (Queue Parameters) says that a queue which still contains messages waits that long for its worker.
# Seen: of 20,000 messages that the kernel has acknowledged to the sender, 700 to 3,200 are in the file. The exit code
#   is 0 after 10 to 30 ms, and no line says that anything is missing. With SIGTERM one second later all are there.
# Who meets it: a log router that is stopped together with its applications, which write most at their end: as a daemon on
#   ECS or in a pod.
# Publicly known: that a sender over plain TCP cannot know what arrives: https://github.com/rsyslog/rsyslog/issues/5690 . No
#   report of what the receiver drops at its own end found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get -o APT::Sandbox::User=root download --quiet=2 rsyslog=8.2302.0-1+deb12u2 libestr0=0.1.11-1 libfastjson4=1.2304.0-1)
for package in "$work"/*.deb; do dpkg-deb --extract "$package" "$work/root"; done

python3 - "$work" <<'PYTHON'
import glob
import os
import signal
import socket
import subprocess
import sys
import time

work = sys.argv[1]
MESSAGES = 20_000
(libraries,) = glob.glob(f"{work}/root/usr/lib/*-linux-gnu")
program = f"{work}/root/usr/sbin/rsyslogd"
environment = {**os.environ, "LD_LIBRARY_PATH": libraries}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def connected(port):
    end = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def written(pause):
    """How many messages are in the file when SIGTERM comes so many seconds after the last; and the exit code."""
    port, out, config = free_port(), f"{work}/out-{pause}", f"{work}/config-{pause}"
    with open(config, "w") as file:
        file.write(
            'module(load="imtcp")\n'
            'main_queue(queue.timeoutShutdown="10000")\n'
            f'input(type="imtcp" port="{port}" address="127.0.0.1")\n'
            f'*.* action(type="omfile" file="{out}")\n'
        )
    command = [program, "-n", "-f", config, "-i", f"{work}/pid-{pause}", "-M", f"{libraries}/rsyslog"]
    router = subprocess.Popen(command, env=environment)
    with connected(port) as application:
        text = b"<13>Jan  1 00:00:00 host application: " + b"x" * 150
        application.sendall(b"".join(b"%s %d\n" % (text, number) for number in range(MESSAGES)))
        time.sleep(pause)
        router.send_signal(signal.SIGTERM)
        code = router.wait(60)
    with open(out) as file:
        return sum(1 for _ in file), code


print(subprocess.run([program, "-v"], env=environment, capture_output=True, text=True).stdout.splitlines()[0])
at_once, later = written(0), written(1)
print(f"{MESSAGES} messages sent, then SIGTERM at once: {at_once[0]} written, exit code {at_once[1]}")
print(f"{MESSAGES} messages sent, and SIGTERM 1 s later: {later[0]} written, exit code {later[1]}")
if at_once[0] > MESSAGES * 3 // 4 or at_once[1] or later != (MESSAGES, 0):
    sys.exit("changed: rsyslog writes what it has accepted, or reports that it does not")
PYTHON
