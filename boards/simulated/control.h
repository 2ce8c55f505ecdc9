// The control protocol: one JSON object a line in, one a line out (boards/unix/README.md lists the commands).
// It knows no transport: bytes come in by control_input(), lines go out by the client's `send`.
// Every function expects the caller to hold port_lock().

#ifndef PILOTWIRE_SIMULATED_CONTROL_H
#define PILOTWIRE_SIMULATED_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "sim.h"

#ifndef CONTROL_LINE_MAX
#define CONTROL_LINE_MAX 32768 // bytes of a request
#endif
#ifndef CONTROL_OUT_MAX
#define CONTROL_OUT_MAX 49152 // bytes of a reply or an event
#endif
#ifndef CONTROL_CLIENTS_MAX
#define CONTROL_CLIENTS_MAX 32
#endif
#define CONTROL_ID_MAX 64        // bytes of a request's id
#define CONTROL_DEFERRED_MAX 16  // commands whose answer by the firmware is awaited
#define CONTROL_HOOKS_MAX 16     // hook events whose reply is awaited
#ifndef CONTROL_TRANSFER_S
#define CONTROL_TRANSFER_S 300   // real seconds after which a data_transfer command is answered with an error
#endif
#define CONTROL_HEAP_S 5         // the same of a heap command

// Kinds of lines a client may turn on with `hook`, as bits.
enum { HOOK_LOG = 1, HOOK_STATUS = 2, HOOK_RELAY = 4, HOOK_DISPLAY = 8, HOOK_DATA_TRANSFER = 16 };

typedef struct control_client {
    void (*send)(struct control_client *client, const char *data, size_t length);
    uint32_t hooks;
    size_t length;
    bool too_long;
    char line[CONTROL_LINE_MAX];
} control_client_t;

// ---- for the transport

bool control_open(control_client_t *client); // false: too many clients. `send` must be set
void control_close(control_client_t *client);
void control_input(control_client_t *client, const char *data, size_t length);
void control_tick(void);                     // about once a second: time-outs

// ---- for the simulated hardware

void control_relay_moved(uint8_t evse, uint8_t connector, bool closed);
void control_firmware_restarted(void);

// ---- for the firmware's side

void control_log(const char *level, const char *text, size_t length);
void control_status(uint8_t evse, uint8_t connector, const char *status);
void control_display(uint8_t evse, const char *text, size_t length);
// A DataTransfer of the CSMS. False: nobody has the hook on.
bool control_hook(uint32_t seq, const char *vendor, size_t vendor_length, const char *message, size_t message_length,
    const char *data, size_t data_length);
// What became of a data_transfer command: either `status`, with `data` (raw JSON) or NULL, or `error`.
void control_transfer_done(uint32_t seq, const char *status, size_t status_length, const char *data, size_t data_length,
    const char *error, size_t error_length);
// Answers a heap command, in bytes.
void control_heap_done(uint32_t seq, uint32_t used, uint32_t unused);

// ---- between control*.c

typedef struct {
    control_client_t *client;
    json_t request;
    json_t id;
    json_out_t out;   // holds {"id":...,"ok":true so far
    bool failed;      // `error` has been written instead
    bool deferred;    // the reply comes later
} control_request_t;

typedef struct {
    const char *name;
    void (*run)(control_request_t *request);
} control_command_t;

extern const control_command_t control_hardware_commands[];
extern const control_command_t control_station_commands[];
extern control_client_t *control_clients[CONTROL_CLIENTS_MAX];

void control_data_transfer(control_request_t *request);
void control_reply(control_request_t *request);
void control_hook_turned_off(void);
void control_start_line(json_out_t *out); // into the one buffer for lines
// {"event":<name>,"evse":..,"connector":.. (those that are not 0)
void control_start_event(json_out_t *out, const char *name, uint8_t evse, uint8_t connector);
void control_send_line(control_client_t *client, json_out_t *out);
void control_send_event(uint32_t hook, json_out_t *out); // to every client that has the hook on
void control_fail(control_request_t *request, const char *format, ...) __attribute__((format(printf, 2, 3)));
void control_start_reply(json_out_t *out, const char *id, size_t length, bool ok); // {"id":<raw>,"ok":true or false
// A reply later (control_deferred.c): pushes `event` with a number by which it is found again. After `seconds` of real
// time it is the error `too_late`. May end in control_fail().
void control_defer(control_request_t *request, sim_event_t *event, unsigned seconds, const char *too_late);
// Starts that reply; false: nobody waits for it any more. Then put its members, and send it.
bool control_start_deferred(uint32_t seq, json_out_t *out, bool ok);
void control_send_deferred(uint32_t seq, json_out_t *out);
void control_deferred_restarted(void);
void control_deferred_closed(const control_client_t *client);
// Parameters. All return false after control_fail().
bool control_need_room(control_request_t *request);
bool control_evse(control_request_t *request, uint8_t *evse, bool zero_is_all);
bool control_connector(control_request_t *request, uint8_t *evse, uint8_t *connector);
bool control_text(control_request_t *request, const char *name, bool optional, char *text, size_t size, int *length);
bool control_number(control_request_t *request, const char *name, unsigned decimals, int64_t lowest, int64_t highest,
    int64_t *value, bool *given);
bool control_flag(control_request_t *request, const char *name, const bool *otherwise, bool *value);

#endif
