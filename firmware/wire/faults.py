"""Errors of the reader: as RPC codes, and in words with the place."""

from micropython import const
from tables.names import (
    FORMAT_VIOLATION,
    MESSAGE_TYPE_NOT_SUPPORTED,
    NOT_IMPLEMENTED,
    NOT_SUPPORTED,
    OCCURRENCE_CONSTRAINT_VIOLATION,
    PROPERTY_CONSTRAINT_VIOLATION,
    PROTOCOL_ERROR,
    RPC_FRAMEWORK_ERROR,
    TYPE_CONSTRAINT_VIOLATION,
)
from tables.schema import TABLE

from wire.constants import (
    E_ACTION,
    E_ENVELOPE,
    E_MISSING,
    E_SPACE,
    E_TRUNCATED,
    E_UNKNOWN_FIELD,
    F_ARRAY,
    F_NAME,
    F_SEEN,
    F_SIZE,
    F_TYPE,
    HEAD,
    S_AT_ERROR,
    S_ERROR,
    S_FRAME,
    S_FRAMES,
    S_MESSAGE,
    S_N,
    S_POSITION,
    S_W,
)
from wire.names import name

_CALL = const(2)
_LONGEST = const(100)  # bytes of a detail

# What each E_* is to the CSMS (OCPP-J 2.0.1, 4.3), and in words.
_F = const(FORMAT_VIOLATION)
_T = const(TYPE_CONSTRAINT_VIOLATION)
_P = const(PROPERTY_CONSTRAINT_VIOLATION)
_O = const(OCCURRENCE_CONSTRAINT_VIOLATION)
_R = const(RPC_FRAMEWORK_ERROR)
_CODES = (
    0, _F, _F, _F, _F, _F, _F, 0, 0, 0, _T, _P, _P, _P, _F, _F, _O, _O, _O, _F, _R,
    MESSAGE_TYPE_NOT_SUPPORTED, NOT_IMPLEMENTED, NOT_SUPPORTED, PROTOCOL_ERROR, _R, _R, _F,
)  # fmt: skip
_TEXTS = (
    b"", b"not JSON", b"control character in a string", b"not UTF-8", b"nested too deep",
    b"lone surrogate", b"the message ends too early", b"", b"", b"", b"wrong type", b"too long",
    b"not one of its values", b"out of range", b"unknown field", b"given twice", b"missing",
    b"has no element", b"has too many elements", b"the request is too large",
    b"not [type, id, ...] as OCPP-J wants it", b"unknown message type", b"unknown action",
    b"not for a charging station", b"the payload is no object", b"no such request was sent",
    b"the message id can't be read", b"the message id is over 36 characters",
)  # fmt: skip


def code(state):
    """The name id of the RPC error code."""
    error = state[S_ERROR]
    if error <= E_TRUNCATED:
        payload = 3 if state[S_MESSAGE] == _CALL else 2
        if state[S_POSITION] < payload:
            return RPC_FRAMEWORK_ERROR
    elif error == E_SPACE:
        frame = S_FRAMES
        while frame < state[S_FRAME]:
            frame += F_SIZE
            if state[frame + F_ARRAY] and state[frame + F_SEEN] > 1:
                return OCCURRENCE_CONSTRAINT_VIOLATION  # B06.FR.16; else B06.FR.17
    return _CODES[error]


def detail(state, arena):
    """Where and what, up to 100 bytes of ASCII."""
    error = state[S_ERROR]
    text = _TEXTS[error]
    if error <= E_TRUNCATED:
        return b"%s (byte %d)" % (text, state[S_AT_ERROR])
    if error == E_ACTION:
        text += b" " + _token(state, arena)
    elif error < E_ENVELOPE:
        text = _path(state, arena)[1:] + b": " + text
    return text if len(text) <= _LONGEST else b"..." + text[3 - _LONGEST :]


def _path(state, arena):
    """The fields that are open."""
    error = state[S_ERROR]
    text = b""
    frame = S_FRAMES
    while frame < state[S_FRAME]:
        frame += F_SIZE
        last = frame == state[S_FRAME]
        if state[frame + F_ARRAY]:
            text += b"[%d]" % max(state[frame + F_SEEN] - 1, 0)
        elif last and error == E_UNKNOWN_FIELD:
            text += b"." + _token(state, arena)
        elif last and error == E_MISSING:
            text += b"." + _missing(state, frame)
        elif state[frame + F_NAME]:
            text += b"." + name(state[frame + F_NAME])
    return text


def _token(state, arena):
    """The last key or text if it is plain ASCII."""
    at = state[S_W] + HEAD
    text = bytes(arena[at : at + min(state[S_N], 40)])
    return text if all(32 < c < 127 for c in text) else b"?"


def _missing(state, frame):
    at = 2 * state[frame + F_TYPE] + 2
    seen = state[frame + F_SEEN]
    while seen & 1:
        seen >>= 1
        at += 2
    return name(TABLE[at])
