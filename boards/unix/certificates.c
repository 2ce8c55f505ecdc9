// The certificate directory (--certs), as far as connecting to the CSMS needs it; looked at anew each time.
// `_sim.trusted(i)` and `_sim.own_certificate()`; see modsim.c.

#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "py/objtuple.h"
#include "py/runtime.h"

#include "mbedtls/pk.h"
#include "mbedtls/x509_crt.h"

#include "boards/simulated/micropython/modsim.h"
#include "boards/unix/options.h"
#include "boards/unix/station.h"

#define FILE_MAX 32768
#define NAME_BUFFER 1100
#define KEY_MAX 4096

typedef struct {
    size_t length; // text[length] is a NUL
    char text[FILE_MAX + 1];
} file_t;

static bool read_file(const char *path, file_t *file) {
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return false;
    }
    file->length = fread(file->text, 1, FILE_MAX + 1, stream);
    fclose(stream);
    if (file->length > FILE_MAX) {
        return false;
    }
    file->text[file->length] = 0;
    return true;
}

// mbedtls wants PEM with its closing NUL counted, DER without.
static size_t length_for_mbedtls(const file_t *file) {
    return file->length + (strstr(file->text, "-----BEGIN ") != NULL);
}

static int no_dots(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

// trusted(index) -> content of the index-th file of ca/csms, or None after the last.
static mp_obj_t modsim_trusted(mp_obj_t index_in) {
    static file_t file;
    char folder[NAME_BUFFER], path[NAME_BUFFER + 300];
    mp_int_t index = mp_obj_get_int(index_in);
    struct dirent **entries;
    snprintf(folder, sizeof(folder), "%s/ca/csms", options[OPTION_CERTS].value ? options[OPTION_CERTS].value : "");
    int count = scandir(folder, &entries, no_dots, alphasort);
    bool found = false;
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        found = i == index ? read_file(path, &file) : found;
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    if (index >= count) {
        return mp_const_none;
    }
    return found ? mp_obj_new_bytes((const byte *)file.text, file.length) : mp_const_empty_bytes;
}
MP_DEFINE_CONST_FUN_OBJ_1(modsim_trusted_obj, modsim_trusted);

static int get_random(void *unused, unsigned char *bytes, size_t length) {
    (void)unused;
    return getrandom(bytes, length, 0) == (ssize_t)length ? 0 : -1;
}

// A certificate and its private key, the best so far and the one that is looked at.
typedef struct {
    file_t certificate;
    unsigned char key[KEY_MAX]; // DER, at the end of the buffer
    size_t key_length;
    mbedtls_x509_time since;
    time_t changed;
} pair_t;

// Does not raise: whatever is wrong with it, the pair is not taken, and the log says why.
static const char *parse_pair(pair_t *pair, const file_t *key_file) {
    mbedtls_x509_crt certificate;
    mbedtls_pk_context key;
    const char *wrong = NULL;
    const char *passphrase = options[OPTION_KEY_PASSPHRASE].value;
    mbedtls_x509_crt_init(&certificate);
    mbedtls_pk_init(&key);
    const unsigned char *text = (const unsigned char *)key_file->text;
    if (mbedtls_x509_crt_parse(&certificate, (const unsigned char *)pair->certificate.text, length_for_mbedtls(&pair->certificate)) != 0) {
        wrong = "the certificate cannot be read";
    } else if (mbedtls_pk_parse_key(&key, text, length_for_mbedtls(key_file), (const unsigned char *)passphrase,
        passphrase ? strlen(passphrase) : 0, get_random, NULL) != 0) {
        wrong = "the key cannot be read; if it is encrypted, give the right --key-passphrase";
    } else if (mbedtls_pk_check_pair(&certificate.pk, &key, get_random, NULL) != 0) {
        wrong = "the key does not belong to the certificate";
    } else if (mbedtls_x509_time_is_past(&certificate.valid_to)) {
        wrong = "the certificate has expired";
    } else if (mbedtls_x509_time_is_future(&certificate.valid_from)) {
        wrong = "the certificate is not valid yet";
    } else {
        int length = mbedtls_pk_write_key_der(&key, pair->key, sizeof(pair->key));
        pair->key_length = length > 0 ? (size_t)length : 0;
        pair->since = certificate.valid_from;
        wrong = length > 0 ? NULL : "the key is of a kind that cannot be used";
    }
    mbedtls_pk_free(&key);
    mbedtls_x509_crt_free(&certificate);
    return wrong;
}

static bool newer(const pair_t *a, const pair_t *b) {
    const mbedtls_x509_time *s = &a->since, *t = &b->since;
    int difference = s->year != t->year ? s->year - t->year : s->mon != t->mon ? s->mon - t->mon :
        s->day != t->day ? s->day - t->day : (s->hour - t->hour) * 3600 + (s->min - t->min) * 60 + s->sec - t->sec;
    return difference != 0 ? difference > 0 : a->changed > b->changed;
}

// Reads x.key and the certificate x.pem, x.crt or x.der beside it.
static bool load_pair(const char *folder, const char *key_name, pair_t *pair) {
    static file_t key_file;
    static const char *const endings[] = {"pem", "crt", "der"};
    char path[NAME_BUFFER + 300];
    struct stat info;
    size_t stem = strlen(key_name) - 3;
    bool found = false;
    for (size_t i = 0; !found && i < MP_ARRAY_SIZE(endings); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, key_name);
        strcpy(path + strlen(folder) + 1 + stem, endings[i]);
        found = read_file(path, &pair->certificate) && stat(path, &info) == 0;
        pair->changed = found ? info.st_mtime : 0;
    }
    snprintf(path, sizeof(path), "%s/%s", folder, key_name);
    const char *wrong = !found ? "there is no certificate of that name" :
        !read_file(path, &key_file) ? "it cannot be read" : parse_pair(pair, &key_file);
    memset(&key_file, 0, sizeof(key_file));
    if (wrong) {
        platform_logf(LEVEL_WARNING, "client/csms/%s is not used: %s", key_name, wrong);
    }
    return wrong == NULL;
}

// own_certificate() -> (certificates as in the file, private key as DER), the newest valid pair; None: there is none.
static mp_obj_t modsim_own_certificate(void) {
    static pair_t best, other;
    char folder[NAME_BUFFER];
    struct dirent *entry;
    snprintf(folder, sizeof(folder), "%s/client/csms", options[OPTION_CERTS].value ? options[OPTION_CERTS].value : "");
    DIR *dir = opendir(folder);
    bool any = false;
    while (dir && (entry = readdir(dir)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (length > 4 && length < 256 && strcmp(entry->d_name + length - 4, ".key") == 0 && load_pair(folder, entry->d_name, &other)
            && (!any || newer(&other, &best))) {
            best = other;
            any = true;
        }
    }
    if (dir) {
        closedir(dir);
    }
    if (!any) {
        return mp_const_none;
    }
    mp_obj_t items[2] = {
        mp_obj_new_bytes((const byte *)best.certificate.text, best.certificate.length),
        mp_obj_new_bytes(best.key + sizeof(best.key) - best.key_length, best.key_length),
    };
    return mp_obj_new_tuple(2, items);
}
MP_DEFINE_CONST_FUN_OBJ_0(modsim_own_certificate_obj, modsim_own_certificate);
