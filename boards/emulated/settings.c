#include "settings.h"

#include <string.h>

#include "semihosting.h"

#define PATH_MAX (200)
#define END (-1)

static int file = -1;
static size_t file_length;

// Reading byte by byte, through a small buffer.
typedef struct {
    size_t offset;
    size_t filled;
    size_t taken;
    char buffer[128];
} reader_t;

void settings_open(void) {
    char path[PATH_MAX];
    if (semihosting_command_line(path, sizeof(path))) {
        file = semihosting_open(path, SEMIHOSTING_READ);
    }
    long length = file < 0 ? 0 : semihosting_length(file);
    file_length = length < 0 ? 0 : (size_t)length;
}

static int next(reader_t *reader) {
    if (reader->taken == reader->filled) {
        size_t left = file_length - reader->offset;
        reader->filled = left < sizeof(reader->buffer) ? left : sizeof(reader->buffer);
        reader->taken = 0;
        if (reader->filled == 0 || !semihosting_read_at(file, reader->offset, reader->buffer, reader->filled)) {
            reader->filled = 0;
            return END;
        }
        reader->offset += reader->filled;
    }
    return (unsigned char)reader->buffer[reader->taken++];
}

static int digit(int c) {
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static void copy_value(reader_t *reader, char *value, size_t size, size_t *length) {
    *length = 0;
    for (int c = next(reader); c != '\n' && c != END; c = next(reader)) {
        if (c == '%') {
            int high = digit(next(reader));
            c = high << 4 | digit(next(reader));
        }
        if (*length < size) {
            value[*length] = (char)c;
        }
        ++*length;
    }
}

bool settings_next(const char *name, size_t *offset, char *value, size_t size, size_t *length) {
    reader_t reader = { .offset = *offset };
    for (;;) {
        const char *expected = name;
        int c = next(&reader);
        while (*expected != 0 && c == *expected) {
            expected++;
            c = next(&reader);
        }
        if (*expected == 0 && c == '=') {
            copy_value(&reader, value, size, length);
            *offset = reader.offset - reader.filled + reader.taken;
            return true;
        }
        while (c != '\n' && c != END) {
            c = next(&reader);
        }
        if (c == END) {
            return false;
        }
    }
}

const char *settings_text(const char *name, char *value, size_t size) {
    size_t offset = 0, length = 0;
    if (!settings_next(name, &offset, value, size - 1, &length)) {
        length = 0;
    }
    value[length < size ? length : size - 1] = 0;
    return value;
}

uint32_t settings_number(const char *name, uint32_t otherwise) {
    char text[12];
    settings_text(name, text, sizeof(text));
    uint32_t number = 0;
    for (const char *at = text; *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (uint32_t)(*at - '0');
    }
    return text[0] == 0 ? otherwise : number;
}
