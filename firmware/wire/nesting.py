"""The schema walk, continued: brackets (see schema.py)."""

import micropython
from micropython import const
from tables.layout import KIND_ANY, KIND_ARRAY, KIND_OBJECT

from wire.constants import (
    DO_OPEN,
    DO_RAW,
    E_DEEP,
    E_FEW,
    E_MANY,
    E_MISSING,
    E_PAYLOAD,
    E_SPACE,
    E_TYPE,
    F_ARRAY,
    F_MARK,
    F_NAME,
    F_NEXT,
    F_NODE,
    F_SEEN,
    F_SIZE,
    F_SLOT,
    F_TYPE,
    KIND_ENVELOPE,
    S_ARENA,
    S_BITS,
    S_CAPACITY,
    S_CHILD,
    S_FRAME,
    S_FRAMES,
    S_FREE,
    S_IN_ARRAY,
    S_KIND,
    S_POSITION,
    S_RAW,
    S_RESULT,
    S_STORE,
    S_TABLE,
    S_TOKEN,
    S_TYPE,
    S_W,
    TAG_ARRAY,
    TAG_END,
)

_DEEPEST = const(30)  # levels in customData or other free JSON


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
    table = ptr16(st[S_TABLE])
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
    p = table[t + 1]
    if array == 0:
        st[child + F_TYPE] = p
        st[child + F_NEXT] = 0
        st[child + F_SLOT] = store - 1
        st[child + F_MARK] = mark
        return
    st[child + F_NEXT] = p
    t = (table[t] >> 8) << 1
    st[child + F_TYPE] = t
    st[S_TYPE] = t
    st[S_KIND] = table[t] & 255
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
        table = ptr16(st[S_TABLE])
        needed = (1 << (table[st[frame + F_TYPE]] >> 8)) - 1
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
        if frame == S_FRAMES:  # this was the payload
            st[S_KIND] = KIND_ENVELOPE
            st[S_POSITION] += 1
            return
        table = ptr16(st[S_TABLE])
        st[S_TYPE] = st[frame + F_TYPE]
        st[S_KIND] = table[st[frame + F_TYPE]] & 255
        st[S_STORE] = st[frame + F_SLOT]
        st[S_CHILD] = st[frame + F_NODE]
    return
