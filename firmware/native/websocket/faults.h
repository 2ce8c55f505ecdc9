// What a peer can do wrong, in words for the log.
#ifndef PILOTWIRE_WEBSOCKET_FAULTS_H
#define PILOTWIRE_WEBSOCKET_FAULTS_H

enum {
    // "the CSMS sent ..."
    FAULT_RESERVED_BITS,
    FAULT_BINARY,
    FAULT_OPCODE,
    FAULT_CONTROL_FRAGMENT,
    FAULT_FRAGMENT_ORDER,
    FAULT_MASKED,
    FAULT_CONTROL_LENGTH,
    FAULT_NEGATIVE_LENGTH,
    FAULT_TOO_BIG,
    FAULT_CLOSE_CODE,
    // "the server ..."
    FAULT_NO_HTTP,
    FAULT_NO_END,
    FAULT_STATUS_LINE,
    FAULT_HEADER,
    FAULT_EXTENSION,
    FAULT_UPGRADE,
    FAULT_ACCEPT,
    FAULT_CLOSED,
    FAULT_REDIRECT, // to %s
    FAULT_CREDENTIALS,
    FAULT_FORBIDDEN,
    FAULT_UNKNOWN,
    FAULT_TROUBLE,
    FAULT_REFUSED,
    FAULTS
};

extern const char *const websocket_faults[FAULTS];

// What a peer has sent as it may go into a log line: a question mark for what is not printable ASCII.
char printable(unsigned char c);

#endif
