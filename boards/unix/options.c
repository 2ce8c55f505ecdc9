// Reads the settings. See options.h.

#include "boards/unix/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tables/product.h" // what holds of a product when nothing is set

option_t options[OPTION_COUNT] = {
    [OPTION_CSMS_URL] = {"csms-url", "STATION_CSMS_URL", "ws://127.0.0.1:9000", "URL",
        "where the CSMS is; / and the identity are appended"},
    [OPTION_ID] = {"id", "STATION_ID", "CS001", "ID", "identity of the station; user name of basic authentication"},
    [OPTION_PASSWORD] = {"password", "STATION_PASSWORD", NULL, "TEXT", "password of basic authentication, at least 16 characters"},
    [OPTION_SECURITY_PROFILE] = {"security-profile", "STATION_SECURITY_PROFILE", NULL, "0-3",
        "1 ws + basic auth, 2 wss + basic auth, 3 wss + client certificate, 0 no authentication (for trials)"},
    [OPTION_OCPP_VERSION] = {"ocpp-version", "STATION_OCPP_VERSION", "ocpp2.0.1", "LIST",
        "sub-protocols to offer, comma separated, best first"},
    [OPTION_STORAGE] = {"storage", "STATION_STORAGE", NULL, "DIR",
        "all that survives a power cut; created if missing; without it nothing survives"},
    [OPTION_OVERRIDES] = {"overrides", "STATION_OVERRIDES", NULL, "FILE", "JSON file with device-model factory defaults"},
    [OPTION_EVSES] = {"evses", "STATION_EVSES", PRODUCT_EVSES, "LIST", "connectors of each EVSE: 1,1 is two EVSEs with one each"},
    [OPTION_RATING] = {"rating", "STATION_RATING", PRODUCT_RATING, "LIST",
        "rated current of the outlets in A per phase: one number, or one for each EVSE"},
    [OPTION_SUPPLY] = {"supply", "STATION_SUPPLY", PRODUCT_SUPPLY, "AMPERE",
        "rated current of the grid connection in A per phase, which the EVSEs share; 0: not limited"},
    [OPTION_FIXED_CABLE] = {"fixed-cable", "STATION_FIXED_CABLE", PRODUCT_FIXED_CABLE, "0|1",
        "1: cables fixed to the station, of its rating"},
    [OPTION_CERTS] = {"certs", "STATION_CERTS", NULL, "DIR", "certificate directory"},
    [OPTION_KEY_PASSPHRASE] = {"key-passphrase", "STATION_KEY_PASSPHRASE", NULL, "TEXT",
        "of encrypted private keys in the certificate directory"},
    [OPTION_CONTROL] = {"control", "STATION_CONTROL", NULL, "HOST:PORT",
        "where to listen for control connections; without it nowhere"},
    [OPTION_BOOT_REASON] = {"boot-reason", "STATION_BOOT_REASON", NULL, "REASON",
        "reason in the first BootNotification, else found out"},
    [OPTION_HEAP] = {"heap", "STATION_HEAP", "40960", "BYTES", "size of the MicroPython heap"},
};

settings_t settings;

static void show_help(const char *program) {
    printf("usage: %s [--option value]...\n\n"
        "A charging station whose hardware is simulated, speaking OCPP 2.0.1. Each setting is an option or an\n"
        "environment variable; the option wins.\n\n", program);
    for (int i = 0; i < OPTION_COUNT; i++) {
        const option_t *o = &options[i];
        printf("  --%s %s  (%s)\n      %s", o->name, o->argument, o->variable, o->meaning);
        if (o->fallback) {
            printf(" [%s]", o->fallback);
        }
        printf("\n");
    }
    printf("  --help\n      this text\n\n"
        "The log goes to standard error. Exit codes: 0 asked to end, 2 wrong settings, 3 ended by power_cut.\n");
}

static const char *value_shown(int option) {
    return option == OPTION_PASSWORD || option == OPTION_KEY_PASSPHRASE ? "(not shown)" : options[option].value;
}

void option_wrong(int option, const char *why, const char *right) {
    const option_t *o = &options[option];
    fprintf(stderr, "pilotwire: %s%s", o->from_variable ? "" : "--", o->from_variable ? o->variable : o->name);
    if (o->value) {
        fprintf(stderr, " %s", value_shown(option));
    }
    fprintf(stderr, ": %s; %s\n", why, right);
    exit(2);
}

const option_t *option_find(const char *name, size_t length) {
    for (int i = 0; i < OPTION_COUNT; i++) {
        const char *candidate = options[i].name;
        size_t at = 0;
        while (at < length && candidate[at] && (name[at] == candidate[at] || (name[at] == '_' && candidate[at] == '-'))) {
            at++;
        }
        if (at == length && candidate[at] == 0) {
            return &options[i];
        }
    }
    return NULL;
}

static void command_line_wrong(const char *what, const char *why) {
    fprintf(stderr, "pilotwire: %s: %s; --help lists the options\n", what, why);
    exit(2);
}

// Takes the option at argv[at]; returns how many words it has.
static int take_option(int argc, char **argv, int at) {
    const char *word = argv[at];
    if (strncmp(word, "--", 2) != 0) {
        command_line_wrong(word, "not an option; every setting has the form --name value");
    }
    if (strcmp(word, "--help") == 0) {
        show_help(argv[0]);
        exit(0);
    }
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    option_t *option = (option_t *)option_find(word + 2, length - 2);
    if (option == NULL) {
        command_line_wrong(word, "unknown option");
    }
    option->from_variable = false;
    if (equals) {
        option->value = equals + 1;
        return 1;
    }
    if (at + 1 >= argc) {
        command_line_wrong(word, "its value is missing");
    }
    option->value = argv[at + 1];
    return 2;
}

void options_read(int argc, char **argv) {
    for (int i = 0; i < OPTION_COUNT; i++) {
        const char *value = getenv(options[i].variable);
        if (value && value[0]) { // an empty variable is as good as none
            options[i].value = value;
            options[i].from_variable = true;
        }
    }
    for (int at = 1; at < argc;) {
        at += take_option(argc, argv, at);
    }
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (options[i].value == NULL) {
            options[i].value = options[i].fallback;
        }
    }
    options_check();
}
