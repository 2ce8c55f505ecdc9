// All of the simulation's control side runs in the interrupt of its UART.

#include "control_port.h"

#include <stdbool.h>

#include "boards/simulated/control.h"
#include "boards/simulated/json.h"

#include "facts.h"
#include "platform.h"
#include "trials.h"
#include "uart.h"

#define FIRST_LETTER ('a')
#define FACTS_LETTER ('!')
#define READY_LETTER ('*')
#define QUIT_LETTER ('.')

static control_client_t clients[CONTROL_CLIENTS_MAX];
static bool is_open[CONTROL_CLIENTS_MAX];

static enum { EXPECT_LETTER, EXPECT_KIND, EXPECT_JSON, EXPECT_TRIAL, EXPECT_END } expected;
static uint8_t current; // client of the line that is coming in

static volatile bool tick_is_due;

static void send_byte(char byte) {
    uart_send(UART_CONTROL, (uint8_t)byte);
}

static void send_line(control_client_t *client, const char *line, size_t length) {
    send_byte((char)(FIRST_LETTER + (client - clients)));
    send_byte('=');
    for (size_t i = 0; i < length; i++) {
        send_byte(line[i]); // ends with a new line
    }
}

static void open_client(void) {
    clients[current].send = send_line;
    is_open[current] = control_open(&clients[current]);
}

static void close_client(void) {
    if (is_open[current]) {
        control_close(&clients[current]);
        is_open[current] = false;
    }
}

static void take_kind(char byte) {
    expected = byte == '=' && is_open[current] ? EXPECT_JSON : EXPECT_END;
    if (byte == '+') {
        close_client();
        open_client();
    } else if (byte == '-') {
        close_client();
    }
}

static void send_facts(void) {
    json_out_t out;
    control_start_line(&out);
    facts_put(&out);
    send_byte(FACTS_LETTER);
    for (size_t i = 0; i < out.length; i++) {
        send_byte(out.buffer[i]);
    }
    send_byte('\n');
}

static void take(char byte) {
    switch (expected) {
        case EXPECT_LETTER:
            if (byte == QUIT_LETTER) {
                station_quit();
            }
            current = (uint8_t)(byte - FIRST_LETTER);
            expected = byte == FACTS_LETTER ? EXPECT_TRIAL : current < CONTROL_CLIENTS_MAX ? EXPECT_KIND : EXPECT_END;
            break;
        case EXPECT_TRIAL:
            if (byte == '\n') {
                send_facts();
            } else {
                trials_ask_for(byte);
            }
            expected = EXPECT_END;
            break;
        case EXPECT_KIND:
            take_kind(byte);
            break;
        case EXPECT_JSON:
            control_input(&clients[current], &byte, 1);
            break;
        case EXPECT_END:
            break;
    }
    if (byte == '\n') {
        expected = EXPECT_LETTER;
    }
}

void control_port_interrupt(void) {
    uint8_t byte;
    while (uart_receive(UART_CONTROL, &byte)) {
        take((char)byte);
    }
    if (tick_is_due) {
        tick_is_due = false;
        platform_tick();
    }
}

void control_port_tick(void) {
    tick_is_due = true;
    uart_call_control();
}

void control_port_start(void) {
    uart_start(UART_CONTROL);
    send_byte(READY_LETTER);
    send_byte('\n');
}
