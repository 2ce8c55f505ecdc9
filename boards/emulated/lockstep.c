#include "lockstep.h"

#include <string.h>

#include "py/mphal.h"

#include "clock.h"
#include "control_port.h"
#include "facts.h"
#include "semihosting.h"
#include "serial_ethernet.h"
#include "settings.h"
#include "uart.h"

#define LINES (2) // UART_NETWORK, UART_CONTROL
#define OUT_SIZE (2048)
#define IN_SIZE (128)

typedef struct __attribute__((packed)) {
    uint32_t ms;
    uint32_t instructions;
    uint32_t longest;
    uint16_t length[LINES];
    uint16_t room;
    uint16_t full;
} to_host_t;

typedef struct __attribute__((packed)) {
    uint32_t next_ms;
    uint16_t length[LINES];
} from_host_t;

static int host_out = -1, host_in = -1;
static uint32_t next_ms;
static uint64_t cycles; // that lockstep itself has cost

static struct {
    uint8_t bytes[OUT_SIZE];
    uint16_t length;
} out[LINES];

static struct {
    uint8_t bytes[IN_SIZE];
    uint16_t length, taken;
} in[LINES];

void __real_clock_tick(void);
uint64_t __real_clock_cycles_asleep(void);
void __real_uart_send(uart_t uart, uint8_t byte);
bool __real_uart_receive(uart_t uart, uint8_t *byte);
void __real_mp_hal_get_random(size_t count, uint8_t *bytes);

static int open_pipe(const char *folder, const char *name, unsigned mode) {
    char path[200];
    strcpy(path, folder);
    strcat(path, name);
    return semihosting_open(path, mode);
}

void lockstep_start(void) {
    char folder[180];
    if (settings_text("lockstep", folder, sizeof(folder))[0] != 0) {
        host_out = open_pipe(folder, "/out", SEMIHOSTING_WRITE);
        host_in = open_pipe(folder, "/in", SEMIHOSTING_READ);
    }
}

static bool active(void) {
    return host_in >= 0;
}

static bool waiting(uart_t uart) {
    return in[uart].taken < in[uart].length;
}

static void tell(bool full) {
    to_host_t header = {
        .ms = clock_ms(),
        .instructions = (uint32_t)CHIP_INSTRUCTIONS(clock_cycles() - clock_cycles_asleep()),
        .longest = (uint32_t)facts_longest(),
        .length = { out[UART_NETWORK].length, out[UART_CONTROL].length },
        .room = waiting(UART_NETWORK) || waiting(UART_CONTROL) ? 0 : IN_SIZE,
        .full = full,
    };
    semihosting_write(host_out, &header, sizeof(header));
    for (int line = 0; line < LINES; line++) {
        semihosting_write(host_out, out[line].bytes, out[line].length);
        out[line].length = 0;
    }
}

static void listen(void) {
    from_host_t header;
    semihosting_read(host_in, &header, sizeof(header));
    next_ms = header.next_ms;
    for (int line = 0; line < LINES; line++) {
        if (header.length[line] > 0) {
            semihosting_read(host_in, in[line].bytes, header.length[line]);
            in[line].length = header.length[line];
            in[line].taken = 0;
        }
    }
}

static void exchange(void) {
    if (clock_ms() >= next_ms || out[UART_NETWORK].length > 0 || out[UART_CONTROL].length > 0) {
        tell(false);
        listen();
    }
}

void __wrap_clock_tick(void) {
    __real_clock_tick();
    if (!active()) {
        return;
    }
    uint64_t start = clock_cycles();
    exchange();
    cycles += clock_cycles() - start;
    if (waiting(UART_NETWORK)) {
        serial_ethernet_interrupt();
    }
    if (waiting(UART_CONTROL)) {
        uart_call_control();
    }
}

// For those who count: as if the chip slept while host and chip exchange.
uint64_t __wrap_clock_cycles_asleep(void) {
    return __real_clock_cycles_asleep() + cycles;
}

void __wrap_uart_send(uart_t uart, uint8_t byte) {
    if (!active()) {
        __real_uart_send(uart, byte);
        return;
    }
    uint32_t before = interrupts_off(); // clock_tick() empties the buffers
    if (out[uart].length == OUT_SIZE) {
        tell(true);
    }
    out[uart].bytes[out[uart].length++] = byte;
    interrupts_restore(before);
}

bool __wrap_uart_receive(uart_t uart, uint8_t *byte) {
    if (!active()) {
        return __real_uart_receive(uart, byte);
    }
    if (!waiting(uart)) {
        return false;
    }
    *byte = in[uart].bytes[in[uart].taken++];
    return true;
}

void __wrap_mp_hal_get_random(size_t count, uint8_t *bytes) {
    static uint32_t state = 1;
    if (!active()) {
        __real_mp_hal_get_random(count, bytes);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = state >> 24;
    }
}
