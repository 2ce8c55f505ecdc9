// The message around the payload:
//
//   [2, id, action, payload], [3, id, payload], [4, id, code, description, details]

#include "firmware/native/wire/reader.h"

enum { ID_LENGTH = 36 }; // characters (OCPP-J 2.0.1, 4.1.4)

static wire_error_t message_type(wire_reader_t *r, wire_token_t token) {
    wire_number_t *number = &r->number;
    if (token != TOKEN_NUMBER || wire_normalize(number) != E_NONE || number->scale != 0 ||
        (number->flags & (FLAG_NEGATIVE | FLAG_INEXACT)) != 0) {
        return E_ENVELOPE;
    }
    r->message = number->mantissa;
    return E_NONE;
}

static wire_error_t message_id(wire_reader_t *r, wire_token_t token) {
    if (token == TOKEN_STRING) {
        if (r->n - r->continued > ID_LENGTH || r->n > r->limit) {
            return E_LONG_ID;
        }
        r->id = r->n;
        r->w += HEAD + r->n;
    } else if (token != TOKEN_NULL || r->message != WIRE_CALLERROR) {
        // null comes from CSMSs that could not read our message.
        return E_ID;
    }
    return r->message < WIRE_CALL || r->message > WIRE_CALLERROR ? E_MESSAGE : E_NONE;
}

// Whatever else a CALLERROR says, the call has failed: only its two texts are of interest.
static wire_error_t call_error(wire_reader_t *r, wire_token_t token, uint32_t position) {
    if (token == TOKEN_END) {
        return position < 3 ? E_ENVELOPE : E_NONE;
    }
    if (position == 2) {
        if (token != TOKEN_STRING) {
            return E_ENVELOPE;
        }
        r->action = wire_find(wire_gathered(r), r->n, FIRST_OTHER);
        return E_NONE;
    }
    if (token == TOKEN_STRING && position == 3) {
        r->text = r->n < r->limit ? r->n : r->limit;
    }
    r->kind = KIND_ANY;
    return E_NONE;
}

// The next element is the payload.
static wire_error_t expect_payload(wire_reader_t *r) {
    const uint16_t *action = &wire_table[AT_ACTIONS + 3 * (r->action - FIRST_ACTION)];
    unsigned shift = 8 * (r->message - WIRE_CALL);
    unsigned type = action[0] >> shift & 255;
    if (type == 0) {
        return E_ACTION;
    }
    r->type = type << 1;
    r->kind = KIND_OBJECT;
    r->store = 1;
    r->child = wire_table[AT_NODE_INDEX + (action[1] >> shift & 255)];
    return E_NONE;
}

wire_error_t wire_envelope(wire_reader_t *r, wire_token_t token) {
    uint32_t position = r->position++;
    uint32_t payload = r->message == WIRE_CALL ? 3 : 2;
    if (position == 0) {
        return message_type(r, token);
    }
    if (position == 1) {
        wire_error_t error = message_id(r, token);
        if (error != E_NONE || r->message != WIRE_CALLRESULT) {
            return error;
        }
        if (r->pending == 0) {
            return E_UNEXPECTED;
        }
        r->action = r->pending;
        return expect_payload(r);
    }
    if (r->message == WIRE_CALLERROR) {
        return call_error(r, token, position);
    }
    if (position == payload) { // not an object: that would not have come here
        return token == TOKEN_END ? E_ENVELOPE : E_PAYLOAD;
    }
    if (position > payload) {
        return token == TOKEN_END && position == payload + 1 ? E_NONE : E_ENVELOPE;
    }
    if (token != TOKEN_STRING) {
        return E_ENVELOPE;
    }
    r->action = wire_find(wire_gathered(r), r->n, FIRST_ACTION);
    return r->action != 0 ? expect_payload(r) : E_ACTION;
}
