// The server's answer in the opening handshake of a WebSocket connection (RFC 6455, 4): no I/O, no MicroPython.
#ifndef PILOTWIRE_WEBSOCKET_UPGRADE_H
#define PILOTWIRE_WEBSOCKET_UPGRADE_H

#include <stddef.h>
#include <stdint.h>

#define UPGRADE_SWITCHING 101
#define UPGRADE_MOST 8192 // bytes of an answer

// `checks`: what the headers of an answer 101 have shown.
enum { UPGRADE_TO_WEBSOCKET = 1, UPGRADE_CONNECTION = 2, UPGRADE_ACCEPTED = 4 };

// One answer. The caller fills in `accept`, the rest with zeros, and reads by place (firmware/wire/handshake.py).
typedef struct {
    uint16_t status; // 0: not known yet
    uint16_t checks;
    uint16_t kept; // bytes at the front of the line buffer: the sub-protocol of an answer 101, else the Location
    uint16_t size; // of the line so far; may exceed the buffer
    uint16_t total;
    uint8_t accept[28]; // what Sec-WebSocket-Accept must be: base64 of upgrade_digest()
} upgrade_t;

// SHA-1 (RFC 3174) of the key that was sent, 24 bytes, and the protocol's GUID. A check that the peer speaks
// WebSocket; nothing secret depends on it.
void upgrade_digest(const uint8_t key[24], uint8_t digest[20]);

// Take in at[0] to end; nothing: the connection has ended. Lines are gathered in `line`, of `room` bytes: longer ones are read, but cut.
// Returns: 1 the server agrees, *at is behind its answer; 0 more is needed; below 0: minus a FAULT_*.
int upgrade_feed(upgrade_t *u, uint8_t *line, size_t room, const uint8_t **at, const uint8_t *end);

#endif
