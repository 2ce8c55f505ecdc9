// firmware/native/json_out for tests on the host. What the writer asks of its objects goes to functions that
// shims/json_out.py sets, or, with a main(), to those here: a program that writes messages (test_json_out.py).

#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>

#include "firmware/native/json_out/json_out.h"

// Functions that fail set `failed`.
typedef struct {
    const void *(*slot)(const void *slots, unsigned slot);
    const void *(*iterate)(const void *object);
    const void *(*next)(const void *items);
    int32_t (*integer)(const void *object);
    bool (*is_true)(const void *object);
    int (*sort)(const void *object);
    const uint8_t *(*text)(const void *object, size_t *n);
    int failed;
} host_objects_t;

size_t host_json_out_size(void);
int64_t host_json_out_count(json_out_t *o, host_objects_t *objects);
int64_t host_json_out_fill(json_out_t *o, host_objects_t *objects);

static host_objects_t *host;
static jmp_buf *way_out;

void json_out_refuse(void) {
    longjmp(*way_out, 1);
}

static void judge(void) {
    if (host->failed) {
        json_out_refuse();
    }
}

const void *json_out_slot(const void *slots, unsigned slot) {
    const void *found = host->slot(slots, slot);
    judge();
    return found;
}

const void *json_out_iterate(const void *object) {
    const void *found = host->iterate(object);
    judge();
    return found;
}

const void *json_out_next(const void *items) {
    const void *found = host->next(items);
    judge();
    return found;
}

int32_t json_out_integer(const void *object) {
    int32_t found = host->integer(object);
    judge();
    return found;
}

bool json_out_true(const void *object) {
    bool found = host->is_true(object);
    judge();
    return found;
}

int json_out_sort(const void *object) {
    int found = host->sort(object);
    judge();
    return found;
}

const uint8_t *json_out_text(const void *object, size_t *n) {
    const uint8_t *found = host->text(object, n);
    judge();
    return found;
}

size_t host_json_out_size(void) {
    return sizeof(json_out_t);
}

// -1: it was refused. An object may use a writer while it is asked.
static int64_t guarded(uint32_t (*what)(json_out_t *), json_out_t *o, host_objects_t *objects) {
    jmp_buf here;
    jmp_buf *volatile outer = way_out;
    host_objects_t *volatile others = host;
    volatile int64_t found = -1;
    objects->failed = 0;
    host = objects;
    way_out = &here;
    if (setjmp(here) == 0) {
        found = what(o);
    }
    way_out = outer;
    host = others;
    return found;
}

int64_t host_json_out_count(json_out_t *o, host_objects_t *objects) {
    return guarded(json_out_count, o, objects);
}

int64_t host_json_out_fill(json_out_t *o, host_objects_t *objects) {
    return guarded(json_out_fill, o, objects);
}

#ifdef JSON_OUT_HOST_MAIN
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_tests/hex.h"

// An object. Each lies alone, so that not a byte around it can be read unnoticed; so do its text and its items.
typedef struct object {
    char sort; // as it is written, see main()
    int64_t number;
    size_t n;
    uint8_t *text;
    struct object **items;
    struct object *of; // of '*', an iterator: what it goes through
    struct object *older;
} object_t;

static object_t *newest;
static json_out_t *writer;

static object_t *new_object(char sort) {
    object_t *object = calloc(1, sizeof(*object));
    object->sort = sort;
    object->older = newest;
    newest = object;
    return object;
}

static void free_objects(void) {
    while (newest != NULL) {
        object_t *object = newest;
        newest = object->older;
        free(object->text);
        free(object->items);
        free(object);
    }
}

static const object_t *fail(void) {
    host->failed = 1;
    return NULL;
}

static bool has_items(const object_t *object) {
    return object->sort == '(' || object->sort == '[';
}

static const void *slot_of(const void *slots, unsigned slot) {
    const object_t *object = slots;
    if (!has_items(object)) {
        return fail();
    }
    return slot < object->n && object->items[slot]->sort != '-' ? object->items[slot] : NULL;
}

static const void *iterate(const void *object) {
    object_t *iterator = new_object('*');
    iterator->of = (object_t *)object;
    return has_items(object) ? iterator : fail();
}

static const void *next_of(const void *items) {
    object_t *iterator = (object_t *)items;
    while (iterator->n < iterator->of->n) {
        object_t *item = iterator->of->items[iterator->n++];
        if (item->sort == 'o') { // every second time it is not there
            if (item->number++ % 2 != 0) {
                continue;
            }
            item = item->items[0];
        }
        if (item->sort == 'x') {
            return fail();
        }
        if (item->sort != 'e') {
            return item->sort != '-' ? item : NULL;
        }
        // The writer is used while it waits for an item.
        host_objects_t again = *host;
        json_out_begin(writer, WIRE_CALL, item->items[0], wire_name_id((const uint8_t *)"Heartbeat", 9), item->items[1]);
        for (int64_t i = item->number; i > 0; i--) {
            host_json_out_count(writer, &again);
        }
        if (item->number > 2) {
            host_json_out_fill(writer, &again);
        }
    }
    return NULL;
}

static int32_t integer_of(const void *value) {
    const object_t *object = value;
    if (strchr("in+!", object->sort) == NULL || object->number != (int32_t)object->number) {
        fail();
        return 0;
    }
    return object->number;
}

static bool is_true(const void *value) {
    const object_t *object = value;
    return object->number != 0 || object->n != 0;
}

static int sort_of(const void *value) {
    switch (((const object_t *)value)->sort) {
        case 'i':
        case 'n':
            return JSON_OUT_NAME;
        case '(':
            return JSON_OUT_PIECES;
    }
    return JSON_OUT_TEXT;
}

static const uint8_t *text_of(const void *value, size_t *n) {
    const object_t *object = value;
    *n = object->n;
    if (object->sort != 't') {
        fail();
    }
    return object->text;
}

static host_objects_t objects = { slot_of, iterate, next_of, integer_of, is_true, sort_of, text_of, 0 };

static object_t *parse(char **at) {
    object_t *object = new_object(*(*at)++);
    char *end;
    switch (object->sort) {
        case '+':
            object->number = 1;
            break;
        case 'i':
        case 'e':
            object->number = strtoll(*at, at, 10);
            break;
        case 'n':
            end = strchr(*at, ';');
            object->number = wire_name_id((const uint8_t *)*at, end - *at);
            *at = end;
            break;
        case 't':
            end = strchr(*at, ';');
            *end = 0;
            object->text = malloc((end - *at) / 2 + 1);
            object->n = from_hex(*at, object->text);
            object->text = realloc(object->text, object->n + (object->n == 0));
            *at = end;
            break;
    }
    if (strchr("int", object->sort) != NULL) {
        (*at)++; // the semicolon
    }
    if (strchr("([oe", object->sort) != NULL) {
        size_t most = object->sort == 'o' ? 1 : object->sort == 'e' ? 2 : SIZE_MAX;
        while (object->n < most && **at != ')' && **at != ']') {
            object->items = realloc(object->items, (object->n + 1) * sizeof(object_t *));
            object_t *item = parse(at);
            object->items[object->n++] = item;
        }
        *at += most == SIZE_MAX;
    }
    return object;
}

static void write(unsigned size, unsigned message, object_t *id, unsigned name, object_t *slots) {
    uint8_t *buffer = malloc(size);
    int64_t length = 0, n = 0, sent = 0;
    if (!json_out_init(writer, buffer, size)) {
        printf("too small\n");
    } else if (!json_out_begin(writer, message, id, name, slots)) {
        printf("not declared\n");
    } else {
        while (length == 0) {
            length = host_json_out_count(writer, &objects);
        }
        while (length > 0 && sent < length) {
            n = host_json_out_fill(writer, &objects);
            if (n <= 0) {
                break;
            }
            for (int64_t i = 0; i < n; i++) {
                printf("%02x", buffer[i]);
            }
            sent += n;
        }
        if (sent > length && length >= 0) {
            abort();
        }
        printf(" %s\n", length < 0 || n < 0 ? "refused" : n == 0 ? "differs" : "sent");
        // It is over: nothing of it can be had any more.
        if (sent == length && host_json_out_fill(writer, &objects) > 0) {
            abort();
        }
    }
    free(buffer);
}

// Standard input: lines of "<size of the buffer> <kind of message> <action or error code> <object: id> <object: slots>".
// Objects: - None, + True, ! False, i12; t<hex>; n<name>; (...) tuple and [...] list of objects. Items of those: x, which
// fails; o<object>, which is there every second time; e3<id><slots>, which uses the writer itself.
int main(void) {
    char *line = NULL;
    size_t room = 0;
    writer = malloc(sizeof(*writer));
    while (getline(&line, &room, stdin) > 0) {
        unsigned size, message;
        int at;
        char name[NAME_MOST + 1];
        char *rest;
        object_t *id;
        if (sscanf(line, "%u %u %34s %n", &size, &message, name, &at) != 3) {
            return 2;
        }
        rest = line + at;
        id = parse(&rest);
        rest += strspn(rest, " ");
        write(size, message, id, wire_name_id((const uint8_t *)name, strlen(name)), parse(&rest));
        free_objects();
    }
    free(writer);
    free(line);
    return 0;
}
#endif
