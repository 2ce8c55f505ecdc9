#include "serial_ethernet.h"

#include "clock.h"
#include "uart.h"

#define ESCAPE (0x10)
#define CONNECTIONS (10) // they are numbered '0' to '9', in turns

#define RING_SIZE (512u) // a power of 2

static uint8_t ring[RING_SIZE];
static volatile uint16_t ring_in, ring_out; // count on; only their difference and their low bits matter

static volatile serial_ethernet_state_t state;
static volatile bool held; // by the module: the network is slower than the line
static volatile uint8_t connection; // the one that is wanted; what belongs to another one is old and is dropped

static struct {
    bool escaped;     // the byte before was an escape
    char event;       // the event whose connection number comes next, or 0
    uint8_t carrying; // the connection whose data are being received
} receiver;

// Data wake the event loop when half a ring of them has come, or when no more have come for a millisecond: a turn of the
// loop for each byte costs more than all that is done with the byte.
static volatile enum { NO_NEWS, NEWS, OLD_NEWS } data_to_tell;

// From here to serial_ethernet_interrupt(): called by interrupts only.

static void take_data(uint8_t byte) {
    if (receiver.carrying == connection && state == SERIAL_ETHERNET_OPEN) {
        ring[ring_in % RING_SIZE] = byte;
        ring_in++;
        data_to_tell = NEWS;
        if ((uint16_t)(ring_in - ring_out) == RING_SIZE / 2) {
            clock_wake();
        }
    }
}

void serial_ethernet_tick(void) {
    if (data_to_tell == OLD_NEWS) {
        data_to_tell = NO_NEWS;
        clock_wake();
    } else if (data_to_tell == NEWS) {
        data_to_tell = OLD_NEWS;
    }
}

static void take_event(char event, uint8_t number) {
    if (event == 'O') {
        receiver.carrying = number;
    }
    if (number != connection || state == SERIAL_ETHERNET_CLOSED) {
        return;
    }
    switch (event) {
        case 'O':
            held = false;
            state = SERIAL_ETHERNET_OPEN;
            break;
        case 'H':
            held = true;
            break;
        case 'G':
            held = false;
            break;
        case 'N':
            state = SERIAL_ETHERNET_NO_NAME;
            break;
        case 'R':
            state = SERIAL_ETHERNET_REFUSED;
            break;
        case 'T':
            state = SERIAL_ETHERNET_TIMEOUT;
            break;
        case 'Z':
            state = SERIAL_ETHERNET_CLOSED;
            break;
        default: // an event of a newer module
            break;
    }
    clock_wake();
}

static void take(uint8_t byte) {
    if (receiver.event != 0) {
        take_event(receiver.event, byte);
        receiver.event = 0;
    } else if (receiver.escaped) {
        receiver.escaped = false;
        if (byte == ESCAPE) {
            take_data(byte);
        } else {
            receiver.event = byte;
        }
    } else if (byte == ESCAPE) {
        receiver.escaped = true;
    } else {
        take_data(byte);
    }
}

void serial_ethernet_interrupt(void) {
    uint8_t byte;
    bool room;
    while ((room = (uint16_t)(ring_in - ring_out) < RING_SIZE) && uart_receive(UART_NETWORK, &byte)) {
        take(byte);
    }
    if (!room) {
        // What comes next stays where it is, and the flow control of the line holds the rest back, until
        // serial_ethernet_read() has made room.
        uart_listen(UART_NETWORK, false);
        clock_wake();
    }
}

// From here on: called by the firmware.

static void send(uint8_t byte) {
    uart_send(UART_NETWORK, byte);
}

void serial_ethernet_start(void) {
    uart_start(UART_NETWORK);
    serial_ethernet_close();
}

uint8_t serial_ethernet_connect(const char *host, size_t length, unsigned port) {
    state = SERIAL_ETHERNET_CLOSED; // nothing more of the old connection from here on
    connection = '0' + (connection + 1 - '0') % CONNECTIONS;
    ring_out = ring_in;
    uart_listen(UART_NETWORK, true);
    state = SERIAL_ETHERNET_CONNECTING;
    send(ESCAPE);
    send('C');
    send(connection);
    for (size_t i = 0; i < length; i++) {
        send(host[i]);
    }
    send(' ');
    for (unsigned divisor = 10000; divisor > 0; divisor /= 10) {
        send('0' + port / divisor % 10);
    }
    send('\n');
    return connection;
}

void serial_ethernet_lose(void) {
    serial_ethernet_close();
    state = SERIAL_ETHERNET_TIMEOUT;
    clock_wake();
}

void serial_ethernet_close(void) {
    state = SERIAL_ETHERNET_CLOSED;
    ring_out = ring_in;
    uart_listen(UART_NETWORK, true);
    send(ESCAPE);
    send('X');
}

serial_ethernet_state_t serial_ethernet_state(void) {
    return state;
}

size_t serial_ethernet_available(void) {
    return (uint16_t)(ring_in - ring_out);
}

bool serial_ethernet_held(void) {
    return held;
}

size_t serial_ethernet_read(uint8_t *buffer, size_t size) {
    size_t count = 0;
    while (count < size && ring_out != ring_in) {
        buffer[count++] = ring[ring_out % RING_SIZE];
        ring_out++;
    }
    uart_listen(UART_NETWORK, true);
    return count;
}

void serial_ethernet_write(const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (data[i] == ESCAPE) {
            send(ESCAPE);
        }
        send(data[i]);
    }
}
