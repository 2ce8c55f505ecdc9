#include "firmware/native/websocket/frames.h"

#include <string.h>

#include "firmware/native/websocket/faults.h"

enum { TEXT = 1, BINARY = 2, CONTROL = 8, CLOSE = 8, PING = 9, PONG = 10 };
enum { FINAL = 0x80, RESERVED = 0x70, OPCODE = 0x0F, MASKED = 0x80 };
enum { PROTOCOL_ERROR = 1002, UNSUPPORTED_DATA = 1003, NO_CODE = 1005, TOO_BIG = 1009 };

// What the next byte is. Zero: no connection yet.
enum { CLOSED, FIRST, SECOND, LENGTH, DATA, COLLECT };

void websocket_open(websocket_t *w, uint32_t most) {
    memset(w, 0, sizeof(*w));
    w->most = most;
    w->state = FIRST;
}

static int broken(websocket_t *w, int code, unsigned fault) {
    w->state = CLOSED;
    w->fault = fault;
    return -code;
}

static int first_byte(websocket_t *w, unsigned byte) {
    unsigned opcode = byte & OPCODE;
    if (byte & RESERVED) {
        return broken(w, PROTOCOL_ERROR, FAULT_RESERVED_BITS);
    }
    if (opcode == BINARY) {
        return broken(w, UNSUPPORTED_DATA, FAULT_BINARY);
    }
    if (opcode > PONG || (opcode > TEXT && opcode < CONTROL)) {
        return broken(w, PROTOCOL_ERROR, FAULT_OPCODE);
    }
    if (opcode & CONTROL) {
        if (!(byte & FINAL)) {
            return broken(w, PROTOCOL_ERROR, FAULT_CONTROL_FRAGMENT);
        }
    } else if ((opcode == 0) != w->in_message) {
        return broken(w, PROTOCOL_ERROR, FAULT_FRAGMENT_ORDER);
    }
    w->first = byte;
    w->state = SECOND;
    return WEBSOCKET_NONE;
}

static int valid_code(unsigned code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static int control_frame(websocket_t *w, const uint8_t *payload) {
    unsigned opcode = w->first & OPCODE;
    w->state = FIRST;
    if (opcode != CLOSE) {
        return opcode == PING ? WEBSOCKET_PING : WEBSOCKET_PONG;
    }
    w->state = CLOSED;
    w->code = NO_CODE;
    if (w->count > 0) {
        w->code = w->count == 1 ? 0 : payload[0] << 8 | payload[1];
        if (!valid_code(w->code)) {
            return broken(w, PROTOCOL_ERROR, FAULT_CLOSE_CODE);
        }
    }
    return WEBSOCKET_CLOSE;
}

// The header is complete, w->left is the frame's length.
static int begin(websocket_t *w) {
    unsigned opcode = w->first & OPCODE;
    if (opcode & CONTROL) {
        w->count = 0;
        w->state = COLLECT;
        return WEBSOCKET_NONE;
    }
    w->state = DATA;
    w->in_message = 1;
    if (opcode == TEXT) {
        w->total = 0;
    }
    w->total += w->left; // 2^25 at most
    if (w->total > w->most) {
        return broken(w, TOO_BIG, FAULT_TOO_BIG);
    }
    return opcode == TEXT ? WEBSOCKET_START : WEBSOCKET_NONE;
}

static int second_byte(websocket_t *w, unsigned byte) {
    if (byte & MASKED) {
        return broken(w, PROTOCOL_ERROR, FAULT_MASKED);
    }
    if ((w->first & CONTROL) && byte > 125) {
        return broken(w, PROTOCOL_ERROR, FAULT_CONTROL_LENGTH);
    }
    if (byte < 126) {
        w->left = byte;
        return begin(w);
    }
    w->left = 0;
    w->count = byte == 126 ? 2 : 8;
    w->state = LENGTH;
    return WEBSOCKET_NONE;
}

static int length_byte(websocket_t *w, unsigned byte) {
    if (w->count == 8 && byte & 0x80) {
        return broken(w, PROTOCOL_ERROR, FAULT_NEGATIVE_LENGTH);
    }
    // Looked at with each byte, it never leaves 32 bits.
    if (w->left >= 1 << 24 || (w->left << 8 | byte) > w->most) {
        return broken(w, TOO_BIG, FAULT_TOO_BIG);
    }
    w->left = w->left << 8 | byte;
    return --w->count ? WEBSOCKET_NONE : begin(w);
}

static int end_of_frame(websocket_t *w) {
    w->state = FIRST;
    w->in_message = !(w->first & FINAL);
    return w->in_message ? WEBSOCKET_NONE : WEBSOCKET_END;
}

static int piece(websocket_t *w) {
    uint32_t size = w->stop - w->at;
    if (size > w->left) {
        size = w->left;
    }
    w->start = w->at;
    w->end = w->at += size;
    w->left -= size;
    return WEBSOCKET_DATA;
}

int websocket_next(websocket_t *w, const uint8_t *rx, uint8_t *control, size_t room) {
    uint8_t *payload = control + WEBSOCKET_CONTROL_HEADER;
    int event = WEBSOCKET_NONE;
    while (event == WEBSOCKET_NONE && w->state != CLOSED) {
        if (w->state == DATA && w->left == 0) {
            event = end_of_frame(w);
        } else if (w->state == COLLECT && room < WEBSOCKET_CONTROL_HEADER + w->left) {
            event = WEBSOCKET_ROOM;
        } else if (w->state == COLLECT && w->count == w->left) {
            event = control_frame(w, payload);
        } else if (w->at >= w->stop) {
            break;
        } else if (w->state == DATA) {
            event = piece(w);
        } else {
            unsigned byte = rx[w->at++];
            if (w->state == FIRST) {
                event = first_byte(w, byte);
            } else if (w->state == SECOND) {
                event = second_byte(w, byte);
            } else if (w->state == LENGTH) {
                event = length_byte(w, byte);
            } else {
                payload[w->count++] = byte;
            }
        }
    }
    return event;
}

size_t websocket_header(websocket_t *w, uint8_t *end, unsigned opcode, uint32_t length, const uint8_t key[4]) {
    uint8_t *at = end - 4;
    memcpy(at, key, 4);
    memcpy(w->key, key, 4);
    w->turn = 0;
    unsigned coded = length < 126 ? length : length < 65536 ? 126 : 127;
    for (unsigned more = coded < 126 ? 0 : coded == 126 ? 2 : 8; more > 0; more--) {
        *--at = length;
        length >>= 8;
    }
    *--at = MASKED | coded;
    *--at = FINAL | opcode;
    return end - at;
}

void websocket_mask(websocket_t *w, uint8_t *from, const uint8_t *to) {
    while (from < to) {
        *from++ ^= w->key[w->turn++ & 3];
    }
}
