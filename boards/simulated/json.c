// See json.h.

#include "json.h"

#include <string.h>

typedef struct {
    const char *at;
    const char *end;
} cursor_t;

static void skip_space(cursor_t *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) {
        c->at++;
    }
}

// Length of the UTF-8 sequence at `at`, 0 when it is none (overlong forms and surrogates are none).
unsigned json_utf8_length(const unsigned char *at, const unsigned char *end) {
    unsigned char lead = at[0];
    if (lead < 0x80) {
        return 1;
    }
    unsigned n = lead >= 0xc2 && lead < 0xe0 ? 2 : (lead & 0xf0) == 0xe0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    if (n == 0 || (size_t)(end - at) < n) {
        return 0;
    }
    for (unsigned i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] > 0x9f) || (lead == 0xf0 && at[1] < 0x90) || (lead == 0xf4 && at[1] > 0x8f)) {
        return 0;
    }
    return n;
}

int json_hex4(const char *at, const char *end) {
    if (end - at < 4) {
        return -1;
    }
    int code = 0;
    for (int i = 0; i < 4; i++) {
        char d = at[i];
        int v = d >= '0' && d <= '9' ? d - '0' : d >= 'a' && d <= 'f' ? d - 'a' + 10 : d >= 'A' && d <= 'F' ? d - 'A' + 10 : -1;
        if (v < 0) {
            return -1;
        }
        code = code * 16 + v;
    }
    return code;
}

static bool check_string(cursor_t *c) {
    c->at++;
    while (c->at < c->end) {
        unsigned char ch = (unsigned char)*c->at;
        if (ch == '"') {
            c->at++;
            return true;
        }
        if (ch < 0x20) {
            return false;
        }
        if (ch == '\\') {
            if (c->end - c->at < 2) {
                return false;
            }
            if (c->at[1] == 'u') {
                if (json_hex4(c->at + 2, c->end) < 0) {
                    return false;
                }
                c->at += 6;
            } else if (c->at[1] != 0 && strchr("\"\\/bfnrt", c->at[1])) {
                c->at += 2;
            } else {
                return false;
            }
        } else {
            unsigned n = json_utf8_length((const unsigned char *)c->at, (const unsigned char *)c->end);
            if (n == 0) {
                return false;
            }
            c->at += n;
        }
    }
    return false;
}

static bool digits(cursor_t *c) {
    const char *start = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
        c->at++;
    }
    return c->at > start;
}

static bool check_number(cursor_t *c) {
    if (*c->at == '-') {
        c->at++;
    }
    if (c->at < c->end && *c->at == '0') {
        c->at++;
    } else if (!digits(c)) {
        return false;
    }
    if (c->at < c->end && *c->at == '.') {
        c->at++;
        if (!digits(c)) {
            return false;
        }
    }
    if (c->at < c->end && (*c->at == 'e' || *c->at == 'E')) {
        c->at++;
        if (c->at < c->end && (*c->at == '+' || *c->at == '-')) {
            c->at++;
        }
        return digits(c);
    }
    return true;
}

static bool check_word(cursor_t *c, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0) {
        return false;
    }
    c->at += n;
    return true;
}

// Moves over one value; false leaves the cursor at what is wrong. The depth bounds the recursion.
static bool check_value(cursor_t *c, int depth) {
    skip_space(c);
    if (c->at == c->end || depth > JSON_DEPTH_MAX) {
        return false;
    }
    char open = *c->at;
    if (open == '{' || open == '[') {
        char close = open == '{' ? '}' : ']';
        c->at++;
        skip_space(c);
        if (c->at < c->end && *c->at == close) {
            c->at++;
            return true;
        }
        for (;;) {
            skip_space(c);
            if (open == '{') {
                if (c->at == c->end || *c->at != '"' || !check_string(c)) {
                    return false;
                }
                skip_space(c);
                if (c->at == c->end || *c->at != ':') {
                    return false;
                }
                c->at++;
            }
            if (!check_value(c, depth + 1)) {
                return false;
            }
            skip_space(c);
            if (c->at == c->end || (*c->at != ',' && *c->at != close)) {
                return false;
            }
            if (*c->at++ == close) {
                return true;
            }
        }
    }
    if (open == '"') {
        return check_string(c);
    }
    if (open == 't') {
        return check_word(c, "true");
    }
    if (open == 'f') {
        return check_word(c, "false");
    }
    if (open == 'n') {
        return check_word(c, "null");
    }
    return check_number(c);
}

bool json_parse(const char *text, size_t length, json_t *value, size_t *wrong_at) {
    cursor_t c = {text, text + length};
    skip_space(&c);
    const char *start = c.at;
    bool good = check_value(&c, 0);
    value->text = start;
    value->length = (size_t)(c.at - start);
    if (good) {
        skip_space(&c);
        good = c.at == c.end;
    }
    *wrong_at = (size_t)(c.at - text);
    return good;
}

bool json_is_object(json_t value) {
    return value.text && *value.text == '{';
}

bool json_is_array(json_t value) {
    return value.text && *value.text == '[';
}

bool json_is_string(json_t value) {
    return value.text && *value.text == '"';
}

bool json_is_null(json_t value) {
    return value.text && *value.text == 'n';
}

bool json_next(json_t container, size_t *rest, json_t *name, json_t *item) {
    cursor_t c = {container.text + (*rest ? *rest : 1), container.text + container.length};
    skip_space(&c);
    if (c.at < c.end && *c.at == ',') {
        c.at++;
        skip_space(&c);
    }
    if (c.at >= c.end || *c.at == '}' || *c.at == ']') {
        return false;
    }
    if (*container.text == '{') {
        const char *start = c.at;
        check_string(&c);
        if (name) {
            name->text = start;
            name->length = (size_t)(c.at - start);
        }
        skip_space(&c);
        c.at++; // the colon
        skip_space(&c);
    }
    item->text = c.at;
    check_value(&c, 0);
    item->length = (size_t)(c.at - item->text);
    *rest = (size_t)(c.at - container.text);
    return true;
}

json_t json_member(json_t object, const char *wanted) {
    json_t name, item;
    char decoded[64];
    size_t rest = 0;
    while (json_next(object, &rest, &name, &item)) {
        if (json_string(name, decoded, sizeof(decoded)) >= 0 && strcmp(decoded, wanted) == 0) {
            return item;
        }
    }
    return (json_t) {NULL, 0};
}

bool json_bool(json_t value, bool *result) {
    if (!value.text || (*value.text != 't' && *value.text != 'f')) {
        return false;
    }
    *result = *value.text == 't';
    return true;
}
