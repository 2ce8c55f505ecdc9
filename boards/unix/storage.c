// Files under --storage: the flash image and the meters' registers. Both are mapped, so that they survive the
// process however it ends. Without --storage they live in memory. See station.h.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"
#include "boards/unix/options.h"
#include "boards/unix/station.h"

#define FLASH_SIZE (FLASH_BLOCK * FLASH_BLOCKS)

typedef struct {
    char magic[8];
    uint64_t mwh[SIM_EVSES_MAX]; // little endian, as the machine has it
} meter_file_t;

static const char METER_MAGIC[8] = "PWMETER1";

uint8_t *storage_flash;
static meter_file_t *meters;

static void cannot(const char *what) {
    char why[300];
    snprintf(why, sizeof(why), "%s: %s", what, strerror(errno));
    option_wrong(OPTION_STORAGE, why, "give a directory that can be written");
}

static void make_directory(const char *path) {
    char part[1024];
    if (strlen(path) >= sizeof(part)) {
        errno = ENAMETOOLONG;
        cannot(path);
    }
    for (size_t i = 1; i <= strlen(path); i++) {
        if (path[i] == '/' || path[i] == 0) {
            memcpy(part, path, i);
            part[i] = 0;
            if (mkdir(part, 0777) != 0 && errno != EEXIST) {
                cannot("cannot be created");
            }
        }
    }
}

// Maps `size` bytes of a file; what it does not have yet is filled with `blank`.
static void *map_file(const char *name, size_t size, uint8_t blank) {
    char path[1100];
    snprintf(path, sizeof(path), "%s/%s", options[OPTION_STORAGE].value, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        cannot(name);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        option_wrong(OPTION_STORAGE, "in use by another process", "give each station a directory of its own");
    }
    if ((errno = posix_fallocate(fd, 0, (off_t)size)) != 0) {
        cannot(name);
    }
    uint8_t *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        cannot(name);
    }
    if ((size_t)info.st_size < size) {
        memset(map + info.st_size, blank, size - (size_t)info.st_size);
    }
    return map; // the file stays open, and so locked, until the process ends
}

void storage_open(void) {
    if (options[OPTION_STORAGE].value == NULL) {
        storage_flash = malloc(FLASH_SIZE);
        memset(storage_flash, 0xff, FLASH_SIZE);
        return;
    }
    make_directory(options[OPTION_STORAGE].value);
    storage_flash = map_file("flash.img", FLASH_SIZE, 0xff);
    meters = map_file("meter", sizeof(*meters), 0);
}

void storage_load_meters(void) {
    if (meters == NULL) {
        return;
    }
    static const meter_file_t blank;
    if (memcmp(meters->magic, METER_MAGIC, sizeof(METER_MAGIC)) != 0) {
        if (memcmp(meters, &blank, sizeof(blank)) != 0) {
            platform_logf(LEVEL_WARNING, "%s/meter is damaged; the meters start at 0", options[OPTION_STORAGE].value);
        }
        *meters = blank;
        memcpy(meters->magic, METER_MAGIC, sizeof(METER_MAGIC));
    }
    for (int e = 0; e < sim.evses; e++) {
        sim.evse[e].meter.mwh = meters->mwh[e];
    }
}

void port_meter(uint8_t evse, uint64_t mwh) {
    if (meters) {
        meters->mwh[evse - 1] = mwh;
    }
}

void port_power_cut(void) {
    for (uint8_t e = 1; e <= sim.evses; e++) {
        sim_meter_count(e);
    }
    _exit(3);
}
