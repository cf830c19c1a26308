"""An application whose last act is a burst of lines: it logs one line at its start, and the burst after its SIGTERM.

Arguments: where the lines go (`stdout`, or the port of a log router), the name in its lines, the number of lines of the
burst, and a file that gets the number of lines that were written. It ends as soon as the kernel has taken the last
line, as applications do: it does not learn whether the router has read them.
"""

import signal
import socket
import sys

LINE_BYTES = 200


def writer(destination):
    if destination == "stdout":
        return sys.stdout.buffer
    return socket.create_connection(("127.0.0.1", int(destination))).makefile("wb")


def line(header, name, number):
    text = f"{header}{name} line {number} "
    return text.ljust(LINE_BYTES - 1, "x").encode() + b"\n"


def main():
    destination, name, burst, written = sys.argv[1:]
    # From here on the signal waits until it is asked for.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    # A log driver makes a header of its own.
    header = "" if destination == "stdout" else "<14>Jan  1 00:00:00 app app: "
    out = writer(destination)
    out.write(line(header, name, 0))
    out.flush()
    signal.sigwait({signal.SIGTERM})
    for number in range(1, int(burst) + 1):
        out.write(line(header, name, number))
    out.flush()
    with open(written, "w", encoding="ascii") as file:
        file.write(str(int(burst) + 1))


if __name__ == "__main__":
    main()
