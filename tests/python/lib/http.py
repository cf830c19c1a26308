"""A small HTTP/1.1 server on 127.0.0.1 over plain sockets, for the Lambda Runtime API and for the proxies of tests.

It is no AWS: that is the local AWS. Its own Runtime API does not serve here, since it starts the function itself, and what
is measured are the moments at which an event was handed out and answered, and a process that the test has started.

The standard library's http.server answers with several small packets, which costs more than what is measured here.
"""

import socket
import threading
from dataclasses import dataclass

ONE_CONNECTION = 65536


@dataclass
class Request:
    """A request. Header names are in lower case."""

    method: str
    path: str
    headers: dict
    body: bytes


@dataclass
class Response:
    """An answer. `headers` come besides the length."""

    status: int = 200
    body: bytes = b""
    headers: tuple = ()

    def wire(self):
        lines = [f"HTTP/1.1 {self.status} -", f"content-length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def parse(head, body):
    first, *rest = head.decode().split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    return Request(method, path, headers, body)


class Server:
    """Answers each request with what `respond(request)` gives, one thread for each connection."""

    def __init__(self, respond):
        self.respond = respond
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        """Ends the accepting thread too: closing alone would leave it waiting."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._answer_all(connection)
        except OSError:
            pass  # the program has ended, or has been killed: the server ignores that
        finally:
            connection.close()

    def _answer_all(self, connection):
        pending = b""
        while True:
            while b"\r\n\r\n" not in pending:
                chunk = connection.recv(ONE_CONNECTION)
                if not chunk:
                    return
                pending += chunk
            head, _, pending = pending.partition(b"\r\n\r\n")
            request = parse(head, b"")
            request.body, pending = self._body(connection, request, pending)
            connection.sendall(self.respond(request).wire())

    def _body(self, connection, request, pending):
        if request.headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunked(connection, pending)
        length = int(request.headers.get("content-length", 0))
        while len(pending) < length:
            pending += connection.recv(ONE_CONNECTION)
        return pending[:length], pending[length:]

    def _chunked(self, connection, pending):
        body = b""
        while True:
            while b"\r\n" not in pending:
                pending += connection.recv(ONE_CONNECTION)
            size, _, pending = pending.partition(b"\r\n")
            size = int(size, 16)
            while len(pending) < size + 2:
                pending += connection.recv(ONE_CONNECTION)
            body, pending = body + pending[:size], pending[size + 2 :]
            if size == 0:
                return body, pending
