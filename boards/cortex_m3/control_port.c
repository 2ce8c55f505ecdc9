// All of the simulation's control side runs in the interrupt of USART1, at the lowest priority: as hardware would, it goes on
// whatever the firmware does, and port_lock() only has to keep that interrupt away.

#include "control_port.h"

#include <stdbool.h>

#include "boards/simulated/control.h"
#include "boards/simulated/json.h"
#include "boards/simulated/port.h"

#include "facts.h"
#include "platform.h"
#include "registers.h"

#define LOWEST_PRIORITY (0xf0u)
#define FIRST_LETTER ('a')
#define FACTS_LETTER ('!')
#define READY_LETTER ('*')

static control_client_t clients[CONTROL_CLIENTS_MAX];
static bool is_open[CONTROL_CLIENTS_MAX];

static enum { EXPECT_LETTER, EXPECT_KIND, EXPECT_JSON, EXPECT_END } expected;
static uint8_t current; // client of the line that is coming in

static volatile bool tick_is_due;

static void send_byte(char byte) {
    while (!(USART1->status & USART_STATUS_SEND_EMPTY)) {
    }
    USART1->data = (uint8_t)byte;
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
            if (byte == FACTS_LETTER) {
                send_facts();
            }
            current = (uint8_t)(byte - FIRST_LETTER);
            expected = current < CONTROL_CLIENTS_MAX ? EXPECT_KIND : EXPECT_END;
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

void usart1_handler(void) {
    while (USART1->status & USART_STATUS_RECEIVED) {
        take((char)USART1->data);
    }
    if (tick_is_due) {
        tick_is_due = false;
        platform_tick();
    }
}

void control_port_tick(void) {
    tick_is_due = true;
    NVIC_SET_PENDING(USART1_IRQ);
}

void control_port_start(void) {
    USART1->control1 = USART_CONTROL1_ENABLE | USART_CONTROL1_RECEIVE | USART_CONTROL1_SEND |
        USART_CONTROL1_RECEIVED_INTERRUPT;
    NVIC_PRIORITY(USART1_IRQ) = LOWEST_PRIORITY;
    NVIC_ENABLE(USART1_IRQ);
    send_byte(READY_LETTER);
    send_byte('\n');
}

void port_lock(void) {
    __asm__ volatile ("msr basepri, %0" : : "r" (LOWEST_PRIORITY) : "memory");
}

void port_unlock(void) {
    __asm__ volatile ("msr basepri, %0" : : "r" (0) : "memory");
}
