#include "firmware/native/websocket/upgrade.h"

#include <string.h>

#include "firmware/native/websocket/faults.h"

// ---- the digest

static uint32_t rotated(uint32_t word, unsigned bits) {
    return word << bits | word >> (32 - bits);
}

static void digest_block(uint32_t state[5], const uint8_t *block) {
    static const uint32_t constants[4] = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
    uint32_t words[16]; // the last ones of the 80
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (unsigned i = 0; i < 80; i++) {
        uint32_t *word = &words[i & 15];
        if (i < 16) {
            *word = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
        } else {
            *word = rotated(*word ^ words[(i - 14) & 15] ^ words[(i - 8) & 15] ^ words[(i - 3) & 15], 1);
        }
        unsigned round = i / 20;
        uint32_t mix = round == 0 ? (b & c) | (~b & d) : round == 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
        mix += rotated(a, 5) + e + constants[round] + *word;
        e = d;
        d = c;
        c = rotated(b, 30);
        b = a;
        a = mix;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void upgrade_digest(const uint8_t key[24], uint8_t digest[20]) {
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    // 60 bytes of text are 480 bits: two blocks, with the end mark and the length.
    uint8_t blocks[128] = {[60] = 0x80, [126] = 480 >> 8, [127] = 480 & 255};
    memcpy(blocks, key, 24);
    memcpy(blocks + 24, guid, 36);
    digest_block(state, blocks);
    digest_block(state, blocks + 64);
    for (unsigned i = 0; i < 20; i++) {
        digest[i] = state[i / 4] >> (24 - i % 4 * 8);
    }
}

// ---- the answer

typedef struct {
    const uint8_t *from, *to;
} text_t;

static int blank(uint8_t c) {
    return c == ' ' || c == '\t';
}

static text_t stripped(text_t t) {
    while (t.from < t.to && blank(*t.from)) {
        t.from++;
    }
    while (t.from < t.to && blank(t.to[-1])) {
        t.to--;
    }
    return t;
}

// Whether the text is `word`, which is in lower case.
static int is(text_t t, const char *word) {
    for (; t.from < t.to; t.from++, word++) {
        uint8_t c = *t.from;
        if (c >= 'A' && c <= 'Z') {
            c |= 0x20;
        }
        if (c == 0 || c != (uint8_t)*word) {
            return 0;
        }
    }
    return *word == 0;
}

// The text up to `mark`, or all of it.
static text_t before(text_t t, uint8_t mark) {
    const uint8_t *found = t.from < t.to ? memchr(t.from, mark, t.to - t.from) : NULL;
    if (found != NULL) {
        t.to = found;
    }
    return t;
}

static int lists_upgrade(text_t list) {
    for (;;) {
        text_t item = before(list, ',');
        if (is(stripped(item), "upgrade")) {
            return 1;
        }
        if (item.to == list.to) {
            return 0;
        }
        list.from = item.to + 1;
    }
}

// HTTP-version SP status-code SP reason
static int status_line(upgrade_t *u, text_t line) {
    unsigned status = 0;
    for (unsigned i = 9; i < 12; i++) {
        unsigned digit = line.to - line.from > 11 ? (unsigned)line.from[i] - '0' : 10;
        if (digit > 9) {
            return -FAULT_STATUS_LINE;
        }
        status = 10 * status + digit;
    }
    if (status < 100) {
        return -FAULT_STATUS_LINE;
    }
    u->status = status;
    return 0;
}

static int header(upgrade_t *u, uint8_t *front, text_t line) {
    text_t name = before(line, ':');
    if (name.to == line.to) {
        return -FAULT_HEADER;
    }
    text_t value = stripped((text_t) {name.to + 1, line.to});
    size_t size = value.to - value.from;
    int switching = u->status == UPGRADE_SWITCHING;
    if (is(name, switching ? "sec-websocket-protocol" : "location")) {
        memmove(front, value.from, size);
        u->kept = size;
    } else if (switching) {
        if (is(name, "upgrade")) {
            u->checks |= is(value, "websocket") ? UPGRADE_TO_WEBSOCKET : 0;
        } else if (is(name, "connection")) {
            u->checks |= lists_upgrade(value) ? UPGRADE_CONNECTION : 0;
        } else if (is(name, "sec-websocket-accept")) {
            u->checks |= size == 28 && memcmp(value.from, u->accept, 28) == 0 ? UPGRADE_ACCEPTED : 0;
        } else if (is(name, "sec-websocket-extensions") && size > 0) {
            return -FAULT_EXTENSION;
        }
    }
    return 0;
}

// The headers have ended, or the connection has.
static int verdict(const upgrade_t *u, int complete) {
    unsigned status = u->status;
    if (status == 0 || (status == UPGRADE_SWITCHING && !complete)) {
        return -FAULT_CLOSED;
    }
    if (status == UPGRADE_SWITCHING) {
        unsigned both = UPGRADE_TO_WEBSOCKET | UPGRADE_CONNECTION;
        return (u->checks & both) != both ? -FAULT_UPGRADE : u->checks == both ? -FAULT_ACCEPT : 1;
    }
    if (status >= 500) {
        return -FAULT_TROUBLE;
    }
    switch (status) {
        case 401:
            return -FAULT_CREDENTIALS;
        case 403:
            return -FAULT_FORBIDDEN;
        case 404:
            return -FAULT_UNKNOWN;
    }
    return status / 100 == 3 ? -FAULT_REDIRECT : -FAULT_REFUSED;
}

int upgrade_feed(upgrade_t *u, uint8_t *line, size_t room, const uint8_t **at, const uint8_t *end) {
    static const char http[] = "HTTP/1.";
    if (*at == end) {
        return verdict(u, 0);
    }
    while (*at < end) {
        uint8_t c = *(*at)++;
        if (++u->total > UPGRADE_MOST) {
            return -FAULT_NO_END;
        }
        uint8_t *start = line + u->kept; // a value that is kept was a part of a line: it fits
        if (c != '\n') {
            if (u->status == 0 && u->size < sizeof(http) - 1 && c != (uint8_t)http[u->size]) {
                return -FAULT_NO_HTTP;
            }
            if (u->kept + u->size < room) {
                start[u->size] = c;
            }
            u->size++;
            continue;
        }
        text_t whole = {start, start + u->size};
        if (u->kept + u->size > room) {
            whole.to = line + room;
        }
        u->size = 0;
        if (whole.to > whole.from && whole.to[-1] == '\r') {
            whole.to--;
        }
        if (u->status != 0 && whole.from == whole.to) {
            return verdict(u, 1);
        }
        int fault = u->status == 0 ? status_line(u, whole) : header(u, line, whole);
        if (fault != 0) {
            return fault;
        }
    }
    return 0;
}
