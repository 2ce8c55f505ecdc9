// The names of an image in little ROM, in place of the functions of MicroPython's py/qstr.c, which are replaced at link
// time (micropython.mk); nothing is patched.
//
// What a name costs there (a pointer, a hash, a length and the text: 17 bytes on average) is for looking texts up. The
// virtual machine compares numbers. So only texts that someone can read or ask for are kept, without pointers; tools/names
// finds out which. A name without a text shows as ~ and its number, _~ if it begins with an underscore:
// `python -m tools.readable_log` says which name that is.

#include <string.h>

#include "py/qstr.h"
#include "py/runtime.h"

#include "firmware/native/names.h"

#define HASH_MASK ((1 << (8 * MICROPY_QSTR_BYTES_IN_HASH)) - 1)
_Static_assert(HASH_MASK == 0xff, "names_hashes holds bytes");

// A name that a program has made at run time: there are few, if any.
typedef struct _names_added_t {
    struct _names_added_t *next;
    size_t len;
    char text[];
} names_added_t;

MP_REGISTER_ROOT_POINTER(struct _names_added_t *names_added);

void __wrap_qstr_init(void);
qstr __wrap_qstr_find_strn(const char *str, size_t len);
qstr __wrap_qstr_from_str(const char *str);
qstr __wrap_qstr_from_strn(const char *str, size_t len);
mp_uint_t __wrap_qstr_hash(qstr q);
size_t __wrap_qstr_len(qstr q);
const char *__wrap_qstr_str(qstr q);
const byte *__wrap_qstr_data(qstr q, size_t *len);
void __wrap_qstr_pool_info(size_t *n_pool, size_t *n_qstr, size_t *n_str_data_bytes, size_t *n_total_bytes);
const byte *__wrap_mp_decode_uint_skip(const byte *ptr);

static size_t gap(void) {
    return names.anonymous_end - names.vm;
}

static const char *entry_text(size_t index) {
    const char *text = &names_texts[names_starts[index / NAMES_STEP]];
    for (index %= NAMES_STEP; index > 0; index--) {
        text += strlen(text) + 1;
    }
    return text;
}

// What stands for a text; it is good until the next call.
static const char *number_text(qstr q, bool is_private) {
    static char shown[sizeof("_~65535")];
    char *at = &shown[sizeof(shown) - 1];
    do {
        *--at = '0' + q % 10;
        q /= 10;
    } while (q != 0);
    *--at = '~';
    if (is_private) {
        *--at = '_';
    }
    return at;
}

static names_added_t *added_name(qstr q) {
    names_added_t *added = MP_STATE_VM(names_added);
    for (; q > names.end; q--) {
        added = added->next;
    }
    return added;
}

void __wrap_qstr_init(void) {
    MP_STATE_VM(names_added) = NULL;
}

qstr __wrap_qstr_find_strn(const char *str, size_t len) {
    if (len == 0) {
        return MP_QSTR_;
    }
    const uint8_t *entry = names_hashes;
    const uint8_t *end = &names_hashes[names.end - gap()];
    uint8_t hash = qstr_compute_hash((const byte *)str, len);
    for (; (entry = memchr(entry, hash, end - entry)) != NULL; entry++) {
        size_t index = entry - names_hashes;
        const char *text = entry_text(index);
        if (strlen(text) == len && memcmp(text, str, len) == 0) {
            return index < names.vm ? index : index + gap();
        }
    }
    qstr q = names.end;
    for (names_added_t *added = MP_STATE_VM(names_added); added != NULL; added = added->next, q++) {
        if (added->len == len && memcmp(added->text, str, len) == 0) {
            return q;
        }
    }
    return MP_QSTRnull;
}

qstr __wrap_qstr_from_str(const char *str) {
    return __wrap_qstr_from_strn(str, strlen(str));
}

qstr __wrap_qstr_from_strn(const char *str, size_t len) {
    qstr q = __wrap_qstr_find_strn(str, len);
    if (q == MP_QSTRnull) {
        names_added_t *added = m_malloc(sizeof(names_added_t) + len + 1);
        added->next = NULL;
        added->len = len;
        memcpy(added->text, str, len);
        added->text[len] = 0;
        names_added_t **last = &MP_STATE_VM(names_added);
        for (q = names.end; *last != NULL; last = &(*last)->next) {
            q++;
        }
        *last = added;
    }
    return q;
}

const char *__wrap_qstr_str(qstr q) {
    if (q >= names.end) {
        return added_name(q)->text;
    }
    if (q >= names.vm && q < names.anonymous_end) {
        return number_text(q, q < names.private_end);
    }
    size_t index = q < names.vm ? q : q - gap();
    const char *text = entry_text(index);
    return names_hashes[index] == 0 ? number_text(q, text[0] == '_') : text;
}

// Equal texts must have equal hashes. A name without a text equals none but itself.
mp_uint_t __wrap_qstr_hash(qstr q) {
    if (q >= names.end) {
        names_added_t *added = added_name(q);
        return qstr_compute_hash((const byte *)added->text, added->len);
    }
    if (q >= names.vm && q < names.anonymous_end) {
        return q;
    }
    uint8_t hash = names_hashes[q < names.vm ? q : q - gap()];
    return hash == 0 ? q : hash;
}

size_t __wrap_qstr_len(qstr q) {
    return q >= names.end ? added_name(q)->len : strlen(__wrap_qstr_str(q));
}

const byte *__wrap_qstr_data(qstr q, size_t *len) {
    *len = __wrap_qstr_len(q);
    return (const byte *)__wrap_qstr_str(q);
}

void __wrap_qstr_pool_info(size_t *n_pool, size_t *n_qstr, size_t *n_str_data_bytes, size_t *n_total_bytes) {
    *n_pool = *n_qstr = *n_str_data_bytes = *n_total_bytes = 0; // of what is on the heap, as in qstr.c
    for (names_added_t *added = MP_STATE_VM(names_added); added != NULL; added = added->next) {
        *n_qstr += 1;
        *n_str_data_bytes += added->len + 1;
        *n_total_bytes += sizeof(*added) + added->len + 1;
    }
}

// With this the virtual machine, when it writes a traceback, goes over the names at the head of a function to its table of
// lines. Where tools/names has left them out a single 0 stands there, that is not gone over: at the head of a table of lines
// it means 0 lines for 0 bytes. (A name that is there never begins with 0.)
const byte *__wrap_mp_decode_uint_skip(const byte *ptr) {
    if (*ptr != 0) {
        while (*ptr++ & 0x80) {
        }
    }
    return ptr;
}
