// The parts of the unix board among themselves.

#ifndef PILOTWIRE_UNIX_STATION_H
#define PILOTWIRE_UNIX_STATION_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boards/simulated/micropython/station.h"

// ---- platform.c: time, lock, log

void platform_init(void);
uint64_t platform_real_ms(void);

// As platform_log().
void platform_logf(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

// ---- storage.c: what survives a power cut

#define FLASH_BLOCK 4096
#define FLASH_BLOCKS 128
extern uint8_t *storage_flash; // FLASH_BLOCK * FLASH_BLOCKS bytes
void storage_open(void);       // ends the process with 2 when it cannot
void storage_load_meters(void);

// ---- network.c: the firmware's connections

// Starts to look up a name. >= 0: the lookup; -1: too many at a time. Its fd is readable once it is done.
int network_lookup(const char *host, uint16_t port);
int network_lookup_fd(int lookup);
void network_lookup_close(int lookup);
// Starts to connect to the next address that was found. >= 0: a connection; -1: there is none left; below: -errno - 1.
int network_connect(int lookup);
int network_fd(int connection);      // -1: closed
int network_error(int connection);   // 0, or the errno for which it is of no use any more
void network_close(int connection);
void network_close_all(void);

// ---- server.c: control connections, signals, the watchdog

void server_listen(void); // ends the process with 2 when it cannot
void server_start(void);
void server_kick(void);   // something waits to be written

#endif
