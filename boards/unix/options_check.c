// Checks the settings before anything starts. See options.h.

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "boards/simulated/json.h"
#include "boards/simulated/sim.h"
#include "boards/unix/options.h"
#include "boards/unix/overrides.h"

#define HEAP_MIN 16384
#define HEAP_MAX (64 * 1024 * 1024)
#define IDENTITY_MAX 48 // OCPP 2.0.1 part 4, 3.1.1
#define PASSWORD_MIN 16 // characters; OCPP 2.0.1, A00.FR.205
#define URL_MAX 512     // OCPP 2.0.1, NetworkConnectionProfileType.ocppCsmsUrl

static const char PASSWORD_RIGHT[] = "OCPP allows 16 to 40 characters";
static const char URL_RIGHT[] = "give ws://host:port/path or wss://host:port/path";

// A whole decimal number without anything around it; -1: it is none, or above `most`.
static long whole_number(const char *text, size_t length, long most) {
    long number = 0;
    if (length == 0) {
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i])) {
            return -1;
        }
        number = number * 10 + (text[i] - '0');
        if (number > most) {
            return -1;
        }
    }
    return number;
}

static bool utf8_text(const char *text) {
    const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);
    while (at < end) {
        unsigned n = json_utf8_length(at, end);
        if (n == 0 || *at < 0x20 || *at == 0x7f) {
            return false;
        }
        at += n;
    }
    return true;
}

// Of a text that is UTF-8.
static size_t characters(const char *text) {
    size_t count = 0;
    for (; *text; text++) {
        count += (*text & 0xc0) != 0x80;
    }
    return count;
}

static void check_host(const char *host, size_t length) {
    if (length == 0) {
        option_wrong(OPTION_CSMS_URL, "the host is missing", URL_RIGHT);
    }
    bool six = host[0] == '[' && host[length - 1] == ']' && length > 2;
    for (size_t i = six ? 1 : 0; i < length - (six ? 1 : 0); i++) {
        bool good = six ? isxdigit((unsigned char)host[i]) || host[i] == ':' || host[i] == '.' :
            isalnum((unsigned char)host[i]) || strchr(".-_", host[i]) != NULL;
        if (!good) {
            option_wrong(OPTION_CSMS_URL, "the host has characters that no host name has", URL_RIGHT);
        }
    }
}

static void check_url(void) {
    const char *url = options[OPTION_CSMS_URL].value;
    settings.secure = strncmp(url, "wss://", 6) == 0;
    if (!settings.secure && strncmp(url, "ws://", 5) != 0) {
        option_wrong(OPTION_CSMS_URL, "the scheme is neither ws nor wss", URL_RIGHT);
    }
    if (strlen(url) > URL_MAX) {
        option_wrong(OPTION_CSMS_URL, "longer than 512 characters", URL_RIGHT);
    }
    for (const char *at = url; *at; at++) {
        if (*at <= ' ' || *at > '~' || *at == '#' || *at == '@') {
            option_wrong(OPTION_CSMS_URL, "has a blank, '#', '@' or a character beyond ASCII",
                "percent-encode it; password and identity are options of their own");
        }
    }
    const char *host = url + (settings.secure ? 6 : 5);
    size_t length = strcspn(host, "/?");
    const char *bracket = memchr(host, ']', length);
    const char *colon = memchr(bracket ? bracket : host, ':', length - (bracket ? (size_t)(bracket - host) : 0));
    size_t host_length = colon ? (size_t)(colon - host) : length;
    check_host(host, host_length);
    if (colon && whole_number(colon + 1, length - host_length - 1, 65535) < 1) {
        option_wrong(OPTION_CSMS_URL, "the port is no number from 1 to 65535", URL_RIGHT);
    }
}

static void check_identity(void) {
    const char *id = options[OPTION_ID].value;
    if (id[0] == 0) {
        option_wrong(OPTION_ID, "empty", "give the identity by which the CSMS knows the station");
    }
    if (strlen(id) > IDENTITY_MAX) {
        option_wrong(OPTION_ID, "longer than 48 bytes", "OCPP allows 48");
    }
    if (!utf8_text(id)) {
        option_wrong(OPTION_ID, "has control characters, or is not UTF-8", "give printable characters");
    }
}

// Offers what the station speaks of a list that may name versions of the future. One that names nothing of it is left to
// the firmware: it says so at each attempt, and does not connect; all else goes on.
static void check_version(void) {
    static const char spoken[] = "ocpp2.0.1";
    const char *at = options[OPTION_OCPP_VERSION].value;
    bool found = false;
    do {
        size_t length = strcspn(at, ",");
        if (length == 0) {
            option_wrong(OPTION_OCPP_VERSION, "a name is empty", "as in ocpp2.0.1");
        }
        if (length == strlen(spoken) && strncmp(at, spoken, length) == 0) {
            found = true;
        } else {
            fprintf(stderr, "pilotwire: --ocpp-version: %.*s is left out, the station speaks ocpp2.0.1\n", (int)length, at);
        }
        at += length + (at[length] == ',');
    } while (*at || at[-1] == ',');
    if (found) {
        options[OPTION_OCPP_VERSION].value = spoken;
    }
}

static void check_evses(void) {
    const char *at = options[OPTION_EVSES].value;
    char right[100];
    snprintf(right, sizeof(right), "give the number of connectors, 1 to %d, of each of up to %d EVSEs, as in 1,1",
        SIM_CONNECTORS_MAX, SIM_EVSES_MAX);
    do {
        size_t length = strcspn(at, ",");
        long connectors = whole_number(at, length, SIM_CONNECTORS_MAX);
        if (connectors < 1 || settings.evses == SIM_EVSES_MAX) {
            option_wrong(OPTION_EVSES, connectors < 1 ? "not a list of numbers of connectors" : "too many EVSEs", right);
        }
        settings.connectors[settings.evses++] = (uint8_t)connectors;
        at += length + (at[length] == ',');
    } while (*at || at[-1] == ',');
}

// One number for all EVSEs, or one for each.
static void check_rating(void) {
    const char *at = options[OPTION_RATING].value;
    uint8_t count = 0;
    char right[120];
    snprintf(right, sizeof(right), "give A per phase, %d to %d: one number, or one for each of the %d EVSEs, as in %s",
        SIM_RATING_A_MIN, SIM_RATING_A_MAX, settings.evses, settings.evses > 1 ? "16,32" : "16");
    do {
        size_t length = strcspn(at, ",");
        long rating = whole_number(at, length, SIM_RATING_A_MAX);
        if (rating < SIM_RATING_A_MIN || count == settings.evses) {
            option_wrong(OPTION_RATING, rating < SIM_RATING_A_MIN ? "not a list of rated currents" : "more than there are EVSEs", right);
        }
        settings.rating_a[count++] = (uint8_t)rating;
        at += length + (at[length] == ',');
    } while (*at || at[-1] == ',');
    if (count != 1 && count != settings.evses) {
        option_wrong(OPTION_RATING, "fewer than there are EVSEs", right);
    }
    for (uint8_t e = count; e < settings.evses; e++) {
        settings.rating_a[e] = settings.rating_a[0];
    }
}

static void check_installation(void) {
    const char *supply = options[OPTION_SUPPLY].value, *fixed = options[OPTION_FIXED_CABLE].value;
    long supply_a = whole_number(supply, strlen(supply), SIM_SUPPLY_A_MAX);
    if (supply_a < 0) {
        option_wrong(OPTION_SUPPLY, "no rated current", "give A per phase, 1 to 10000, or 0: not limited");
    }
    settings.supply_a = (uint16_t)supply_a;
    if (strcmp(fixed, "0") != 0 && strcmp(fixed, "1") != 0) {
        option_wrong(OPTION_FIXED_CABLE, "neither 0 nor 1", "give 1 for cables that are fixed to the station, else 0");
    }
    settings.fixed_cable = fixed[0] == '1';
}

static void check_control(void) {
    static const char right[] = "give host:port, as in 127.0.0.1:9100 or [::1]:9100; port 0 takes a free one";
    const char *address = options[OPTION_CONTROL].value;
    if (address == NULL) {
        return;
    }
    const char *colon = strrchr(address, ':');
    long port = colon ? whole_number(colon + 1, strlen(colon + 1), 65535) : -1;
    if (port < 0) {
        option_wrong(OPTION_CONTROL, colon ? "the port is no number from 0 to 65535" : "the port is missing", right);
    }
    size_t length = (size_t)(colon - address);
    bool six = length > 2 && address[0] == '[' && colon[-1] == ']';
    if (length == 0 || length >= sizeof(settings.control_host) || (!six && memchr(address, ':', length))) {
        option_wrong(OPTION_CONTROL, "no host before the port", right);
    }
    memcpy(settings.control_host, address + six, length - (six ? 2 : 0));
    settings.control_port = (uint16_t)port;
}

static void check_boot_reason(void) {
    static const char *const reasons[] = {"ApplicationReset", "FirmwareUpdate", "LocalReset", "PowerUp", "RemoteReset",
                                          "ScheduledReset", "Triggered", "Unknown", "Watchdog"};
    const char *reason = options[OPTION_BOOT_REASON].value;
    for (size_t i = 0; reason && i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strcmp(reason, reasons[i]) == 0) {
            return;
        }
    }
    if (reason) {
        option_wrong(OPTION_BOOT_REASON, "not a boot reason of OCPP", "one of ApplicationReset, FirmwareUpdate, LocalReset, "
            "PowerUp, RemoteReset, ScheduledReset, Triggered, Unknown, Watchdog");
    }
}

static bool has_file(const char *folder, const char *ending) {
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s", options[OPTION_CERTS].value, folder);
    DIR *dir = opendir(path);
    bool found = false;
    struct dirent *entry;
    while (dir && !found && (entry = readdir(dir)) != NULL) {
        size_t length = strlen(entry->d_name);
        found = entry->d_name[0] != '.' && length > strlen(ending) && strcmp(entry->d_name + length - strlen(ending), ending) == 0;
    }
    if (dir) {
        closedir(dir);
    }
    return found;
}

static void check_certificates(void) {
    struct stat info;
    const char *certs = options[OPTION_CERTS].value;
    int profile = settings.security_profile;
    if (certs && (stat(certs, &info) != 0 || !S_ISDIR(info.st_mode))) {
        option_wrong(OPTION_CERTS, "no such directory", "give the directory that holds ca/ and client/");
    }
    if (certs == NULL && settings.secure) {
        option_wrong(OPTION_CERTS, "missing, but wss needs the CSMS's root certificate", "give the certificate directory");
    }
    if (settings.secure && !has_file("ca/csms", "")) {
        option_wrong(OPTION_CERTS, "no file in ca/csms, but wss needs the CSMS's root certificate", "put it there, as PEM");
    }
    if (profile == 3 && !has_file("client/csms", ".key")) {
        option_wrong(OPTION_CERTS, "no .key in client/csms, but security profile 3 needs the station's own certificate",
            "put CSMS_RSA.pem and CSMS_RSA.key there");
    }
}

static void check_security(void) {
    const char *text = options[OPTION_SECURITY_PROFILE].value;
    const char *password = options[OPTION_PASSWORD].value;
    if (password && (!utf8_text(password) || strlen(password) > 64)) {
        option_wrong(OPTION_PASSWORD, "control characters, not UTF-8, or longer than 64 bytes", PASSWORD_RIGHT);
    }
    if (password && characters(password) < PASSWORD_MIN) {
        option_wrong(OPTION_PASSWORD, "shorter than 16 characters", PASSWORD_RIGHT);
    }
    if (text == NULL) { // the highest that the other settings allow
        settings.security_profile = settings.secure ? (password ? 2 : 3) : password ? 1 : 0;
        static char found[2];
        found[0] = (char)('0' + settings.security_profile);
        options[OPTION_SECURITY_PROFILE].value = found;
        return;
    }
    settings.security_profile = (int)whole_number(text, strlen(text), 3);
    if (settings.security_profile < 0) {
        option_wrong(OPTION_SECURITY_PROFILE, "no security profile", "give 0, 1, 2 or 3");
    }
    if (settings.security_profile >= 2 && !settings.secure) {
        option_wrong(OPTION_SECURITY_PROFILE, "needs TLS, but the URL of the CSMS begins with ws://",
            "give a wss:// URL, or profile 0 or 1");
    }
    if (settings.security_profile == 1 && settings.secure) {
        option_wrong(OPTION_SECURITY_PROFILE, "is without TLS, but the URL of the CSMS begins with wss://",
            "give a ws:// URL, or profile 2 or 3");
    }
}

// A00.FR.204: the user name of basic authentication ends at the first colon (RFC 7617).
static void check_user_name(void) {
    if ((settings.security_profile == 1 || settings.security_profile == 2) && strchr(options[OPTION_ID].value, ':')) {
        option_wrong(OPTION_ID, "has a colon, which basic authentication (security profiles 1 and 2) can't carry",
            "give an identity without one, or security profile 0 or 3");
    }
}

static void check_password_known(void) {
    char path[1024];
    struct stat info;
    const char *storage = options[OPTION_STORAGE].value;
    snprintf(path, sizeof(path), "%s/flash.img", storage ? storage : "");
    bool stored = storage && stat(path, &info) == 0; // the CSMS may have set one
    if ((settings.security_profile == 1 || settings.security_profile == 2) && !options[OPTION_PASSWORD].value && !stored) {
        option_wrong(OPTION_PASSWORD, "missing, but the security profile has basic authentication",
            "give the password, or security profile 0");
    }
}

void options_check(void) {
    long heap = whole_number(options[OPTION_HEAP].value, strlen(options[OPTION_HEAP].value), HEAP_MAX);
    if (heap < HEAP_MIN) {
        option_wrong(OPTION_HEAP, "not a number of bytes in range", "give 16384 to 67108864");
    }
    settings.heap = (uint32_t)heap;
    check_url();
    check_identity();
    check_version();
    check_evses();
    check_rating();
    check_installation();
    check_control();
    check_boot_reason();
    check_security();
    check_user_name();
    check_certificates();
    check_password_known();
    overrides_check();
}
