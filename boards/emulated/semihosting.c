#include "semihosting.h"

#include "chip.h"

#define SYS_OPEN (0x01)
#define SYS_CLOSE (0x02)
#define SYS_WRITE (0x05)
#define SYS_READ (0x06)
#define SYS_SEEK (0x0a)
#define SYS_FLEN (0x0c)
#define SYS_TIME (0x11)
#define SYS_GET_CMDLINE (0x15)
#define SYS_EXIT_EXTENDED (0x20)

#define MODE_APPEND (8) // of the console ":tt": standard error
#define STOPPED_APPLICATION_EXIT (0x20026u)

int semihosting_open(const char *name, unsigned mode) {
    size_t length = 0;
    while (name[length] != 0) {
        length++;
    }
    uint32_t arguments[] = { (uint32_t)name, mode, length };
    return (int)semihosting_call(SYS_OPEN, arguments);
}

void semihosting_close(int file) {
    uint32_t arguments[] = { (uint32_t)file };
    semihosting_call(SYS_CLOSE, arguments);
}

// Reading and writing answer with the number of bytes that were *not* moved.
static int transfer(uint32_t service, int file, size_t offset, const void *buffer, size_t size) {
    uint32_t seek[] = { (uint32_t)file, offset };
    uint32_t arguments[] = { (uint32_t)file, (uint32_t)buffer, size };
    return semihosting_call(SYS_SEEK, seek) == 0 && semihosting_call(service, arguments) == 0;
}

int semihosting_read_at(int file, size_t offset, void *buffer, size_t size) {
    return transfer(SYS_READ, file, offset, buffer, size);
}

int semihosting_write_at(int file, size_t offset, const void *buffer, size_t size) {
    return transfer(SYS_WRITE, file, offset, buffer, size);
}

void semihosting_read(int file, void *buffer, size_t size) {
    uint8_t *at = buffer;
    while (size > 0) {
        uint32_t arguments[] = { (uint32_t)file, (uint32_t)at, size };
        size_t left = semihosting_call(SYS_READ, arguments);
        if (left >= size) {
            semihosting_exit(0);
        }
        at += size - left;
        size = left;
    }
}

void semihosting_write(int file, const void *buffer, size_t size) {
    uint32_t arguments[] = { (uint32_t)file, (uint32_t)buffer, size };
    if (size > 0 && semihosting_call(SYS_WRITE, arguments) != 0) {
        semihosting_exit(0);
    }
}

long semihosting_length(int file) {
    uint32_t arguments[] = { (uint32_t)file };
    return (long)semihosting_call(SYS_FLEN, arguments);
}

void semihosting_log(const char *text, size_t length) {
    static int console = -1;
    if (console < 0) {
        console = semihosting_open(":tt", MODE_APPEND);
    }
    uint32_t arguments[] = { (uint32_t)console, (uint32_t)text, length };
    semihosting_call(SYS_WRITE, arguments);
}

int semihosting_command_line(char *buffer, size_t size) {
    uint32_t arguments[] = { (uint32_t)buffer, size };
    return semihosting_call(SYS_GET_CMDLINE, arguments) == 0;
}

uint32_t semihosting_time(void) {
    return semihosting_call(SYS_TIME, NULL);
}

void semihosting_exit(int code) {
    uint32_t arguments[] = { STOPPED_APPLICATION_EXIT, (uint32_t)code };
    for (;;) {
        semihosting_call(SYS_EXIT_EXTENDED, arguments);
    }
}
