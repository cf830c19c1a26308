"""A log router that reads slowly: so many lines a second from each connection, and not one more.

Arguments: what comes in (`lines`, or `forward`: the protocol of Fluentd and Fluent Bit), port, lines a second, and the
file that the lines go to. What it has not read stays in the sockets, and is lost when SIGTERM ends it, which is at once.
Being scheduled late makes it no slower: it makes up for that.
"""

import os
import select
import signal
import socket
import sys
import threading
import time

CHUNK_BYTES = 4096


class Pace:
    """So many lines a second, counted from the moment at which there was something to read again."""

    def __init__(self, lines_per_second):
        self.seconds = 1 / lines_per_second
        self.due = time.monotonic()

    def restart(self):
        self.due = time.monotonic()

    def take(self, lines):
        self.due += lines * self.seconds
        time.sleep(max(0.0, self.due - time.monotonic()))


class Lines:
    """Text, a line at a time."""

    def __init__(self):
        self.rest = b""

    def whole(self, chunk):
        *whole, self.rest = (self.rest + chunk).split(b"\n")
        return whole


class Forward:
    """Messages of the forward protocol, one for each line, as Docker's `fluentd` driver sends them.

    <https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1>: an array of tag, time and record. The line
    is the member `log` of the record.
    """

    def __init__(self):
        import msgpack

        self.unpacker = msgpack.Unpacker()

    def whole(self, chunk):
        self.unpacker.feed(chunk)
        return [record["log"].encode() for _, _, record, *_ in self.unpacker]


FORMATS = {"lines": Lines, "forward": Forward}


def read(connection, pace, source, file):
    """Whole lines only: several connections write into one file."""
    while True:
        waiting, _, _ = select.select([connection], [], [], 0)
        chunk = connection.recv(CHUNK_BYTES)
        if not chunk:
            return
        if not waiting:
            pace.restart()
        whole = source.whole(chunk)
        file.write(b"".join(line + b"\n" for line in whole))
        pace.take(len(whole))


def main():
    format_of_lines, port, lines_per_second, path = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    with socket.create_server(("127.0.0.1", int(port))) as listener, open(path, "ab", buffering=0) as file:
        while True:
            connection, _ = listener.accept()
            arguments = (connection, Pace(float(lines_per_second)), FORMATS[format_of_lines](), file)
            threading.Thread(target=read, args=arguments, daemon=True).start()


if __name__ == "__main__":
    main()
