// The process: settings, then the firmware (boards/simulated/micropython/life.c).
// Started by the name `micropython` it is a plain MicroPython with the firmware frozen in. See station.h.

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "py/runtime.h"

#include "boards/simulated/sim.h"
#include "boards/unix/options.h"
#include "boards/unix/station.h"
#include "tables/product.h"

#define STACK_SIZE 40000 // bytes, as MicroPython's own unix port has it

int micropython_main(int argc, char **argv); // main() of MicroPython's unix port

void platform_hangs(void) {
    static const char text[] = "pilotwire: the firmware hangs and cannot be restarted\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)written;
    _exit(1);
}

void platform_heap_too_small(void) {
    option_wrong(OPTION_HEAP, "too small: the firmware ran out of memory before it was up", "give more");
}

size_t platform_id(char *id, size_t size) {
    size_t length = strlen(options[OPTION_ID].value);
    memcpy(id, options[OPTION_ID].value, length < size ? length : size);
    return length;
}

void platform_firmware_starts(void) {
    mp_sys_path = mp_obj_new_list(0, NULL);
    mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(qstr_from_str(".frozen")));
    mp_obj_list_init(MP_OBJ_TO_PTR(mp_sys_argv), 0);
}

void platform_firmware_ended(void) {
    network_close_all();
}

void platform_sleep_s(unsigned seconds) {
    struct timespec rest = {.tv_sec = (time_t)seconds};
    while (nanosleep(&rest, &rest) != 0) {
    }
}

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[0], '/');
    bool plain = strcmp(slash ? slash + 1 : argv[0], "micropython") == 0;
    options_read(plain ? 1 : argc, argv);
    platform_init();
    storage_open();
    sim_init(settings.connectors, settings.evses);
    for (uint8_t e = 0; e < settings.evses; e++) {
        sim.evse[e].rating_ma = settings.rating_a[e] * 1000u;
    }
    sim.supply_ma = settings.supply_a * 1000u;
    sim.fixed_cable = settings.fixed_cable;
    sim.phases = PRODUCT_PHASES;
    storage_load_meters();
    if (plain) {
        return micropython_main(argc, argv);
    }
    if (options[OPTION_BOOT_REASON].value) {
        station_set_boot_reason(options[OPTION_BOOT_REASON].value, strlen(options[OPTION_BOOT_REASON].value));
    }
    server_listen();
    server_start();
    life_memory_t memory = {malloc(settings.heap), settings.heap, __builtin_frame_address(0), STACK_SIZE};
    life_run(&memory);
}
