"""The schema walk: keys, values and brackets against the ROM tables; what is kept, to the arena.

json_reader.scan calls these functions with hardly more than the state array; README.md describes
state, tables and arena. Each returns 0, an error E_* or, negative, what the scanner has to do.
"""

import micropython
from micropython import const
from tables.layout import (
    AT_ENUMS,
    AT_NODE_INDEX,
    AT_NODES,
    AT_OBJECTS,
    CUSTOM_DATA_ID,
    CUSTOM_TYPE,
    KIND_ANY,
    KIND_ARRAY,
    KIND_BOOLEAN,
    KIND_ENUM,
    KIND_OBJECT,
    KIND_STRING,
    KIND_TIME,
)

from wire.constants import (
    DO_ENVELOPE,
    DO_PAYLOAD,
    DO_RAW,
    E_DEEP,
    E_FEW,
    E_LONG,
    E_MANY,
    E_MISSING,
    E_PAYLOAD,
    E_SPACE,
    E_TWICE,
    E_TYPE,
    E_UNKNOWN_FIELD,
    E_VALUE,
    F_ARRAY,
    F_MARK,
    F_NAME,
    F_NEXT,
    F_NODE,
    F_SEEN,
    F_SIZE,
    F_SLOT,
    F_TYPE,
    HEAD,
    KIND_ENVELOPE,
    S_ARENA,
    S_BITS,
    S_CAPACITY,
    S_CHILD,
    S_CONTINUED,
    S_FRAME,
    S_FRAMES,
    S_FREE,
    S_IN_ARRAY,
    S_INDEX,
    S_KIND,
    S_N,
    S_NAMES,
    S_RAW,
    S_STORE,
    S_TABLE,
    S_TYPE,
    S_W,
    TAG_ARRAY,
    TAG_BOOLEAN,
    TAG_END,
    TAG_SHORT,
    TAG_STRING,
    TOKEN_FALSE,
    TOKEN_NUMBER,
    TOKEN_STRING,
    TOKEN_TRUE,
)
from wire.date_time import time_value
from wire.names import name, name_id
from wire.number import number_value

__all__ = ("close", "key", "leaf", "name", "name_id", "open_")

_DEEPEST = const(30)  # levels in customData or other free JSON


@micropython.viper
def key(state) -> int:  # noqa: C901 a call costs more than the work
    """A key ended: find the field, and what is expected of its value."""
    st = ptr32(state)
    table = ptr8(st[S_TABLE])
    names = ptr8(st[S_NAMES])
    index = ptr8(st[S_INDEX])
    text = ptr8(st[S_ARENA])
    at = st[S_W] + HEAD
    n = st[S_N]
    frame = st[S_FRAME]
    fields = st[frame + F_TYPE]
    count = table[fields] & 127
    bit = st[frame + F_NEXT]  # keys mostly come in the schema's order
    tries = count
    found = 0
    p = 0
    while tries:
        if bit >= count:
            bit = 0
        p = fields + 2 + bit + bit
        i = table[p] << 1
        start = index[i] | (index[i + 1] << 8)
        if (index[i + 2] | (index[i + 3] << 8)) - start == n:
            j = 0
            while j < n and names[start + j] == text[at + j]:
                j += 1
            if j == n:
                found = table[p]
                break
        bit += 1
        tries -= 1
    st[S_STORE] = 0
    st[S_CHILD] = 0
    if found:
        t = table[p + 1] << 2
        st[frame + F_NEXT] = bit + 1
    elif table[fields] & 128:  # customData itself: other members are free
        st[S_KIND] = KIND_ANY
        return 0
    else:  # customData may be in every object
        i = CUSTOM_DATA_ID << 1
        start = index[i] | (index[i + 1] << 8)
        if (index[i + 2] | (index[i + 3] << 8)) - start != n:
            return E_UNKNOWN_FIELD
        j = 0
        while j < n:
            if names[start + j] != text[at + j]:
                return E_UNKNOWN_FIELD
            j += 1
        found = CUSTOM_DATA_ID
        t = CUSTOM_TYPE << 2
        bit = 30
    st[frame + F_NAME] = found
    if (st[frame + F_SEEN] >> bit) & 1:
        return E_TWICE
    st[frame + F_SEEN] |= 1 << bit
    st[S_TYPE] = t
    st[S_KIND] = table[t]
    node = st[frame + F_NODE]
    if node:
        tries = table[node]
        node += 2
        while tries:
            if table[node] == found:
                st[S_STORE] = st[frame + F_SLOT] + table[node + 2] + 1
                i = table[node + 3] << 1
                if i:
                    i += AT_NODE_INDEX
                    st[S_CHILD] = AT_NODES + (table[i] | (table[i + 1] << 8))
                if table[t] == KIND_ANY:
                    st[S_RAW] = 1
                return 0
            node += 4
            tries -= 1
    return 0


@micropython.viper
def leaf(state, token: int) -> int:  # noqa: C901 the same
    """A string, number or literal ended."""
    st = ptr32(state)
    kind = st[S_KIND]
    if kind >= KIND_ENVELOPE:
        return DO_ENVELOPE
    if kind == KIND_ANY:
        if st[S_RAW]:
            return DO_RAW
        return 0
    frame = st[S_FRAME]
    if st[S_IN_ARRAY]:
        if frame == S_FRAMES:
            return E_PAYLOAD
        st[frame + F_SEEN] += 1
        if st[frame + F_SEEN] > st[frame + F_NEXT] and st[frame + F_NEXT]:
            return E_MANY
    table = ptr8(st[S_TABLE])
    t = st[S_TYPE]
    store = st[S_STORE]
    if kind == KIND_STRING:
        if token != TOKEN_STRING:
            return E_TYPE
        n = st[S_N]
        limit = table[t + 2] | (table[t + 3] << 8)
        if n - st[S_CONTINUED] > limit and limit:
            return E_LONG
        if store == 0:
            return 0
        w = st[S_W]
        if w + n > st[S_CAPACITY] - HEAD:
            return E_SPACE
        arena = ptr8(st[S_ARENA])
        arena[w] = ((store - 1) << 3) | TAG_STRING
        arena[w + 1] = n & 255
        arena[w + 2] = n >> 8
        st[S_W] = w + HEAD + n
        return 0
    value = 0
    if kind == KIND_ENUM:
        if token != TOKEN_STRING:
            return E_TYPE
        names = ptr8(st[S_NAMES])
        index = ptr8(st[S_INDEX])
        text = ptr8(st[S_ARENA])
        at = st[S_W] + HEAD
        n = st[S_N]
        p = AT_ENUMS + (table[t + 2] | (table[t + 3] << 8))
        end = p + 2 * table[t + 1]
        while p < end:
            i = (table[p] | (table[p + 1] << 8)) << 1
            start = index[i] | (index[i + 1] << 8)
            if (index[i + 2] | (index[i + 3] << 8)) - start == n:
                j = 0
                while j < n and names[start + j] == text[at + j]:
                    j += 1
                if j == n:
                    value = i >> 1
                    break
            p += 2
        if value == 0:
            return E_VALUE
    elif kind == KIND_BOOLEAN:
        if token != TOKEN_FALSE and token != TOKEN_TRUE:
            return E_TYPE
        value = token - TOKEN_FALSE
    elif kind == KIND_TIME:
        if token != TOKEN_STRING:
            return E_TYPE
        return int(time_value(state))
    elif kind == KIND_OBJECT or kind == KIND_ARRAY or token != TOKEN_NUMBER:
        return E_TYPE
    else:
        return int(number_value(state))
    if store:
        w = st[S_W]
        if w + 3 > st[S_CAPACITY]:
            return E_SPACE
        arena = ptr8(st[S_ARENA])
        arena[w] = ((store - 1) << 3) | (TAG_BOOLEAN if kind == KIND_BOOLEAN else TAG_SHORT)
        arena[w + 1] = value & 255
        arena[w + 2] = value >> 8
        st[S_W] = w + 3
    return 0


@micropython.viper
def open_(state, array: int) -> int:
    """A bracket opens: array 1 or object 0."""
    st = ptr32(state)
    kind = st[S_KIND]
    if st[S_FREE] or kind == KIND_ANY:
        if st[S_FREE] == _DEEPEST:
            return E_DEEP
        st[S_FREE] += 1
        st[S_BITS] = (st[S_BITS] << 1) | array
        st[S_IN_ARRAY] = array
        return 0
    if kind >= KIND_ENVELOPE:
        return DO_ENVELOPE
    frame = st[S_FRAME]
    if kind != (KIND_ARRAY if array else KIND_OBJECT):
        return E_PAYLOAD if frame == S_FRAMES else E_TYPE
    table = ptr8(st[S_TABLE])
    store = st[S_STORE]
    t = st[S_TYPE]
    child = frame + F_SIZE
    mark = 0
    if st[S_IN_ARRAY] and frame != S_FRAMES:
        st[frame + F_SEEN] += 1
        if st[frame + F_SEEN] > st[frame + F_NEXT] and st[frame + F_NEXT]:
            return E_MANY
        mark = 1 if store else 0
    st[S_FRAME] = child
    st[S_IN_ARRAY] = array
    st[child + F_ARRAY] = array
    st[child + F_SEEN] = 0
    st[child + F_NODE] = st[S_CHILD]
    st[child + F_NAME] = 0
    p = table[t + 2] | (table[t + 3] << 8)
    if array == 0:
        st[child + F_TYPE] = AT_OBJECTS + p
        st[child + F_NEXT] = 0
        st[child + F_SLOT] = store - 1
        st[child + F_MARK] = mark
        return 0
    st[child + F_NEXT] = p
    t = table[t + 1] << 2
    st[child + F_TYPE] = t
    st[S_TYPE] = t
    st[S_KIND] = table[t]
    if store:
        mark = st[S_W]
        if mark + 7 > st[S_CAPACITY]:
            return E_SPACE
        arena = ptr8(st[S_ARENA])
        arena[mark] = ((store - 1) << 3) | TAG_ARRAY
        arena[mark + 5] = st[S_CHILD] & 255
        arena[mark + 6] = st[S_CHILD] >> 8
        st[S_W] = mark + 7
        st[S_STORE] = 1  # the items' leaves are numbered from 0
    st[child + F_SLOT] = st[S_STORE]
    st[child + F_MARK] = mark
    return 0


@micropython.viper
def close(state, array: int) -> int:  # noqa: C901 the same
    """A bracket closes; the scanner has seen that it is of the right sort."""
    st = ptr32(state)
    frame = st[S_FRAME]
    if st[S_FREE]:
        st[S_FREE] -= 1
        st[S_BITS] >>= 1
        if st[S_FREE]:
            st[S_IN_ARRAY] = st[S_BITS] & 1
            return 0
        st[S_IN_ARRAY] = st[frame + F_ARRAY]
        if st[S_RAW]:
            return DO_RAW
        return 0
    if frame == S_FRAMES:
        return DO_ENVELOPE
    seen = st[frame + F_SEEN]
    mark = st[frame + F_MARK]
    if array:
        if seen == 0:
            return E_FEW
        if mark:
            arena = ptr8(st[S_ARENA])
            n = st[S_W] - mark - 7
            arena[mark + 1] = n & 255
            arena[mark + 2] = n >> 8
            arena[mark + 3] = seen & 255
            arena[mark + 4] = seen >> 8
    else:
        table = ptr8(st[S_TABLE])
        needed = (1 << table[st[frame + F_TYPE] + 1]) - 1
        if seen & needed != needed:
            return E_MISSING
        if mark:
            arena = ptr8(st[S_ARENA])
            if st[S_W] == st[S_CAPACITY]:
                return E_SPACE
            arena[st[S_W]] = TAG_END
            st[S_W] += 1
    frame -= F_SIZE
    st[S_FRAME] = frame
    st[S_IN_ARRAY] = st[frame + F_ARRAY]
    if st[frame + F_ARRAY]:
        if frame == S_FRAMES:
            return DO_PAYLOAD
        table = ptr8(st[S_TABLE])
        st[S_TYPE] = st[frame + F_TYPE]
        st[S_KIND] = table[st[frame + F_TYPE]]
        st[S_STORE] = st[frame + F_SLOT]
        st[S_CHILD] = st[frame + F_NODE]
    return 0
