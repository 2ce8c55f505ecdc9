"""The CSMS: takes in the connections of stations at ws://HOST:PORT/IDENTITY."""

import asyncio
import http
import urllib.parse

import websockets.exceptions
from websockets.asyncio.server import basic_auth, serve

from .clock import SimClock
from .conversation import FROM_STATION, Conversation
from .ledger import Ledger
from .schemas import Schemas
from .station import Station

SUBPROTOCOL = "ocpp2.0.1"
_LONGEST_MESSAGE = 1 << 20


def identity_of(path):
    """The identity is what follows the last "/" of the path, percent-encoded."""
    return urllib.parse.unquote(path.split("?")[0].rpartition("/")[2])


class Csms:
    """A small CSMS for one or a few stations.

    Args:
        printer: Printer of the conversations, or None.
        password: what stations have to authenticate with; None: no authentication.
        clock: SimClock; the time that stations are told.
        heartbeat_s: interval that BootNotification is answered with.
    """

    def __init__(self, printer=None, password=None, clock=None, heartbeat_s=300):
        self.printer = printer
        self.clock = clock or SimClock()
        self.stations = {}  # connected ones, by identity
        self.conversations = {}
        self.ledgers = {}
        self.arrived = asyncio.Event()
        self.port = 0
        self._password = password
        self._heartbeat_s = heartbeat_s
        self._schemas = Schemas()
        self._server = None

    async def start(self, host="127.0.0.1", port=0):
        """Listen; port 0: any free one. OSError when the port is in use."""
        check = None
        if self._password is not None:
            check = basic_auth(realm="Pilotwire CSMS", check_credentials=self._credentials)
        self._server = await serve(
            self._serve,
            host,
            port,
            subprotocols=[SUBPROTOCOL],
            process_request=check or self._admit,
            max_size=_LONGEST_MESSAGE,
            compression=None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self):
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def violations(self):
        """All that broke the specification, in either direction."""
        found = []
        for identity, conversation in self.conversations.items():
            found += [f"{identity}: {line}" for line in conversation.violations()]
        for identity, ledger in self.ledgers.items():
            found += [f"{identity}: {line}" for line in ledger.wrong()]
        return found

    def _credentials(self, user, password):
        right = password == self._password
        if not right and self.printer:
            self.printer.event(self.clock(), user, "refused: wrong password (HTTP 401)")
        return right

    def _admit(self, connection, request):
        if not identity_of(request.path):
            return connection.respond(
                http.HTTPStatus.NOT_FOUND, "the path ends with no identity\n"
            )
        return None

    def _conversation(self, identity):
        if identity not in self.conversations:
            conversation = Conversation(self._schemas, self.clock)
            ledger = self.ledgers[identity] = Ledger()

            def watch(message):
                event = message.is_call and message.action == "TransactionEvent"
                if event and message.direction == FROM_STATION and not message.violations:
                    ledger.book(message.payload)
                if self.printer:
                    self.printer.message(identity, message)

            conversation.observers.append(watch)
            self.conversations[identity] = conversation
        return self.conversations[identity]

    async def _serve(self, socket):
        identity = identity_of(socket.request.path)
        if socket.subprotocol != SUBPROTOCOL:
            # Part 4, 3.3: no common sub-protocol: complete the handshake without one, then close
            self._tell(identity, f"refused: does not offer the sub-protocol {SUBPROTOCOL}")
            await socket.close(1002, f"{SUBPROTOCOL} is needed")
            return
        old = self.stations.pop(identity, None)
        if old is not None:
            await old.socket.close(1000, "a newer connection has come")
        conversation = self._conversation(identity)
        station = Station(identity, socket, conversation, self.clock, self._heartbeat_s)
        self.stations[identity] = station
        self.arrived.set()
        self._tell(identity, f"connected from port {socket.remote_address[1]}")
        try:
            await station.start()
        except websockets.exceptions.ConnectionClosed as closed:
            reason = (
                f"{closed.rcvd.code} {closed.rcvd.reason}".strip()
                if closed.rcvd
                else "no close frame"
            )
            self._tell(identity, f"disconnected ({reason})")
        finally:
            conversation.connection_lost()
            if self.stations.get(identity) is station:
                del self.stations[identity]

    def _tell(self, identity, text):
        if self.printer:
            self.printer.event(self.clock(), identity, text)
