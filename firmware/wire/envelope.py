"""The message around the payload.

[2, id, action, payload], [3, id, payload], [4, id, code, description, details]
"""

import micropython
from micropython import const
from tables.layout import (
    AT_ACTIONS,
    AT_NODE_INDEX,
    FIRST_ACTION,
    FIRST_OTHER,
    KIND_ANY,
    KIND_OBJECT,
)

from wire.constants import (
    DO_RAW,
    E_ACTION,
    E_ENVELOPE,
    E_ID,
    E_LONG_ID,
    E_MESSAGE,
    E_NOT_OURS,
    E_PAYLOAD,
    E_UNEXPECTED,
    HEAD,
    M_DEAD,
    S_ACTION,
    S_AT,
    S_AT_ERROR,
    S_CHILD,
    S_CONTINUED,
    S_DECIMALS,
    S_END,
    S_ERROR,
    S_EXPONENT,
    S_FLAGS,
    S_ID,
    S_KIND,
    S_LIMIT,
    S_MANTISSA,
    S_MESSAGE,
    S_N,
    S_PENDING,
    S_POSITION,
    S_RAW,
    S_RAW_LENGTH,
    S_RESULT,
    S_SIZE,
    S_STORE,
    S_TABLE,
    S_TEXT,
    S_TOKEN,
    S_TYPE,
    S_W,
    TOKEN_END,
    TOKEN_NULL,
    TOKEN_NUMBER,
    TOKEN_OPEN,
    TOKEN_STRING,
)
from wire.names import find
from wire.nesting import open_
from wire.text import keep_raw

_CALL = const(2)
_CALLRESULT = const(3)
_CALLERROR = const(4)


_ID_LENGTH = const(36)  # characters (OCPP-J 2.0.1, 4.1.4)


@micropython.viper
def envelope(state):  # noqa: C901 a case for each place
    """An element of the message ended, or opens and is not the payload."""
    st = ptr32(state)
    token = st[S_TOKEN]
    position = st[S_POSITION]
    message = st[S_MESSAGE]
    n = st[S_N]
    st[S_POSITION] = position + 1
    if position == 0:
        if token != TOKEN_NUMBER:
            st[S_RESULT] = E_ENVELOPE
            return
        if st[S_FLAGS] or st[S_DECIMALS] or st[S_EXPONENT]:
            st[S_RESULT] = E_ENVELOPE
            return
        st[S_MESSAGE] = st[S_MANTISSA]
        return
    payload = 3
    if message != _CALL:
        payload = 2
    if position == 1:
        if token == TOKEN_STRING:
            if n - st[S_CONTINUED] > _ID_LENGTH or n > st[S_LIMIT]:
                st[S_RESULT] = E_LONG_ID
                return
            st[S_ID] = n
            st[S_W] += HEAD + n
        elif token != TOKEN_NULL or message != _CALLERROR:
            # null comes from CSMSs that could not read our message.
            st[S_RESULT] = E_ID
            return
        if message < _CALL or message > _CALLERROR:
            st[S_RESULT] = E_MESSAGE
            return
        if message != _CALLRESULT:
            return
        if st[S_PENDING] == 0:
            st[S_RESULT] = E_UNEXPECTED
            return
        st[S_ACTION] = st[S_PENDING]
    elif message == _CALLERROR:
        # Whatever else it says, the call has failed: only its two texts are of interest.
        if token == TOKEN_END:
            if position < 3:
                st[S_RESULT] = E_ENVELOPE
            return
        if position == 2:
            if token != TOKEN_STRING:
                st[S_RESULT] = E_ENVELOPE
                return
            st[S_ACTION] = int(find(state, FIRST_OTHER))
            return
        if token == TOKEN_STRING and position == 3:
            st[S_TEXT] = n if n < st[S_LIMIT] else st[S_LIMIT]
        st[S_KIND] = KIND_ANY
        return
    elif position == payload:
        # Not an object: that would not have come here.
        st[S_RESULT] = E_ENVELOPE if token == TOKEN_END else E_PAYLOAD
        return
    elif position > payload:
        if token != TOKEN_END or position != payload + 1:
            st[S_RESULT] = E_ENVELOPE
        return
    elif token != TOKEN_STRING:
        st[S_RESULT] = E_ENVELOPE
        return
    else:
        st[S_ACTION] = int(find(state, FIRST_ACTION))
        if st[S_ACTION] == 0:
            st[S_RESULT] = E_ACTION
            return
    # The next element is the payload.
    table = ptr16(st[S_TABLE])
    p = AT_ACTIONS + 3 * (st[S_ACTION] - FIRST_ACTION)
    shift = 8 * (message - _CALL)
    kind = (table[p] >> shift) & 255
    if kind == 0:
        st[S_RESULT] = E_NOT_OURS
        return
    st[S_TYPE] = kind << 1
    st[S_KIND] = KIND_OBJECT
    st[S_STORE] = 1
    st[S_CHILD] = table[AT_NODE_INDEX + ((table[p + 1] >> shift) & 255)]


@micropython.viper
def request(state, mode: int) -> int:
    """S_RESULT: an error, or what is to be done; -> the next mode."""
    st = ptr32(state)
    e = st[S_RESULT]
    st[S_RESULT] = 0
    if e == DO_RAW:
        keep_raw(state)
        st[S_W] += HEAD + st[S_RAW_LENGTH]
        st[S_RAW] = 0
        st[S_RAW_LENGTH] = 0
    elif e < 0:
        bracket = st[S_TOKEN]
        st[S_TOKEN] = TOKEN_OPEN
        envelope(state)
        if st[S_RESULT] == 0:
            st[S_TOKEN] = bracket
            open_(state)
    else:
        st[S_RESULT] = e
    if st[S_RESULT]:
        st[S_ERROR] = st[S_RESULT]
        st[S_AT_ERROR] = st[S_SIZE] - st[S_END] + st[S_AT]
        mode = M_DEAD
    return mode
