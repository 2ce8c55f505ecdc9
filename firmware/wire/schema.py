"""The schema walk: keys, values and brackets against the ROM tables; what is kept, to the arena.

json_reader.scan calls these functions with hardly more than the state array; README.md describes
state, tables and arena. Each returns 0, an error E_* or, negative, what the scanner has to do.
"""

import micropython
from tables.layout import (
    AT_NODE_INDEX,
    CUSTOM_DATA_ID,
    CUSTOM_TYPE,
    KIND_ANY,
    KIND_BOOLEAN,
    KIND_ENUM,
    KIND_INTEGER,
    KIND_NUMBER,
    KIND_TIME,
)

from wire.constants import (
    DO_RAW,
    E_ENVELOPE,
    E_MANY,
    E_SPACE,
    E_TWICE,
    E_TYPE,
    E_UNKNOWN_FIELD,
    E_VALUE,
    F_NAME,
    F_NEXT,
    F_NODE,
    F_SEEN,
    F_SLOT,
    F_TYPE,
    HEAD,
    S_ARENA,
    S_AT,
    S_BUFFER,
    S_CAPACITY,
    S_CHILD,
    S_DECIMALS,
    S_END,
    S_EXPONENT,
    S_FLAGS,
    S_FRAME,
    S_FRAMES,
    S_IN_ARRAY,
    S_INDEX,
    S_IS_KEY,
    S_KIND,
    S_MANTISSA,
    S_N,
    S_NAMES,
    S_RAW,
    S_RESULT,
    S_STORE,
    S_TABLE,
    S_TOKEN,
    S_TYPE,
    S_W,
    TAG_BOOLEAN,
    TAG_INT,
    TAG_SHORT,
    TOKEN_FALSE,
    TOKEN_NULL,
    TOKEN_NUMBER,
    TOKEN_STRING,
)
from wire.date_time import time_value
from wire.names import find, name, name_id
from wire.number import number_value

__all__ = ("key", "leaf", "name", "name_id")



@micropython.viper
def key(state):  # noqa: C901 a call costs more than the work
    """A key begins (S_IS_KEY 0) or has ended (1): finds the field, and what its value must be.

    Where it begins, it may be the one that mostly follows: then it is taken in at once, up to
    S_AT. If it is not, it has to be scanned first: S_IS_KEY becomes 1.
    """
    st = ptr32(state)
    table = ptr16(st[S_TABLE])
    names = ptr8(st[S_NAMES])
    index = ptr16(st[S_INDEX])
    frame = st[S_FRAME]
    fields = st[frame + F_TYPE]
    count = table[fields] & 127
    bit = st[frame + F_NEXT]
    if bit >= count:
        bit = 0
    ended = st[S_IS_KEY]
    tries = count
    text = ptr8(st[S_ARENA])
    at = st[S_W] + HEAD
    end = at + st[S_N]
    if ended == 0:
        text = ptr8(st[S_BUFFER])
        at = st[S_AT]
        end = st[S_END] - 1
        if tries:
            tries = 1
    found = 0
    while tries:
        t = table[fields + 1 + bit]
        start = index[t & 255]
        stop = index[(t & 255) + 1]
        q = at + stop - start
        if q == end or (ended == 0 and q < end):
            q = at
            while start < stop:
                if names[start] != text[q]:
                    break
                start += 1
                q += 1
            if start == stop and (ended or text[q] == 34):
                found = t & 255
                t = (t >> 8) << 1
                st[frame + F_NEXT] = bit + 1
                break
        tries -= 1
        bit += 1
        if bit == count:
            bit = 0
    st[S_STORE] = 0
    st[S_CHILD] = 0
    if ended == 0:
        if found == 0:
            st[S_IS_KEY] = 1
            return
        st[S_AT] = q + 1
    elif found == 0:
        if table[fields] & 128:  # customData itself: other members are free
            st[S_KIND] = KIND_ANY
            return
        found = int(find(state, 1))
        if found != CUSTOM_DATA_ID:  # which may be in every object
            st[S_RESULT] = E_UNKNOWN_FIELD
            return
        t = CUSTOM_TYPE << 1
        bit = 30
    st[frame + F_NAME] = found
    seen = st[frame + F_SEEN]
    if (seen >> bit) & 1:
        st[S_RESULT] = E_TWICE
        return
    st[frame + F_SEEN] = seen | (1 << bit)
    st[S_TYPE] = t
    kind = table[t] & 255
    st[S_KIND] = kind
    p = st[frame + F_NODE]
    if p:
        tries = table[p] & 255
        while tries:
            tries -= 1
            if table[p + 1] & 255 == found:
                q = table[p + 2]
                st[S_STORE] = st[frame + F_SLOT] + (q & 255) + 1
                if q >> 8:
                    st[S_CHILD] = table[AT_NODE_INDEX + (q >> 8)]
                elif kind == KIND_ANY:
                    st[S_RAW] = 1
                return
            p += 2


@micropython.viper
def leaf(state):  # noqa: C901 a call costs more than the work
    """A value other than a string's ended: what S_TOKEN says."""
    st = ptr32(state)
    kind = st[S_KIND]
    token = st[S_TOKEN]
    frame = st[S_FRAME]
    if kind == KIND_ANY:
        if st[S_RAW]:
            st[S_RESULT] = DO_RAW
        return
    if st[S_IN_ARRAY]:
        if frame == S_FRAMES:
            st[S_RESULT] = E_ENVELOPE
            return
        st[frame + F_SEEN] += 1
        if st[frame + F_SEEN] > st[frame + F_NEXT] and st[frame + F_NEXT]:
            st[S_RESULT] = E_MANY
            return
    st[S_RESULT] = E_TYPE  # until it is known to be of the right one
    if token == TOKEN_NUMBER:
        if kind != KIND_INTEGER or st[S_FLAGS] | st[S_DECIMALS] | st[S_EXPONENT]:
            if kind == KIND_INTEGER or kind == KIND_NUMBER:
                number_value(state)
            return
        tag = TAG_INT
        value = st[S_MANTISSA]
    elif token == TOKEN_STRING:
        if kind == KIND_TIME:
            time_value(state)
            return
        if kind != KIND_ENUM:
            return
        tag = TAG_SHORT
        table = ptr16(st[S_TABLE])
        names = ptr8(st[S_NAMES])
        index = ptr16(st[S_INDEX])
        text = ptr8(st[S_ARENA])
        at = st[S_W] + HEAD
        n = st[S_N]
        p = table[st[S_TYPE] + 1]
        tries = table[st[S_TYPE]] >> 8
        while tries:
            value = table[p]
            start = index[value]
            stop = index[value + 1]
            if stop - start == n:
                q = at
                while start < stop:
                    if names[start] != text[q]:
                        break
                    start += 1
                    q += 1
                if start == stop:
                    break
            p += 1
            tries -= 1
        if tries == 0:
            st[S_RESULT] = E_VALUE
            return
    elif kind != KIND_BOOLEAN or token == TOKEN_NULL:
        return
    else:
        tag = TAG_BOOLEAN
        value = token - TOKEN_FALSE
    st[S_RESULT] = 0
    store = st[S_STORE]
    if store:
        w = st[S_W]
        if w + 5 > st[S_CAPACITY]:
            st[S_RESULT] = E_SPACE
            return
        arena = ptr8(st[S_ARENA])
        arena[w] = ((store - 1) << 3) | tag
        arena[w + 1] = value & 255
        arena[w + 2] = (value >> 8) & 255
        w += 3
        if tag == TAG_INT:
            arena[w] = (value >> 16) & 255
            arena[w + 1] = value >> 24
            w += 2
        st[S_W] = w
