"""An application that logs a line over TCP every 40 ms, and goes on for six seconds after its SIGTERM.

Arguments: port of the log router, and a file that gets the number of every line that was emitted. A line that the
router refuses is lost, as with any logging library that must not block its program. At its end it closes in order: all
that was accepted is read before the connection is gone. So what is missing on disk was lost by the router's stop.
"""

import signal
import socket
import sys
import time

EVERY = 0.04
AFTER_SIGTERM = 6.0
CLOSE_WITHIN = 10.0


class Connection:
    """A connection to the router. If it broke, it is opened again at the next line."""

    def __init__(self, port):
        self.address = ("127.0.0.1", port)
        self.socket = None

    def send(self, line):
        try:
            if self.socket is None:
                self.socket = socket.create_connection(self.address, timeout=1)
            self.socket.sendall(line.encode())
        except OSError:
            self.socket = None

    def close(self):
        """Says that nothing more comes, and waits until the router has read it all and closes too."""
        if self.socket is None:
            return
        try:
            self.socket.shutdown(socket.SHUT_WR)
            self.socket.settimeout(CLOSE_WITHIN)
            while self.socket.recv(4096):
                pass
        except OSError:
            pass


def main():
    port, journal = int(sys.argv[1]), sys.argv[2]
    end = []
    signal.signal(signal.SIGTERM, lambda *_: end or end.append(time.monotonic() + AFTER_SIGTERM))
    connection, number = Connection(port), 0
    with open(journal, "w", encoding="ascii", buffering=1) as emitted:
        while not end or time.monotonic() < end[0]:
            connection.send(f"<14>Jan  1 00:00:00 app app: line {number}\n")
            emitted.write(f"{number}\n")
            number += 1
            time.sleep(EVERY)
    connection.close()


if __name__ == "__main__":
    main()
