// Errors of the reader: as RPC codes (OCPP-J 2.0.1, 4.3), and in words with the place.

#include <string.h>

#include "firmware/native/wire/reader.h"
#include "tables/names.h"

static const struct {
    uint16_t code;
    const char *text;
} FAULTS[] = {
    [E_SYNTAX] = { NAME_FORMAT_VIOLATION, "not JSON" },
    [E_CONTROL] = { NAME_FORMAT_VIOLATION, "control character in a string" },
    [E_UTF8] = { NAME_FORMAT_VIOLATION, "not UTF-8" },
    [E_DEEP] = { NAME_FORMAT_VIOLATION, "nested too deep" },
    [E_SURROGATE] = { NAME_FORMAT_VIOLATION, "lone surrogate" },
    [E_TRUNCATED] = { NAME_FORMAT_VIOLATION, "the message ends too early" },
    [E_TYPE] = { NAME_TYPE_CONSTRAINT_VIOLATION, "wrong type" },
    [E_LONG] = { NAME_PROPERTY_CONSTRAINT_VIOLATION, "too long" },
    [E_VALUE] = { NAME_PROPERTY_CONSTRAINT_VIOLATION, "not one of its values" },
    [E_RANGE] = { NAME_PROPERTY_CONSTRAINT_VIOLATION, "out of range" },
    [E_UNKNOWN_FIELD] = { NAME_FORMAT_VIOLATION, "unknown field" },
    [E_TWICE] = { NAME_FORMAT_VIOLATION, "given twice" },
    [E_MISSING] = { NAME_OCCURRENCE_CONSTRAINT_VIOLATION, "missing" },
    [E_FEW] = { NAME_OCCURRENCE_CONSTRAINT_VIOLATION, "has no element" },
    [E_MANY] = { NAME_OCCURRENCE_CONSTRAINT_VIOLATION, "has too many elements" },
    [E_SPACE] = { NAME_FORMAT_VIOLATION, "the request is too large" },
    [E_ENVELOPE] = { NAME_RPC_FRAMEWORK_ERROR, "not [type, id, ...] as OCPP-J wants it" },
    [E_MESSAGE] = { NAME_MESSAGE_TYPE_NOT_SUPPORTED, "unknown message type" },
    [E_ACTION] = { NAME_NOT_IMPLEMENTED, "unknown action" },
    [E_PAYLOAD] = { NAME_PROTOCOL_ERROR, "the payload is no object" },
    [E_UNEXPECTED] = { NAME_RPC_FRAMEWORK_ERROR, "no such request was sent" },
    [E_ID] = { NAME_RPC_FRAMEWORK_ERROR, "the message id can't be read" },
    [E_LONG_ID] = { NAME_FORMAT_VIOLATION, "the message id is over 36 characters" },
};

enum { TOKEN_MOST = 40 }; // bytes of a key or text in a detail

// Text that is written from its end towards its beginning; what has no room any more is dropped.
typedef struct {
    char *text;
    size_t at;
    bool is_cut;
} tail_t;

static void before(tail_t *tail, const void *text, size_t n) {
    size_t kept = n < tail->at ? n : tail->at;
    tail->is_cut |= kept < n;
    tail->at -= kept;
    memcpy(tail->text + tail->at, (const char *)text + n - kept, kept);
}

static void text_before(tail_t *tail, const char *text) {
    before(tail, text, strlen(text));
}

static void number_before(tail_t *tail, uint32_t number) {
    do {
        char digit = '0' + number % 10;
        before(tail, &digit, 1);
        number /= 10;
    } while (number != 0);
}

static void name_before(tail_t *tail, unsigned id) {
    uint8_t name[NAME_MOST];
    before(tail, name, wire_name(id, name));
}

// The last key or text if it is plain ASCII.
static void token_before(const wire_reader_t *r, tail_t *tail) {
    const uint8_t *text = wire_gathered(r);
    size_t n = r->n < TOKEN_MOST ? r->n : TOKEN_MOST;
    for (size_t i = 0; i < n; i++) {
        if (text[i] <= 32 || text[i] >= 127) {
            text_before(tail, "?");
            return;
        }
    }
    before(tail, text, n);
}

static unsigned missing(const wire_frame_t *object) {
    const uint16_t *field = &wire_table[object->type + 1];
    for (uint32_t seen = object->seen; seen & 1; seen >>= 1) {
        field++;
    }
    return *field & 255;
}

// One of the objects and arrays that are open.
static void place_before(const wire_reader_t *r, unsigned i, tail_t *tail) {
    const wire_frame_t *frame = &r->frames[i];
    if (frame->is_array) {
        text_before(tail, "]");
        number_before(tail, frame->seen != 0 ? frame->seen - 1 : 0);
        text_before(tail, "[");
        return;
    }
    if (i == r->frame && r->error == E_UNKNOWN_FIELD) {
        token_before(r, tail);
    } else if (i == r->frame && r->error == E_MISSING) {
        name_before(tail, missing(frame));
    } else if (frame->name != 0) {
        name_before(tail, frame->name);
    } else {
        return;
    }
    text_before(tail, ".");
}

unsigned wire_error_code(const wire_reader_t *r) {
    if (r->error != E_NONE && r->error <= E_TRUNCATED) {
        if (r->position < (r->message == WIRE_CALL ? 3 : 2)) {
            return NAME_RPC_FRAMEWORK_ERROR;
        }
    } else if (r->error == E_SPACE) {
        for (unsigned i = 1; i <= r->frame; i++) {
            if (r->frames[i].is_array && r->frames[i].seen > 1) {
                return NAME_OCCURRENCE_CONSTRAINT_VIOLATION; // B06.FR.16; else B06.FR.17
            }
        }
    }
    return FAULTS[r->error].code;
}

size_t wire_detail(const wire_reader_t *r, char detail[WIRE_DETAIL_MOST + 1]) {
    const char *text = FAULTS[r->error].text;
    tail_t tail = { detail, WIRE_DETAIL_MOST + 1, false }; // a path begins with a point, which is left out
    size_t n;
    if (r->error == E_NONE) {
        return 0;
    }
    if (r->error <= E_TRUNCATED) {
        text_before(&tail, ")");
        number_before(&tail, r->at_error);
        text_before(&tail, " (byte ");
    } else if (r->error == E_ACTION) {
        token_before(r, &tail);
        text_before(&tail, " ");
    }
    text_before(&tail, text);
    if (r->error >= E_TYPE && r->error < E_ENVELOPE) {
        text_before(&tail, ": ");
        for (unsigned i = r->frame; i != 0; i--) {
            place_before(r, i, &tail);
        }
        if (!tail.is_cut && detail[tail.at] == '.') {
            tail.at++;
        }
    }
    n = WIRE_DETAIL_MOST + 1 - tail.at;
    memmove(detail, detail + tail.at, n);
    if (n > WIRE_DETAIL_MOST) { // the end of it is what matters
        n = WIRE_DETAIL_MOST;
        memmove(detail, detail + 1, n);
        memcpy(detail, "...", 3);
    }
    return n;
}
