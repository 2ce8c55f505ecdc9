"""SHA-1 (RFC 3174) for the opening handshake, on boards whose hashlib has none (images without
TLS).

The protocol wants it as a check that the peer speaks WebSocket (RFC 6455, 4.2.2); nothing secret
depends on it.
"""

import micropython


@micropython.viper
def _block(state: ptr32, block: ptr8, w: ptr32):
    # The machine takes sums modulo 2**32; 32-bit constants are put together from small ones.
    i = 0
    while i < 80:
        if i < 16:
            j = i << 2
            w[i] = (block[j] << 24) | (block[j + 1] << 16) | (block[j + 2] << 8) | block[j + 3]
        else:
            x = uint(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16])
            w[i] = int((x << 1) | (x >> 31))
        i += 1
    a = uint(state[0])
    b = uint(state[1])
    c = uint(state[2])
    d = uint(state[3])
    e = uint(state[4])
    i = 0
    while i < 80:
        if i < 20:
            f = (b & c) | ((b ^ uint(-1)) & d)
            k = uint((0x5A82 << 16) | 0x7999)
        elif i < 40:
            f = b ^ c ^ d
            k = uint((0x6ED9 << 16) | 0xEBA1)
        elif i < 60:
            f = (b & c) | (b & d) | (c & d)
            k = uint((0x8F1B << 16) | 0xBCDC)
        else:
            f = b ^ c ^ d
            k = uint((0xCA62 << 16) | 0xC1D6)
        t = ((a << 5) | (a >> 27)) + f + e + k + uint(w[i])
        e = d
        d = c
        c = (b << 30) | (b >> 2)
        b = a
        a = t
        i += 1
    state[0] = state[0] + int(a)
    state[1] = state[1] + int(b)
    state[2] = state[2] + int(c)
    state[3] = state[3] + int(d)
    state[4] = state[4] + int(e)


_INITIAL = b"\x67\x45\x23\x01\xef\xcd\xab\x89\x98\xba\xdc\xfe\x10\x32\x54\x76\xc3\xd2\xe1\xf0"


def _swap(words):
    return bytes([words[i ^ 3] for i in range(20)])


class sha1:
    """As hashlib.sha1, for one piece of data of at most 8,191 bytes."""

    def __init__(self, data):
        size = len(data)
        bits = bytes((size >> 5, (size << 3) & 0xFF))
        data = data + b"\x80" + bytes(-(size + 9) % 64 + 6) + bits
        state = bytearray(_swap(_INITIAL))
        w = bytearray(320)
        for at in range(0, len(data), 64):
            _block(state, data[at : at + 64], w)
        self._digest = _swap(state)

    def digest(self):
        return self._digest
