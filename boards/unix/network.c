// The firmware's TCP connections: known one by one, so that the network can go down under them and a restart of the
// firmware closes what it has forgotten. See station.h.

#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
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

// ---- looking up a name, in a thread of its own: it may take long, and charging does not wait for it

#define LOOKUPS_MAX 4

typedef struct {
    int done_fd; // readable once it is done
    bool done, abandoned;
    struct addrinfo *found;      // all addresses
    const struct addrinfo *next; // the one to try next
    char host[256], service[8];
} lookup_t;

static lookup_t *lookups[LOOKUPS_MAX];

static void free_lookup(lookup_t *lookup) {
    if (lookup->found) {
        freeaddrinfo(lookup->found);
    }
    close(lookup->done_fd);
    free(lookup);
}

static void *look_up(void *argument) {
    lookup_t *lookup = argument;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo(lookup->host, lookup->service, &hints, &found) != 0) {
        found = NULL;
    }
    port_lock();
    lookup->found = found;
    lookup->next = found;
    lookup->done = true;
    if (lookup->abandoned) {
        free_lookup(lookup);
    } else {
        eventfd_write(lookup->done_fd, 1);
    }
    port_unlock();
    return NULL;
}

int network_lookup(const char *host, uint16_t port) {
    int place = 0;
    while (place < LOOKUPS_MAX && lookups[place]) {
        place++;
    }
    if (place == LOOKUPS_MAX) {
        return -1;
    }
    lookup_t *lookup = calloc(1, sizeof(*lookup));
    snprintf(lookup->host, sizeof(lookup->host), "%s", host);
    snprintf(lookup->service, sizeof(lookup->service), "%u", port);
    lookup->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_attr_t detached;
    pthread_t thread;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    lookups[place] = lookup;
    if (lookup->done_fd < 0 || pthread_create(&thread, &detached, look_up, lookup) != 0) {
        lookups[place] = NULL;
        free_lookup(lookup);
        place = -1;
    }
    pthread_attr_destroy(&detached);
    return place;
}

int network_lookup_fd(int place) {
    return place >= 0 && lookups[place] ? lookups[place]->done_fd : -1;
}

void network_lookup_close(int place) {
    if (place < 0 || lookups[place] == NULL) {
        return;
    }
    port_lock();
    lookup_t *lookup = lookups[place];
    lookups[place] = NULL;
    lookup->abandoned = true;
    if (lookup->done) {
        free_lookup(lookup);
    }
    port_unlock();
}

// ---- connections

static int keep_connection(int fd) {
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

int network_connect(int place) {
    port_lock();
    const struct addrinfo *address = place >= 0 && lookups[place] ? lookups[place]->next : NULL;
    if (address) {
        lookups[place]->next = address->ai_next;
    }
    port_unlock();
    if (address == NULL) {
        return -1;
    }
    int fd = open_socket(address);
    return fd < 0 ? -errno - 1 : keep_connection(fd);
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
        return ENETDOWN;
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
    for (int i = 0; i < LOOKUPS_MAX; i++) {
        network_lookup_close(i);
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
