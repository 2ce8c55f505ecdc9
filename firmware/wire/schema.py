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
    KIND_INTEGER,
    KIND_OBJECT,
    KIND_STRING,
    KIND_TIME,
)

from wire.constants import (
    DO_OPEN,
    DO_PAYLOAD,
    DO_RAW,
    E_DEEP,
    E_ENVELOPE,
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
    S_AT,
    S_BITS,
    S_BUFFER,
    S_CAPACITY,
    S_CHILD,
    S_CONTINUED,
    S_DECIMALS,
    S_END,
    S_EXPONENT,
    S_FLAGS,
    S_FRAME,
    S_FRAMES,
    S_FREE,
    S_IN_ARRAY,
    S_INDEX,
    S_IS_KEY,
    S_KIND,
    S_N,
    S_NAMES,
    S_RAW,
    S_RESULT,
    S_STORE,
    S_TABLE,
    S_TOKEN,
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
from wire.number import keep, number_value

__all__ = ("close", "key", "leaf", "name", "name_id", "open_")

_DEEPEST = const(30)  # levels in customData or other free JSON


@micropython.viper
def key(state):  # noqa: C901 a call costs more than the work
    """A key begins (S_IS_KEY 0) or has ended (1): finds the field, and what its value must be.

    Where it begins, it may be the one that mostly follows: then it is taken in at once, up to
    S_AT. If it is not, it has to be scanned first: S_IS_KEY becomes 1.
    """
    st = ptr32(state)
    table = ptr8(st[S_TABLE])
    names = ptr8(st[S_NAMES])
    index = ptr8(st[S_INDEX])
    frame = st[S_FRAME]
    fields = st[frame + F_TYPE]
    count = table[fields] & 127
    bit = st[frame + F_NEXT]
    if bit >= count:
        bit = 0
    found = 0
    p = fields + 2 + bit + bit
    if st[S_IS_KEY] == 0:
        text = ptr8(st[S_BUFFER])
        q = st[S_AT]
        end = st[S_END]
        if count:
            i = table[p] << 1
            start = index[i] | (index[i + 1] << 8)
            stop = index[i + 2] | (index[i + 3] << 8)
            if q + stop - start < end:
                while start < stop:
                    if names[start] != text[q]:
                        break
                    start += 1
                    q += 1
                if start == stop and text[q] == 34:
                    found = table[p]
        if found == 0:
            st[S_IS_KEY] = 1
            return
        st[S_AT] = q + 1
    else:
        text = ptr8(st[S_ARENA])
        at = st[S_W] + HEAD
        n = st[S_N]
        end = count
        while end:
            i = table[p] << 1
            start = index[i] | (index[i + 1] << 8)
            stop = index[i + 2] | (index[i + 3] << 8)
            if stop - start == n:
                q = at
                while start < stop:
                    if names[start] != text[q]:
                        break
                    start += 1
                    q += 1
                if start == stop:
                    found = table[p]
                    break
            p += 2
            bit += 1
            if bit == count:
                bit = 0
                p = fields + 2
            end -= 1
    st[S_STORE] = 0
    st[S_CHILD] = 0
    if found:
        t = table[p + 1] << 2
        st[frame + F_NEXT] = bit + 1
    elif table[fields] & 128:  # customData itself: other members are free
        st[S_KIND] = KIND_ANY
        return
    else:  # customData may be in every object
        i = CUSTOM_DATA_ID << 1
        start = index[i] | (index[i + 1] << 8)
        stop = index[i + 2] | (index[i + 3] << 8)
        if stop - start == n:
            q = at
            while start < stop:
                if names[start] != text[q]:
                    break
                start += 1
                q += 1
        if start != stop:
            st[S_RESULT] = E_UNKNOWN_FIELD
            return
        found = CUSTOM_DATA_ID
        t = CUSTOM_TYPE << 2
        bit = 30
    st[frame + F_NAME] = found
    seen = st[frame + F_SEEN]
    if (seen >> bit) & 1:
        st[S_RESULT] = E_TWICE
        return
    st[frame + F_SEEN] = seen | (1 << bit)
    st[S_TYPE] = t
    st[S_KIND] = table[t]
    p = st[frame + F_NODE]
    if p == 0:
        return
    end = p + 2 + (table[p] << 2)
    p += 2
    while p < end:
        if table[p] == found:
            st[S_STORE] = st[frame + F_SLOT] + table[p + 2] + 1
            i = table[p + 3] << 1
            if i:
                i += AT_NODE_INDEX
                st[S_CHILD] = AT_NODES + (table[i] | (table[i + 1] << 8))
            elif table[t] == KIND_ANY:
                st[S_RAW] = 1
            return
        p += 4


@micropython.viper
def leaf(state):  # noqa: C901 the same
    """A string, number or literal ended."""
    st = ptr32(state)
    kind = st[S_KIND]
    token = st[S_TOKEN]
    if kind == KIND_ANY:
        if st[S_RAW]:
            st[S_RESULT] = DO_RAW
            return
        return
    frame = st[S_FRAME]
    if st[S_IN_ARRAY]:
        if frame == S_FRAMES:
            st[S_RESULT] = E_ENVELOPE
            return
        st[frame + F_SEEN] += 1
        if st[frame + F_SEEN] > st[frame + F_NEXT] and st[frame + F_NEXT]:
            st[S_RESULT] = E_MANY
            return
    table = ptr8(st[S_TABLE])
    t = st[S_TYPE]
    store = st[S_STORE]
    if kind == KIND_STRING:
        if token != TOKEN_STRING:
            st[S_RESULT] = E_TYPE
            return
        n = st[S_N]
        limit = table[t + 2] | (table[t + 3] << 8)
        if n - st[S_CONTINUED] > limit and limit:
            st[S_RESULT] = E_LONG
            return
        if store == 0:
            return
        w = st[S_W]
        if w + n > st[S_CAPACITY] - HEAD:
            st[S_RESULT] = E_SPACE
            return
        arena = ptr8(st[S_ARENA])
        arena[w] = ((store - 1) << 3) | TAG_STRING
        arena[w + 1] = n & 255
        arena[w + 2] = n >> 8
        st[S_W] = w + HEAD + n
        return
    value = 0
    if kind == KIND_ENUM:
        if token != TOKEN_STRING:
            st[S_RESULT] = E_TYPE
            return
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
            stop = index[i + 2] | (index[i + 3] << 8)
            if stop - start == n:
                q = at
                while start < stop:
                    if names[start] != text[q]:
                        break
                    start += 1
                    q += 1
                if start == stop:
                    value = i >> 1
                    break
            p += 2
        if value == 0:
            st[S_RESULT] = E_VALUE
            return
    elif kind == KIND_BOOLEAN:
        if token != TOKEN_FALSE and token != TOKEN_TRUE:
            st[S_RESULT] = E_TYPE
            return
        value = token - TOKEN_FALSE
    elif kind == KIND_TIME:
        if token != TOKEN_STRING:
            st[S_RESULT] = E_TYPE
            return
        time_value(state)
        return
    elif kind == KIND_OBJECT or kind == KIND_ARRAY or token != TOKEN_NUMBER:
        st[S_RESULT] = E_TYPE
        return
    else:
        if st[S_FLAGS] | st[S_DECIMALS] | st[S_EXPONENT] or kind != KIND_INTEGER:
            number_value(state)
        elif store:
            st[S_DECIMALS] = -1
            keep(state)
        return
    if store:
        w = st[S_W]
        if w + 3 > st[S_CAPACITY]:
            st[S_RESULT] = E_SPACE
            return
        arena = ptr8(st[S_ARENA])
        arena[w] = ((store - 1) << 3) | (TAG_BOOLEAN if kind == KIND_BOOLEAN else TAG_SHORT)
        arena[w + 1] = value & 255
        arena[w + 2] = value >> 8
        st[S_W] = w + 3
    return


@micropython.viper
def open_(state):
    """A bracket opens: array 1 or object 0."""
    st = ptr32(state)
    kind = st[S_KIND]
    array = st[S_TOKEN]
    if st[S_FREE] or kind == KIND_ANY:
        if st[S_FREE] == _DEEPEST:
            st[S_RESULT] = E_DEEP
            return
        st[S_FREE] += 1
        st[S_BITS] = (st[S_BITS] << 1) | array
        st[S_IN_ARRAY] = array
        return
    if kind >= KIND_ENVELOPE:
        st[S_RESULT] = DO_OPEN
        return
    frame = st[S_FRAME]
    if kind != (KIND_ARRAY if array else KIND_OBJECT):
        st[S_RESULT] = E_PAYLOAD if frame == S_FRAMES else E_TYPE
        return
    table = ptr8(st[S_TABLE])
    store = st[S_STORE]
    t = st[S_TYPE]
    child = frame + F_SIZE
    mark = 0
    if st[S_IN_ARRAY] and frame != S_FRAMES:
        st[frame + F_SEEN] += 1
        if st[frame + F_SEEN] > st[frame + F_NEXT] and st[frame + F_NEXT]:
            st[S_RESULT] = E_MANY
            return
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
        return
    st[child + F_NEXT] = p
    t = table[t + 1] << 2
    st[child + F_TYPE] = t
    st[S_TYPE] = t
    st[S_KIND] = table[t]
    if store:
        mark = st[S_W]
        if mark + 7 > st[S_CAPACITY]:
            st[S_RESULT] = E_SPACE
            return
        arena = ptr8(st[S_ARENA])
        arena[mark] = ((store - 1) << 3) | TAG_ARRAY
        arena[mark + 5] = st[S_CHILD] & 255
        arena[mark + 6] = st[S_CHILD] >> 8
        st[S_W] = mark + 7
        st[S_STORE] = 1  # the items' leaves are numbered from 0
    st[child + F_SLOT] = st[S_STORE]
    st[child + F_MARK] = mark
    return


@micropython.viper
def close(state):  # noqa: C901 the same
    """A bracket closes; the scanner has seen that it is of the right sort."""
    st = ptr32(state)
    frame = st[S_FRAME]
    if st[S_FREE]:
        st[S_FREE] -= 1
        st[S_BITS] >>= 1
        if st[S_FREE]:
            st[S_IN_ARRAY] = st[S_BITS] & 1
            return
        st[S_IN_ARRAY] = st[frame + F_ARRAY]
        if st[S_RAW]:
            st[S_RESULT] = DO_RAW
            return
        return
    seen = st[frame + F_SEEN]
    mark = st[frame + F_MARK]
    if st[frame + F_ARRAY]:
        if seen == 0:
            st[S_RESULT] = E_FEW
            return
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
            st[S_RESULT] = E_MISSING
            return
        if mark:
            arena = ptr8(st[S_ARENA])
            if st[S_W] == st[S_CAPACITY]:
                st[S_RESULT] = E_SPACE
                return
            arena[st[S_W]] = TAG_END
            st[S_W] += 1
    frame -= F_SIZE
    st[S_FRAME] = frame
    st[S_IN_ARRAY] = st[frame + F_ARRAY]
    if st[frame + F_ARRAY]:
        if frame == S_FRAMES:
            st[S_RESULT] = DO_PAYLOAD
            return
        table = ptr8(st[S_TABLE])
        st[S_TYPE] = st[frame + F_TYPE]
        st[S_KIND] = table[st[frame + F_TYPE]]
        st[S_STORE] = st[frame + F_SLOT]
        st[S_CHILD] = st[frame + F_NODE]
    return
