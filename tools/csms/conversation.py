"""What a station and a CSMS say to each other: each message parsed, matched and checked.

The CSMS of this folder and the scripted one of host_tests put each message through it.
"""

import dataclasses

from .schemas import CALL, CALLERROR, CALLRESULT, FrameError, parse

FROM_STATION, TO_STATION = "from station", "to station"


@dataclasses.dataclass
class Message:
    """One message. `violations` lists what breaks the specification, empty when all is well."""

    time: object  # datetime (UTC) on the clock of the CSMS
    direction: str
    kind: int = 0  # 2, 3, 4; 0: not an OCPP-J message
    id: str = ""
    action: str = ""  # for an answer: that of its CALL; "" unknown
    payload: object = None
    code: str = ""  # of a CALLERROR
    description: str = ""
    violations: list = dataclasses.field(default_factory=list)
    text: object = ""
    request: object = None  # of an answer: the Message of its CALL

    @property
    def is_call(self):
        return self.kind == CALL


class Conversation:
    """The messages of one station, over all its connections.

    Args:
        schemas: Schemas to check with.
        clock: callable that returns the time of the CSMS (datetime).
        observers: callables that get each Message after it was checked.
    """

    def __init__(self, schemas, clock, observers=()):
        self._schemas = schemas
        self._clock = clock
        self.observers = list(observers)
        self.messages = []
        self._open = {FROM_STATION: {}, TO_STATION: {}}  # CALLs without an answer, by id
        self._ids_seen = set()

    def connection_lost(self):
        """CALLs that were open on the lost connection get no answer any more."""
        for calls in self._open.values():
            calls.clear()

    def give_up(self, direction, message_id):
        """The CALL gets no answer, on purpose: its sender may go on after its time-out."""
        self._open[direction].pop(message_id, None)

    def open_calls(self, direction):
        return list(self._open[direction].values())

    def note(self, direction, text):
        """Take in one message as it is (or is going to be) on the wire; the checked Message."""
        message = Message(self._clock(), direction, text=text)
        try:
            parts = parse(text)
        except FrameError as error:
            message.violations.append(str(error))
        else:
            self._fill(message, parts)
        self.messages.append(message)
        for observer in self.observers:
            observer(message)
        return message

    def _fill(self, message, parts):
        message.kind, message.id = parts[0], parts[1]
        if message.kind == CALL:
            message.action, message.payload = parts[2], parts[3]
        elif message.kind == CALLRESULT:
            message.payload = parts[2]
        elif message.kind == CALLERROR:
            message.code, message.description, message.payload = parts[2:]
        if message.kind == CALL:
            self._open_call(message)
        else:
            self._close_call(message)
        if message.kind != CALLRESULT or message.request is not None:
            message.violations += self._schemas.check_message(parts, message.action)

    def _open_call(self, message):
        calls = self._open[message.direction]
        if calls:
            # Part 4, 4.1.1: one CALL at a time in each direction
            first = next(iter(calls.values()))
            message.violations.append(
                f"sent while {first.action} ({first.id}) waits for its answer"
            )
        if (message.direction, message.id) in self._ids_seen:
            message.violations.append(f"message id {message.id!r} was used before")
        self._ids_seen.add((message.direction, message.id))
        calls[message.id] = message

    def _close_call(self, message):
        other = TO_STATION if message.direction == FROM_STATION else FROM_STATION
        request = self._open[other].pop(message.id, None)
        if request is not None:
            message.request = request
            message.action = request.action
        elif message.kind == CALLRESULT:
            message.violations.append(f"answers {message.id!r}, which nobody has asked")

    def violations(self, direction=None):
        """What broke the specification so far, one readable line each."""
        lines = []
        for message in self.messages:
            if direction in (None, message.direction):
                for wrong in message.violations:
                    lines.append(
                        f"{message.direction}: {message.action or '?'} {message.id}: {wrong}"
                    )
        return lines
