// Frames of a WebSocket client connection (RFC 6455, 5 to 7): no I/O, no memory of its own, no MicroPython.
#ifndef PILOTWIRE_WEBSOCKET_FRAMES_H
#define PILOTWIRE_WEBSOCKET_FRAMES_H

#include <stddef.h>
#include <stdint.h>

// What websocket_next() returns; NONE to PONG as in firmware/wire/events.py. Below 0: minus the code to close with.
enum {
    WEBSOCKET_NONE, // receive more
    WEBSOCKET_START, // a text message begins
    WEBSOCKET_DATA, // a piece of it: start to end
    WEBSOCKET_END, // it is complete
    WEBSOCKET_PING, // `count` bytes of payload are in control[WEBSOCKET_CONTROL_HEADER]
    WEBSOCKET_PONG,
    WEBSOCKET_CLOSE, // the same, and `code` is that of the peer, 1005 without one; nothing follows
    WEBSOCKET_ROOM, // for a control frame: call again with a larger `control`, header and `left` bytes of payload
};

// A control frame, as the peer's is collected and ours is sent: room for our header, then the payload.
#define WEBSOCKET_CONTROL_HEADER 6
// The longest header of ours.
#define WEBSOCKET_HEADER 14

// One connection. The caller keeps it as words, and knows the first ones by their place (firmware/wire/events.py).
typedef struct {
    uint32_t start, end; // of the last DATA: its piece of the receive buffer
    uint32_t at, stop; // set by the caller: what has come in; only after NONE
    uint32_t count; // of a control frame: bytes of payload. Of a length: bytes still to come
    uint32_t code; // of CLOSE
    uint32_t fault; // what was wrong, for pilotwire_fault_text()
    uint32_t left; // of the payload: bytes to come; of a control frame: all of it, 125 at most
    uint32_t total; // bytes of the message, all fragments
    uint32_t most; // ... at most
    uint32_t state;
    uint32_t first; // byte of the header: final bit and opcode
    uint32_t in_message;
    uint32_t turn; // which byte of the key masks the next one
    uint8_t key[4];
} websocket_t;

// Expect the first frame of a new connection; messages of up to `most` bytes, at most 2^24.
void websocket_open(websocket_t *w, uint32_t most);

// The next event in rx[at] to rx[stop]. After a close frame or an error there is none any more. `control`, of `room`
// bytes, takes in a control frame: the payload behind the room for a header of ours.
int websocket_next(websocket_t *w, const uint8_t *rx, uint8_t *control, size_t room);

// Write the header of a final frame so that it ends at `end`, with 14 bytes of room. Returns: its length.
size_t websocket_header(websocket_t *w, uint8_t *end, unsigned opcode, uint32_t length, const uint8_t key[4]);

// Mask the next piece of the frame that the header was written for.
void websocket_mask(websocket_t *w, uint8_t *from, const uint8_t *to);

#endif
