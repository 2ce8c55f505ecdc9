// firmware/native/wire for tests on the host: facts of a reader for shims/wire_core.py, and, with a main(), a program
// that reads messages and prints what became of each (test_wire_core.py).

#include "firmware/native/wire/wire.h"

enum { KIND, ID, ACTION, ERROR, SIZE, CERTAIN, BAD_UTF8, TEXT, FACTS };

size_t host_reader_size(void);
void host_facts(const wire_reader_t *r, int32_t facts[FACTS]);

size_t host_reader_size(void) {
    return sizeof(wire_reader_t);
}

void host_facts(const wire_reader_t *r, int32_t facts[FACTS]) {
    facts[KIND] = r->message;
    facts[ID] = r->id;
    facts[ACTION] = r->action;
    facts[ERROR] = wire_error_code(r);
    facts[SIZE] = r->size;
    facts[CERTAIN] = wire_is_certain(r);
    facts[BAD_UTF8] = r->bad_utf8;
    facts[TEXT] = r->text;
}

#ifdef WIRE_HOST_MAIN
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_tests/hex.h"

static const uint8_t EXPECTED[] = "x"; // id of the CALL whose answer is awaited
static wire_reader_t *reader;

// Everything that can be read back: the values of a record or message, those of their arrays too; -> a sum of it.
static unsigned walk(uint16_t *at, uint16_t end, unsigned node, unsigned depth) {
    unsigned sum = wire_slots(node);
    wire_value_t value;
    while (wire_value(reader, at, end, &value)) {
        sum = sum * 31 + value.tag + value.slot + (unsigned)value.number;
        if (value.tag == TAG_STRING) {
            for (uint16_t i = value.at; i < value.end; i++) {
                sum = sum * 31 + reader->arena[i];
            }
        }
        while (value.tag == TAG_ARRAY && depth < MAX_DEPTH && value.at < value.end) {
            sum = sum * 31 + walk(&value.at, value.end, value.node, depth + 1) + wire_is_scalar(value.node);
        }
    }
    return sum;
}

static void fields(void) {
    uint16_t at = 0, end = 0;
    unsigned node = wire_fields(reader, &at, &end);
    unsigned sum = node != 0 ? walk(&at, end, node, 0) : 0;
    wire_value_t array;
    for (unsigned slot = 0; slot < 32; slot++) {
        sum = sum * 31 + (wire_array(reader, slot, &array) ? array.count : 0);
    }
    printf(" %u", sum);
}

// Each piece lies alone, so that not a byte around it can be read unnoticed.
static void feed(const uint8_t *text, size_t n, size_t step) {
    for (size_t i = 0; i < n; i += step) {
        size_t piece = n - i < step ? n - i : step;
        uint8_t *copy = malloc(piece);
        memcpy(copy, text + i, piece);
        wire_feed(reader, copy, piece);
        free(copy);
    }
}

// Standard input: lines of "<size of the arena> <name id of the pending action> <size of a piece> <message in hex>".
int main(void) {
    static char hex[1 << 18];
    static uint8_t text[1 << 17];
    unsigned size, pending, step;
    reader = malloc(sizeof(*reader));
    while (scanf("%u %u %u %262143s", &size, &pending, &step, hex) == 4) {
        uint8_t *arena = malloc(size);
        int32_t facts[FACTS];
        char *detail = malloc(WIRE_DETAIL_MOST + 1);
        if (!wire_init(reader, arena, size)) {
            return 2;
        }
        wire_start(reader, pending);
        feed(text, from_hex(hex, text), step);
        wire_finish(reader, pending != 0 ? EXPECTED : NULL, 1);
        host_facts(reader, facts);
        for (unsigned i = 0; i < FACTS; i++) {
            printf("%d ", (int)facts[i]);
        }
        printf("[%.*s]", (int)wire_detail(reader, detail), detail);
        fields();
        printf("\n");
        free(detail);
        free(arena);
    }
    free(reader);
    return 0;
}
#endif
