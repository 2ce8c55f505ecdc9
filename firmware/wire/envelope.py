"""The message around the payload.

[2, id, action, payload], [3, id, payload], [4, id, code, description, details]
"""

import micropython
from micropython import const
from tables.layout import (
    AT_ACTIONS,
    AT_NODE_INDEX,
    AT_NODES,
    FIRST_ACTION,
    FIRST_OTHER,
    KIND_ANY,
    KIND_OBJECT,
)

from wire.constants import (
    E_ACTION,
    E_ENVELOPE,
    E_ID,
    E_MESSAGE,
    E_NOT_OURS,
    E_UNEXPECTED,
    HEAD,
    KIND_ENVELOPE,
    S_ACTION,
    S_CHILD,
    S_CONTINUED,
    S_DECIMALS,
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
    S_STORE,
    S_TABLE,
    S_TEXT,
    S_TYPE,
    S_W,
    TOKEN_END,
    TOKEN_NULL,
    TOKEN_NUMBER,
    TOKEN_PAYLOAD,
    TOKEN_STRING,
)
from wire.names import find

_CALL = const(2)
_CALLRESULT = const(3)
_CALLERROR = const(4)


_ID_LENGTH = const(36)  # characters (OCPP-J 2.0.1, 4.1.4)


@micropython.viper
def envelope(state, token: int, arena) -> int:  # noqa: C901 a case for each place
    """An element of the message ended, or opens and is not the payload; 0 or an error."""
    st = ptr32(state)
    position = st[S_POSITION]
    message = st[S_MESSAGE]
    n = st[S_N]
    st[S_POSITION] = position + 1
    if position == 0:
        if token != TOKEN_NUMBER:
            return E_ENVELOPE
        if st[S_FLAGS] or st[S_DECIMALS] or st[S_EXPONENT]:
            return E_ENVELOPE
        st[S_MESSAGE] = st[S_MANTISSA]
        return 0
    payload = 3
    if message != _CALL:
        payload = 2
    if position == 1:
        if token == TOKEN_STRING:
            if n - st[S_CONTINUED] > _ID_LENGTH or n > st[S_LIMIT]:
                return E_ID
            st[S_ID] = n
            st[S_W] += HEAD + n
        elif token != TOKEN_NULL or message != _CALLERROR:
            # null comes from CSMSs that could not read our message.
            return E_ID
        if message < _CALL or message > _CALLERROR:
            return E_MESSAGE
        if message != _CALLRESULT:
            return 0
        if st[S_PENDING] == 0:
            return E_UNEXPECTED
        st[S_ACTION] = st[S_PENDING]
    elif message == _CALLERROR:
        # Whatever else it says, the call has failed: only its two texts are of interest.
        if token == TOKEN_END:
            return 0 if position > 2 else E_ENVELOPE
        if position == 2:
            if token != TOKEN_STRING:
                return E_ENVELOPE
            st[S_ACTION] = int(find(arena, st[S_W] + HEAD, n, FIRST_OTHER))
            return 0
        if token == TOKEN_STRING:
            st[S_TEXT] = n if n < st[S_LIMIT] else st[S_LIMIT]
        st[S_KIND] = KIND_ANY
        return 0
    elif position == payload:
        st[S_KIND] = KIND_ENVELOPE
        return 0 if token == TOKEN_PAYLOAD else E_ENVELOPE
    elif position > payload:
        return 0 if token == TOKEN_END and position == payload + 1 else E_ENVELOPE
    elif token != TOKEN_STRING:
        return E_ENVELOPE
    else:
        st[S_ACTION] = int(find(arena, st[S_W] + HEAD, n, FIRST_ACTION))
        if st[S_ACTION] == 0:
            return E_ACTION
    # The next element is the payload.
    table = ptr8(st[S_TABLE])
    p = AT_ACTIONS + 6 * (st[S_ACTION] - FIRST_ACTION) + message - _CALL
    if table[p] == 0:
        return E_NOT_OURS
    st[S_TYPE] = table[p] << 2
    st[S_KIND] = KIND_OBJECT
    st[S_STORE] = 1
    p = AT_NODE_INDEX + (table[p + 2] << 1)
    st[S_CHILD] = AT_NODES + (table[p] | (table[p + 1] << 8))
    return 0
