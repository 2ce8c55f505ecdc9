// The firmware's TCP connections: known one by one, so that the network can go down under them and a restart of the
// firmware closes what it has forgotten. See station.h.

#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "boards/simulated/port.h"
#include "boards/simulated/sim.h"
#include "boards/unix/station.h"

#define CONNECTIONS_MAX 8

static struct {
    int fd; // 0: this place is free
    bool cut;
} connections[CONNECTIONS_MAX];

static int open_socket(const struct addrinfo *address) {
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); // small messages, each awaited
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int network_connect(const char *host, uint16_t port, unsigned index) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char service[8];
    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(host, service, &hints, &found) != 0) {
        return -EHOSTUNREACH - 1;
    }
    const struct addrinfo *address = found;
    while (address && index-- > 0) {
        address = address->ai_next;
    }
    int fd = address ? open_socket(address) : 0;
    int error = errno;
    freeaddrinfo(found);
    if (address == NULL) {
        return -1;
    }
    if (fd < 0) {
        return -error - 1;
    }
    int result = -EMFILE - 1;
    port_lock();
    if (!sim.network_up) {
        result = -ENETDOWN - 1;
    }
    for (int i = 0; sim.network_up && i < CONNECTIONS_MAX; i++) {
        if (connections[i].fd == 0) {
            connections[i].fd = fd;
            connections[i].cut = false;
            result = i;
            break;
        }
    }
    port_unlock();
    if (result < 0) {
        close(fd);
    }
    return result;
}

int network_fd(int connection) {
    return connection >= 0 && connections[connection].fd ? connections[connection].fd : -1;
}

int network_error(int connection) {
    int fd = network_fd(connection);
    if (fd < 0) {
        return EBADF;
    }
    if (connections[connection].cut) {
        return ECONNRESET;
    }
    int error = 0;
    socklen_t size = sizeof(error);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

void network_close(int connection) {
    int fd = network_fd(connection);
    if (fd >= 0) {
        port_lock();
        connections[connection].fd = 0;
        port_unlock();
        close(fd);
    }
}

void network_close_all(void) {
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        network_close(i);
    }
}

void port_network(bool up) {
    for (int i = 0; !up && i < CONNECTIONS_MAX; i++) {
        if (connections[i].fd) {
            connections[i].cut = true;
            shutdown(connections[i].fd, SHUT_RDWR);
        }
    }
}
