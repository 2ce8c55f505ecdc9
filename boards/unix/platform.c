// Time, lock and log of the process; see boards/simulated/port.h and station.h.

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "boards/simulated/control.h"
#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"
#include "boards/unix/station.h"

#define EPOCH_2020 1577836800ll

int platform_event_fd = -1;
static int jump_fd = -1; // wakes a poll() of the firmware: its time-out has to be reckoned anew
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void platform_init(void) {
    platform_event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    jump_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (platform_event_fd < 0 || jump_fd < 0) {
        perror("pilotwire: eventfd");
        exit(1);
    }
    struct timeval now;
    gettimeofday(&now, NULL);
    sim_clock_init(((int64_t)now.tv_sec - EPOCH_2020) * 1000000 + now.tv_usec);
}

void port_lock(void) {
    pthread_mutex_lock(&lock);
}

void port_unlock(void) {
    pthread_mutex_unlock(&lock);
}

uint64_t port_now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t platform_real_ms(void) {
    return port_now_us() / 1000;
}

void port_wake(void) {
    eventfd_write(platform_event_fd, 1);
    eventfd_write(jump_fd, 1);
}

void platform_loop_turns(void) {
}

void platform_event_settled(void) {
    eventfd_t count;
    eventfd_read(platform_event_fd, &count);
}

static uint64_t ticks_us(void) {
    port_lock();
    uint64_t us = sim_ticks_us();
    port_unlock();
    return us;
}

unsigned int station_ticks_ms(void) {
    return (unsigned int)(ticks_us() / 1000);
}

unsigned int station_ticks_us(void) {
    return (unsigned int)ticks_us();
}

// time() of mbedtls, which checks the dates of certificates, and of the firmware (linked with --wrap=time).
time_t __wrap_time(time_t *where);
time_t __wrap_time(time_t *where) {
    port_lock();
    time_t now = (time_t)(sim_utc_us() / 1000000 + EPOCH_2020);
    port_unlock();
    if (where) {
        *where = now;
    }
    return now;
}

// poll() of the firmware (linked with --wrap=poll): its time-outs are station time, and a jump of the clock ends it.
#define POLL_MAX 32
#define JUMP_PAUSE_US 30000 // of real time between the days of a long jump, for a peer to answer what a day asks for
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
    struct pollfd all[POLL_MAX + 1];
    if (count > POLL_MAX) {
        errno = EINVAL;
        return -1;
    }
    static uint64_t next_jump_us;
    uint64_t pause_us = 0;
    port_lock();
    uint32_t factor = sim_factor();
    uint64_t now_us = port_now_us();
    if (timeout_ms != 0 && sim_advance_left_ms() > 0) {
        if (now_us < next_jump_us) {
            pause_us = next_jump_us - now_us;
        } else if (sim_advance_step()) {
            next_jump_us = now_us + JUMP_PAUSE_US;
            timeout_ms = 0;
        }
    }
    port_unlock();
    memcpy(all, fds, count * sizeof(*fds));
    all[count] = (struct pollfd) {.fd = jump_fd, .events = POLLIN};
    uint64_t ns = (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms) * 1000000 * SIM_FACTOR_ONE / factor;
    if (pause_us > 0 && (timeout_ms < 0 || ns > pause_us * 1000)) {
        ns = pause_us * 1000;
        timeout_ms = 1; // any time-out: `ns` says which
    }
    struct timespec wait = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    int ready = ppoll(all, count + 1, timeout_ms < 0 ? NULL : &wait, NULL);
    if (ready < 0) {
        return ready;
    }
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = all[i].revents;
    }
    if (all[count].revents) {
        eventfd_t jumps;
        eventfd_read(jump_fd, &jumps);
        ready--;
    }
    return ready;
}

static const char *const LEVELS[] = {"DEBUG", "INFO", "WARNING", "ERROR"};

void platform_log(int level, const char *text, size_t length) {
    char line[1200];
    char stamp[SIM_STAMP_SIZE];
    level = level < LEVEL_DEBUG ? LEVEL_DEBUG : level > LEVEL_ERROR ? LEVEL_ERROR : level;
    port_lock();
    sim_stamp(sim_utc_us(), stamp);
    control_log(LEVELS[level], text, length);
    port_unlock();
    int start = snprintf(line, sizeof(line), "%s %s ", stamp, LEVELS[level]);
    size_t at = (size_t)start;
    for (size_t i = 0; i < length && at < sizeof(line) - 1; i++) {
        line[at++] = (unsigned char)text[i] < 0x20 ? ' ' : text[i]; // one line an event
    }
    line[at++] = '\n';
    while (write(STDERR_FILENO, line, at) < 0 && errno == EINTR) {
    }
}

void platform_logf(int level, const char *format, ...) {
    char text[1100];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    platform_log(level, text, length < (int)sizeof(text) ? (size_t)length : sizeof(text) - 1);
}
