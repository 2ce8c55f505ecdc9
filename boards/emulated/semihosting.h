// Semihosting (ARM's specification, 2.0): services that the debugger, here QEMU, gives to the program on the chip.
//
// This board uses them for what is not there on a charger: its log on standard error, the image file of its flash, its
// settings, and the exit code. image_size.py lists their code apart.
#ifndef EMULATED_SEMIHOSTING_H
#define EMULATED_SEMIHOSTING_H

#include <stddef.h>
#include <stdint.h>

#define SEMIHOSTING_READ_WRITE (3)     // mode "r+b"
#define SEMIHOSTING_CREATE (7)         // mode "w+b"
#define SEMIHOSTING_READ (1)           // mode "rb"
#define SEMIHOSTING_WRITE (5)          // mode "wb"

// A handle of the file, or -1.
int semihosting_open(const char *name, unsigned mode);
void semihosting_close(int file);
// True when all `size` bytes were read or written at `offset`.
int semihosting_read_at(int file, size_t offset, void *buffer, size_t size);
int semihosting_write_at(int file, size_t offset, const void *buffer, size_t size);
long semihosting_length(int file);

// Of a pipe, in order. Wait for the other side: the chip stands still meanwhile. If it has gone, the chip is switched off.
void semihosting_read(int file, void *buffer, size_t size);
void semihosting_write(int file, const void *buffer, size_t size);

// Standard error of the host, or wherever QEMU's semihosting console goes.
void semihosting_log(const char *text, size_t length);

// The command line, its words separated by spaces; false if it does not fit into `size` bytes.
int semihosting_command_line(char *buffer, size_t size);

// Seconds since 1970, by the host's clock.
uint32_t semihosting_time(void);

__attribute__((noreturn)) void semihosting_exit(int code);

#endif
