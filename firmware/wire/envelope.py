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
    E_PAYLOAD,
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
    S_RESULT,
    S_STORE,
    S_TABLE,
    S_TEXT,
    S_TOKEN,
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
                st[S_RESULT] = E_ID
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
        st[S_KIND] = KIND_ENVELOPE
        if token <= TOKEN_NULL:
            st[S_RESULT] = E_PAYLOAD
        elif token != TOKEN_PAYLOAD:
            st[S_RESULT] = E_ENVELOPE
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
    table = ptr8(st[S_TABLE])
    p = AT_ACTIONS + 6 * (st[S_ACTION] - FIRST_ACTION) + message - _CALL
    if table[p] == 0:
        st[S_RESULT] = E_NOT_OURS
        return
    st[S_TYPE] = table[p] << 2
    st[S_KIND] = KIND_OBJECT
    st[S_STORE] = 1
    p = AT_NODE_INDEX + (table[p + 2] << 1)
    st[S_CHILD] = AT_NODES + (table[p] | (table[p + 1] << 8))
