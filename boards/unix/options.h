// Settings of the process: command line and environment. See README.md.

#ifndef PILOTWIRE_UNIX_OPTIONS_H
#define PILOTWIRE_UNIX_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OPTION_CSMS_URL,
    OPTION_ID,
    OPTION_PASSWORD,
    OPTION_SECURITY_PROFILE,
    OPTION_OCPP_VERSION,
    OPTION_STORAGE,
    OPTION_OVERRIDES,
    OPTION_EVSES,
    OPTION_RATING,
    OPTION_SUPPLY,
    OPTION_FIXED_CABLE,
    OPTION_CERTS,
    OPTION_KEY_PASSPHRASE,
    OPTION_CONTROL,
    OPTION_BOOT_REASON,
    OPTION_HEAP,
    OPTION_COUNT,
};

typedef struct {
    const char *name;      // "csms-url"
    const char *variable;  // "STATION_CSMS_URL"
    const char *fallback;  // NULL: none
    const char *argument;  // for --help
    const char *meaning;   // for --help
    const char *value;     // NULL: not set
    bool from_variable;    // the value comes from the environment
} option_t;

extern option_t options[OPTION_COUNT];

// What the checks have made of the texts.
typedef struct {
    uint8_t connectors[16];
    uint8_t evses;
    uint8_t rating_a[16];
    uint16_t supply_a;      // 0: not limited
    bool fixed_cable;
    uint32_t heap;
    char control_host[256]; // empty: no control socket
    uint16_t control_port;
    bool secure;            // wss
    int security_profile;
} settings_t;

extern settings_t settings;

// Reads all settings; ends the process with 0 after --help, with 2 when one is wrong.
void options_read(int argc, char **argv);
// Ends the process with 2: "<how it was set> <value>: <why>; <what would be right>".
void option_wrong(int option, const char *why, const char *right) __attribute__((noreturn));
// "csms_url" or "csms-url". NULL: there is no such option.
const option_t *option_find(const char *name, size_t length);
void options_check(void); // options_check.c

#endif
