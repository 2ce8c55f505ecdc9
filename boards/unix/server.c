// The thread beside the firmware: control connections, signals, and what has to be looked at once a second.
// It answers although the firmware is busy. See station.h.

#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "boards/simulated/control.h"
#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"
#include "boards/unix/options.h"
#include "boards/unix/station.h"

#define LISTENERS_MAX 4
#define UNREAD_MAX (4 * 1024 * 1024) // bytes that a client may leave unread before it is dropped
#define TICK_MS 1000

typedef struct {
    control_client_t control; // first: a pointer to it is one to the whole
    int fd;
    bool ended;   // to be closed when all is written
    bool dropped; // to be closed at once
    char *out;
    size_t out_length, out_size;
} connection_t;

static int listeners[LISTENERS_MAX];
static int listener_count;
static int kick_fd, signal_fd;
static connection_t *connections[CONTROL_CLIENTS_MAX];

void server_kick(void) {
    eventfd_write(kick_fd, 1);
}

static void write_some(connection_t *c) {
    while (c->out_length > 0) {
        ssize_t n = send(c->fd, c->out, c->out_length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0) {
            c->dropped |= errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
            return;
        }
        c->out_length -= (size_t)n;
        memmove(c->out, c->out + n, c->out_length);
    }
}

static void send_line(control_client_t *client, const char *data, size_t length) {
    connection_t *c = (connection_t *)client;
    if (c->dropped) {
        return;
    }
    if (c->out_length + length > UNREAD_MAX) {
        c->dropped = true;
        server_kick();
        return;
    }
    if (c->out_length + length > c->out_size) {
        c->out_size = c->out_length + length + 4096;
        c->out = realloc(c->out, c->out_size);
    }
    memcpy(c->out + c->out_length, data, length);
    c->out_length += length;
    write_some(c);
    if (c->out_length > 0) {
        server_kick();
    }
}

static void bind_address(const struct addrinfo *address) {
    int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 16) == 0) {
        listeners[listener_count++] = fd;
    } else {
        int error = errno;
        close(fd);
        errno = error;
    }
}

static void log_listener(int fd) {
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    char host[80], service[8];
    getsockname(fd, (struct sockaddr *)&address, &size);
    getnameinfo((struct sockaddr *)&address, size, host, sizeof(host), service, sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV);
    platform_logf(LEVEL_INFO, strchr(host, ':') ? "control connections at [%s]:%s" : "control connections at %s:%s", host, service);
}

// From here on a signal waits for the control thread.
static void block_signals(void) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal_fd = signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signal_fd < 0) {
        perror("pilotwire: signalfd");
        exit(1);
    }
}

void server_listen(void) {
    block_signals();
    if (settings.control_host[0] == 0) {
        return;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
    char service[8];
    snprintf(service, sizeof(service), "%u", settings.control_port);
    int error = getaddrinfo(settings.control_host, service, &hints, &found);
    if (error) {
        option_wrong(OPTION_CONTROL, gai_strerror(error), "give an address of this machine, as in 127.0.0.1:9100");
    }
    for (struct addrinfo *a = found; a && listener_count < LISTENERS_MAX; a = a->ai_next) {
        bind_address(a);
    }
    freeaddrinfo(found);
    if (listener_count == 0) {
        option_wrong(OPTION_CONTROL, strerror(errno), "give a free port of this machine; 0 takes any");
    }
    for (int i = 0; i < listener_count; i++) {
        log_listener(listeners[i]);
    }
}

static void take_client(int listener) {
    static const char busy[] = "{\"id\":null,\"ok\":false,\"error\":\"too many control connections\"}\n";
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    int place = 0;
    while (place < CONTROL_CLIENTS_MAX && connections[place]) {
        place++;
    }
    if (place == CONTROL_CLIENTS_MAX) {
        send(fd, busy, sizeof(busy) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        close(fd);
        return;
    }
    connection_t *c = calloc(1, sizeof(*c));
    c->fd = fd;
    c->control.send = send_line;
    connections[place] = c;
    control_open(&c->control);
}

static void read_some(connection_t *c) {
    char data[16384];
    ssize_t n = recv(c->fd, data, sizeof(data), 0);
    if (n > 0) {
        control_input(&c->control, data, (size_t)n);
    } else if (n == 0) {
        c->ended = true;
    } else if (errno != EAGAIN && errno != EINTR) {
        c->dropped = true;
    }
}

static void close_finished(void) {
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        connection_t *c = connections[i];
        if (c && (c->dropped || (c->ended && c->out_length == 0))) {
            connections[i] = NULL;
            control_close(&c->control);
            close(c->fd);
            free(c->out);
            free(c);
        }
    }
}

// Asked to end: the firmware has this long to say goodbye to the CSMS, which takes it 2 s at most. Asked again: at once.
#define QUIT_MS 3000
#define QUIT_LOOK_MS 50
static uint64_t quit_by; // 0: not asked

void platform_quit(void) {
    for (uint8_t e = 1; e <= sim.evses; e++) {
        sim_meter_count(e);
    }
    _exit(0);
}

static void take_signal(void) {
    struct signalfd_siginfo info;
    ssize_t n = read(signal_fd, &info, sizeof(info));
    (void)n;
    if (quit_by > 0) {
        platform_quit();
    }
    quit_by = platform_real_ms() + QUIT_MS;
    station_quit();
}

static void tick(void) {
    static uint64_t last;
    uint64_t now = platform_real_ms();
    if (now - last < TICK_MS) {
        return;
    }
    last = now;
    control_tick();
    for (uint8_t e = 1; e <= sim.evses; e++) {
        sim_meter_count(e); // so that little is lost even when the process is killed
    }
    station_check_watchdog();
}

static void *serve(void *unused) {
    (void)unused;
    struct pollfd fds[2 + LISTENERS_MAX + CONTROL_CLIENTS_MAX];
    connection_t *owner[2 + LISTENERS_MAX + CONTROL_CLIENTS_MAX];
    for (;;) {
        nfds_t count = 0;
        fds[count++] = (struct pollfd) {.fd = signal_fd, .events = POLLIN};
        fds[count++] = (struct pollfd) {.fd = kick_fd, .events = POLLIN};
        for (int i = 0; i < listener_count; i++) {
            fds[count++] = (struct pollfd) {.fd = listeners[i], .events = POLLIN};
        }
        nfds_t first_client = count;
        port_lock();
        close_finished();
        for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
            connection_t *c = connections[i];
            if (c) {
                owner[count] = c;
                short events = (short)((c->ended ? 0 : POLLIN) | (c->out_length > 0 ? POLLOUT : 0));
                fds[count++] = (struct pollfd) {.fd = c->fd, .events = events};
            }
        }
        port_unlock();
        struct timespec wait = {.tv_sec = TICK_MS / 1000};
        if (quit_by > 0) {
            wait = (struct timespec) {.tv_nsec = QUIT_LOOK_MS * 1000000};
        }
        ppoll(fds, count, &wait, NULL);
        port_lock();
        if (fds[0].revents) {
            take_signal();
        }
        if (quit_by > 0 && platform_real_ms() >= quit_by) {
            platform_quit(); // the firmware hangs, or the clock runs slower
        }
        eventfd_t kicks;
        eventfd_read(kick_fd, &kicks);
        for (nfds_t i = first_client; i < count; i++) {
            if (fds[i].revents & POLLOUT) {
                write_some(owner[i]);
            }
            if (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) {
                read_some(owner[i]);
            }
        }
        for (nfds_t i = 2; i < first_client; i++) {
            if (fds[i].revents) {
                take_client(fds[i].fd);
            }
        }
        tick();
        port_unlock();
    }
    return NULL;
}

void server_start(void) {
    kick_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_t thread;
    if (kick_fd < 0 || pthread_create(&thread, NULL, serve, NULL) != 0) {
        perror("pilotwire: cannot start the control thread");
        exit(1);
    }
}
