// What the simulated hardware needs of a platform, for tests of the bare C code (simulated_library.py).

#include <string.h>

#include "boards/simulated/control.h"
#include "boards/simulated/port.h"

uint64_t test_now_us;
unsigned test_wakes;
uint64_t test_register[256];
char test_sent[200000];
size_t test_sent_length;

uint64_t port_now_us(void) {
    return test_now_us;
}

void port_lock(void) {
}

void port_unlock(void) {
}

void port_wake(void) {
    test_wakes++;
}

void port_meter(uint8_t evse, uint64_t mwh) {
    test_register[evse] = mwh;
}

void port_network(bool up) {
    (void)up;
}

void port_power_cut(void) {
}

static void keep(control_client_t *client, const char *data, size_t length) {
    (void)client;
    if (length <= sizeof(test_sent) - test_sent_length) {
        memcpy(test_sent + test_sent_length, data, length);
        test_sent_length += length;
    }
}

void test_input(const char *data, size_t length) {
    static control_client_t client;
    if (client.send == NULL) {
        client.send = keep;
        control_open(&client);
    }
    test_sent_length = 0;
    control_input(&client, data, length);
}
