"""How the scripted CSMS treats opening handshakes: takes them, refuses them, lets them wait."""

import asyncio
import base64
import urllib.parse

SUBPROTOCOL = "ocpp2.0.1"


class Opening:
    """What happens to the next handshakes, and those that have been.

    Attributes:
        subprotocol: that the server chooses; None: none.
        refuse: None, or (HTTP status, headers as a dict).
        stall: True: no answer, until the CSMS stops.
        requests: the requests so far (websockets.http11.Request).
    """

    def __init__(self, notify):
        self.subprotocol = SUBPROTOCOL
        self.refuse = None
        self.stall = False
        self.requests = []
        self._notify = notify
        self._released = asyncio.Event()

    def release(self):
        """Let those go that stall."""
        self._released.set()
        self._released = asyncio.Event()

    async def process_request(self, connection, request):
        """Hook of websockets: None to go on, or the response that refuses."""
        self.requests.append(request)
        await self._notify()
        if self.stall:
            await self._released.wait()
        if self.refuse is None:
            return None
        status, headers = self.refuse
        response = connection.respond(status, "refused by the test\n")
        for name, value in headers.items():
            response.headers[name] = value
        return response

    def process_response(self, connection, request, response):
        """Hook of websockets: puts in the sub-protocol, right or wrong."""
        if response.status_code == 101 and self.subprotocol is not None:
            response.headers["Sec-WebSocket-Protocol"] = self.subprotocol
        return response


def credentials(request):
    """(user, password) of a handshake with basic authentication, else None."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind != "Basic":
        return None
    user, _, password = base64.b64decode(value).decode().partition(":")
    return user, password


def identity(request):
    """The identity at the end of the path."""
    return urllib.parse.unquote(request.path.rpartition("/")[2])
