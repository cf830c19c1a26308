"""A reverse proxy on 127.0.0.1: it records what goes through, and may delay a call."""

import http.client
import threading
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from .http import Request, Response, Server
from .programs import BOUND_SECONDS

# They are about one connection, and this server writes its own.
OF_A_CONNECTION = {"connection", "content-length", "date", "keep-alive", "transfer-encoding"}


@dataclass
class Exchange:
    """A request, and what came back for it."""

    request: Request
    response: Response

    @property
    def principal(self):
        """The access key that signed it."""
        _, _, credential = self.request.headers.get("authorization", "").partition("Credential=")
        return credential.split("/")[0]


def operation(request):
    """Its AWS operation, whichever of the two protocols it speaks."""
    target = request.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    return parse_qs(request.body.decode()).get("Action", ["?"])[0]


class Stall:
    """Holds up the next call of an operation, with `text` in its body: before it takes effect, or after."""

    def __init__(self, name, after, text):
        self.name, self.after, self.text = name, after, text.encode()
        self.reached = threading.Event()
        self.over = threading.Event()

    def here(self, request, after):
        meant = after == self.after and operation(request) == self.name and self.text in request.body
        if not meant or self.reached.is_set():
            return False
        self.reached.set()
        self.over.wait(BOUND_SECONDS)
        return True


class Proxy:
    """`upstream` may be set later, since a program that starts its own client wants the proxy's address first."""

    def __init__(self, upstream=None):
        self.upstream = upstream
        self.exchanges = []
        self.stalls = []
        self.renamed = []
        self.server = Server(self.respond)
        self.url = self.server.url

    def stall(self, name, after=False, text=""):
        """The next such call gets no answer until the stall is over, and then none from AWS."""
        self.stalls.append(Stall(name, after, text))
        return self.stalls[-1]

    def rename(self, near, far):
        """What is called `near` by those who call is called `far` behind the proxy."""
        self.renamed.append((near.encode(), far.encode()))

    def respond(self, request):
        if any(stall.here(request, after=False) for stall in self.stalls):
            return Response(503)
        response = self.forward(request)
        self.exchanges.append(Exchange(request, response))
        if any(stall.here(request, after=True) for stall in self.stalls):
            return Response(503)
        return response

    def forward(self, request):
        body = request.body
        for near, far in self.renamed:
            body = body.replace(near, far)
        headers = {name: value for name, value in request.headers.items() if name not in OF_A_CONNECTION}
        connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=BOUND_SECONDS)
        try:
            connection.request(request.method, request.path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        for near, far in self.renamed:
            text = text.replace(far, near)
        kept = tuple((name, value) for name, value in answer.getheaders() if name.lower() not in OF_A_CONNECTION)
        return Response(answer.status, text, kept)

    def close(self):
        for stall in self.stalls:
            stall.over.set()
        self.server.close()
