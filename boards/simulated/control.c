// Clients, lines, replies. See control.h.

#include "control.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "port.h"
#include "sim.h"

control_client_t *control_clients[CONTROL_CLIENTS_MAX];
static char line_buffer[CONTROL_OUT_MAX];
static char event_buffer[CONTROL_OUT_MAX]; // an event may come while a reply is being built

bool control_open(control_client_t *client) {
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        if (control_clients[i] == NULL) {
            client->hooks = 0;
            client->length = 0;
            client->too_long = false;
            control_clients[i] = client;
            return true;
        }
    }
    return false;
}

void control_start_line(json_out_t *out) {
    *out = (json_out_t) {line_buffer, CONTROL_OUT_MAX - 1, 0, false};
}

void control_start_event(json_out_t *out, const char *name, uint8_t evse, uint8_t connector) {
    *out = (json_out_t) {event_buffer, CONTROL_OUT_MAX - 1, 0, false};
    json_put(out, "{\"event\":");
    json_put_text(out, name);
    if (evse) {
        json_put(out, ",\"evse\":");
        json_put_number(out, evse);
    }
    if (connector) {
        json_put(out, ",\"connector\":");
        json_put_number(out, connector);
    }
}

void control_send_line(control_client_t *client, json_out_t *out) {
    out->buffer[out->length] = '\n';
    client->send(client, out->buffer, out->length + 1);
}

void control_send_event(uint32_t hook, json_out_t *out) {
    if (out->full) {
        return; // half a line would be worse than none
    }
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        if (control_clients[i] && (control_clients[i]->hooks & hook)) {
            control_send_line(control_clients[i], out);
        }
    }
}

void control_start_reply(json_out_t *out, const char *id, size_t length, bool ok) {
    control_start_line(out);
    json_put(out, "{\"id\":");
    json_put_raw(out, id, length);
    json_put(out, ok ? ",\"ok\":true" : ",\"ok\":false");
}

void control_fail(control_request_t *request, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    bool has_id = request->id.text != NULL;
    control_start_reply(&request->out, has_id ? request->id.text : "null", has_id ? request->id.length : 4, false);
    json_put(&request->out, ",\"error\":");
    json_put_text(&request->out, text);
    request->failed = true;
}

static const control_command_t *find_command(const char *name) {
    const control_command_t *tables[] = {control_hardware_commands, control_station_commands};
    for (int t = 0; t < 2; t++) {
        for (const control_command_t *command = tables[t]; command->name; command++) {
            if (strcmp(command->name, name) == 0) {
                return command;
            }
        }
    }
    return NULL;
}

static void run_request(control_request_t *request, const char *line, size_t length) {
    size_t wrong_at;
    if (!json_parse(line, length, &request->request, &wrong_at)) {
        control_fail(request, "not JSON: byte %u of the line; send one JSON object a line, in UTF-8, at most %d deep",
            (unsigned)wrong_at, JSON_DEPTH_MAX);
        return;
    }
    if (!json_is_object(request->request)) {
        control_fail(request, "not a JSON object: send {\"cmd\": ..., \"id\": ...}");
        return;
    }
    json_t id = json_member(request->request, "id");
    if (id.text && (id.length > CONTROL_ID_MAX || json_is_object(id) || json_is_array(id))) {
        control_fail(request, "id: neither a number nor a string of at most %d bytes", CONTROL_ID_MAX);
        return;
    }
    request->id = id;
    char name[32];
    int name_length = json_string(json_member(request->request, "cmd"), name, sizeof(name));
    if (name_length == JSON_NOT_A_STRING) {
        control_fail(request, "cmd: missing, or not a string; `capabilities` lists the commands");
        return;
    }
    const control_command_t *command = name_length < 0 ? NULL : find_command(name);
    if (command == NULL) {
        control_fail(request, "cmd: no such command: %.31s; `capabilities` lists the commands", name_length < 0 ? "" : name);
        return;
    }
    control_start_reply(&request->out, id.text ? id.text : "null", id.text ? id.length : 4, true);
    command->run(request);
}

static void take_line(control_client_t *client) {
    control_request_t request = {.client = client};
    if (client->too_long) {
        control_fail(&request, "the line is too long: send at most %d bytes", CONTROL_LINE_MAX);
    } else {
        size_t blank = 0;
        while (blank < client->length && strchr(" \t\r", client->line[blank])) {
            blank++;
        }
        if (blank == client->length) {
            return;
        }
        run_request(&request, client->line, client->length);
    }
    if (request.deferred) {
        return;
    }
    json_put(&request.out, "}");
    if (request.out.full) {
        control_fail(&request, "the reply is longer than %d bytes", CONTROL_OUT_MAX);
        json_put(&request.out, "}");
    }
    control_send_line(client, &request.out);
}

void control_input(control_client_t *client, const char *data, size_t length) {
    const char *end = data + length;
    while (data < end) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        size_t piece = (size_t)((newline ? newline : end) - data);
        if (piece > CONTROL_LINE_MAX - client->length) {
            client->too_long = true;
        }
        if (!client->too_long) {
            memcpy(client->line + client->length, data, piece);
            client->length += piece;
        }
        data += piece;
        if (newline) {
            take_line(client);
            client->length = 0;
            client->too_long = false;
            data++;
        }
    }
}
