// OCPP-J messages, read piece by piece against the tables of tools/schema: JSON, schema, the message around the
// payload. What is checked and what is kept is described in firmware/wire/README.md.
//
// Nothing here allocates, recurses on input or knows MicroPython: module.c does that.
#ifndef PILOTWIRE_WIRE_H
#define PILOTWIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tables/layout.h"

// Kinds of messages. 5 and 6 are those of OCPP 2.1.
enum { WIRE_BAD = 0, WIRE_CALL = 2, WIRE_CALLRESULT = 3, WIRE_CALLERROR = 4 };

enum {
    WIRE_ARENA_LEAST = 512,  // bytes
    WIRE_ARENA_MOST = 65535,
    WIRE_DETAIL_MOST = 100,  // bytes of wire_detail()
    WIRE_NUMBER_MOST = 21,   // bytes of wire_write_number()
    WIRE_DECIMALS_MOST = 18,
    WIRE_TIME_LENGTH = 20,   // bytes of wire_write_time()
};

// What is wrong with a message, in words and as RPC codes in faults.c.
typedef enum {
    E_NONE,
    E_SYNTAX, // from here on: the JSON itself
    E_CONTROL,
    E_UTF8,
    E_DEEP,
    E_SURROGATE,
    E_TRUNCATED,
    E_TYPE, // from here on: a field
    E_LONG,
    E_VALUE,
    E_RANGE,
    E_UNKNOWN_FIELD,
    E_TWICE,
    E_MISSING,
    E_FEW,
    E_MANY,
    E_SPACE,
    E_ENVELOPE, // from here on: the message around the payload
    E_MESSAGE,
    E_ACTION,
    E_PAYLOAD,
    E_UNEXPECTED,
    E_ID,
    E_LONG_ID,
} wire_error_t;

// One open object or array of the schema; the first is the message itself.
typedef struct {
    uint32_t seen; // of an object: bits of the fields seen; of an array: items so far
    uint16_t type; // of an object: where its fields are in the table; of an array: where its items' type is
    uint16_t node; // where its declaration is in the table, 0: nothing of it is kept
    uint16_t mark; // of an array: where its header is in the arena; of an object: 1: an item with an end mark
    uint16_t next; // of an object: the field to try first; of an array: most items, 0: any number
    uint16_t name; // of an object: name id of the field being read, for the report of an error
    uint8_t store; // of an object: 1 + slot of its first leaf; of an array: that of its items; 0: not kept
    bool is_array;
} wire_frame_t;

// A number as it is read: mantissa * 10 ** (scale +- exponent).
typedef struct {
    uint32_t mantissa;
    int32_t scale;
    uint32_t exponent;
    uint8_t part; // of the grammar (number.c)
    uint8_t flags;
} wire_number_t;

// Within a UTF-8 sequence: bytes to come, and the range of the next one.
typedef struct {
    uint8_t more, low, high;
} wire_utf8_t;

// A message that is being read may stop at any byte: all that has to be known then. Small members come first, because
// they are reached with short instructions there.
typedef struct {
    uint8_t mode; // what is expected next: M_* of reader.h
    uint8_t kind; // of the value that is expected: KIND_*
    uint8_t store; // 1 + its slot, 0: it is not kept
    uint8_t frame; // the innermost one
    uint8_t free; // levels within free JSON (customData, DataTransfer.data)
    bool in_array;
    bool is_key; // of the string that is being read
    uint8_t raw; // of a value that is kept as text: RAW_*
    uint8_t literal; // where in the words true, false, null
    uint8_t hex_left; // of \uXXXX: digits to come
    wire_utf8_t utf8;
    bool bad_utf8;
    uint8_t error; // the first: wire_error_t
    uint16_t w; // the arena's fill
    uint16_t capacity; // of the arena, for what is kept
    uint16_t limit; // of the string: how much of it is gathered at arena[w + HEAD]
    uint16_t type; // of the value that is expected: where in the table
    uint16_t child; // ... and its declaration
    uint16_t raw_length;
    uint16_t code; // of \uXXXX
    uint16_t high; // high surrogate that waits for its low one
    uint16_t action; // name id; of a CALLERROR: of its code
    uint16_t pending; // the action whose answer is awaited, 0: none
    uint16_t text; // of a CALLERROR: bytes of its description
    int16_t id; // bytes of the message id, -1: unreadable
    wire_number_t number;
    uint32_t n; // bytes of the string so far
    uint32_t continued; // ... of them those that continue a character
    uint32_t bits; // a bit for each level of free JSON: an array
    uint32_t position; // element of the message
    uint32_t message; // its kind
    uint32_t size; // bytes fed
    uint32_t at_error; // ... when the error was found
    uint8_t *arena;
    const uint8_t *buf; // what is being fed: buf[at:end]
    uint32_t at, end;
    uint32_t raw_from; // what of it is still to be kept as text
    wire_frame_t frames[MAX_DEPTH + 1];
} wire_reader_t;

// The arena must stay where it is. False: its size is none.
bool wire_init(wire_reader_t *r, uint8_t *arena, size_t size);
// A message begins; pending: name id of the action whose answer is awaited, or 0.
void wire_start(wire_reader_t *r, unsigned pending);
void wire_feed(wire_reader_t *r, const uint8_t *buf, size_t n);
// The message has ended; expected: the id of the CALL whose answer is awaited, NULL: none. -> kind
unsigned wire_finish(wire_reader_t *r, const uint8_t *expected, size_t n);
// The outcome is certain: what is fed now is only checked to be UTF-8.
bool wire_is_certain(const wire_reader_t *r);
const uint8_t *wire_id(const wire_reader_t *r);
const uint8_t *wire_text(const wire_reader_t *r); // description of a CALLERROR

// text.c. The next bytes of a text; false: it is not UTF-8 (RFC 3629). Within a character at its end: `more`, from 0 on.
bool wire_utf8(wire_utf8_t *u, const uint8_t *text, size_t n);

// faults.c: the error as name id of an RPC error code, and where and what it is, as ASCII; -> its length.
unsigned wire_error_code(const wire_reader_t *r);
size_t wire_detail(const wire_reader_t *r, char detail[WIRE_DETAIL_MOST + 1]);

// Accepted fields in the arena: tag, then what README.md says.
enum { TAG_INT, TAG_NUMBER, TAG_STRING, TAG_ARRAY, TAG_SHORT, TAG_BOOLEAN, TAG_END = 255 };

typedef struct {
    uint8_t tag;
    uint8_t slot;
    uint8_t decimals; // of TAG_NUMBER
    int32_t number; // the integer, mantissa, name id or boolean
    uint16_t at, end; // of TAG_STRING: arena[at:end]; of TAG_ARRAY: its elements
    uint16_t count; // of TAG_ARRAY: how many
    uint16_t node; // ... and their declaration in the table
} wire_value_t;

// records.c. The value at arena[*at], which moves on; false: there is none, or the record ends.
bool wire_value(const wire_reader_t *r, uint16_t *at, uint16_t end, wire_value_t *value);
// The fields of the whole message: arena[*at:*end]; -> their declaration in the table, 0: there are none.
unsigned wire_fields(const wire_reader_t *r, uint16_t *at, uint16_t *end);
// The array in a slot of the message; false: it has none there.
bool wire_array(const wire_reader_t *r, unsigned slot, wire_value_t *array);
unsigned wire_slots(unsigned node); // of a record or message
bool wire_is_scalar(unsigned node); // of an array: its elements are no records

// Wire names (names.c): ids from 1 to LAST_NAME.
size_t wire_name(unsigned id, uint8_t text[NAME_MOST]); // -> length
// The id of a name; 0: unknown. The second looks among those of a section, which begins at 1, FIRST_ACTION or
// FIRST_OTHER.
unsigned wire_name_id(const uint8_t *text, size_t n);
unsigned wire_find(const uint8_t *text, size_t n, unsigned section);

// For the writer. value / 10 ** decimals without trailing zeros; seconds since 2020 (1984 to 2088) as date-time;
// -> length.
size_t wire_write_number(uint8_t out[WIRE_NUMBER_MOST], int32_t value, unsigned decimals);
// Whether `text` is a date-time (RFC 3339), and which.
bool wire_read_time(const uint8_t *text, size_t n, int32_t *since_2020);
size_t wire_write_time(uint8_t out[WIRE_TIME_LENGTH], int32_t seconds);

// The tables, made by tools/schema.
extern const uint16_t wire_table[TABLE_LENGTH];
extern const uint8_t wire_letters[];
extern const uint16_t wire_pieces[];
extern const uint8_t wire_codes[];
extern const uint8_t wire_lengths[];
extern const uint16_t wire_starts[];

#endif
