#include "firmware/native/websocket/faults.h"

const char *const websocket_faults[FAULTS] = {
    [FAULT_RESERVED_BITS] = "a frame with reserved bits set",
    [FAULT_BINARY] = "a binary frame",
    [FAULT_OPCODE] = "a frame of an unknown kind",
    [FAULT_CONTROL_FRAGMENT] = "a control frame in fragments",
    [FAULT_FRAGMENT_ORDER] = "fragments in a wrong order",
    [FAULT_MASKED] = "a masked frame",
    [FAULT_CONTROL_LENGTH] = "a control frame of over 125 bytes",
    [FAULT_NEGATIVE_LENGTH] = "a frame of negative length",
    [FAULT_TOO_BIG] = "a message that is too long",
    [FAULT_CLOSE_CODE] = "a close frame without a valid code",
    [FAULT_NO_HTTP] = "speaks no HTTP: check the URL",
    [FAULT_NO_END] = "sends an answer that does not end",
    [FAULT_STATUS_LINE] = "sends a malformed status line",
    [FAULT_HEADER] = "sends a malformed header",
    [FAULT_EXTENSION] = "uses an extension that was not offered",
    [FAULT_UPGRADE] = "sends no Upgrade or Connection header for WebSocket: is there a proxy between?",
    [FAULT_ACCEPT] = "sends a wrong Sec-WebSocket-Accept: is there a proxy between?",
    [FAULT_CLOSED] = "closed the connection during the handshake",
    [FAULT_REDIRECT] = "redirects to %s (HTTP %d), which is not followed: set that URL",
    [FAULT_CREDENTIALS] = "refuses the credentials: check identity and password",
    [FAULT_FORBIDDEN] = "forbids this station to connect",
    [FAULT_UNKNOWN] = "does not know this identity, or the URL's path is wrong",
    [FAULT_TROUBLE] = "is in trouble",
    [FAULT_REFUSED] = "refuses a WebSocket connection: check URL and OCPP version",
};

char printable(unsigned char c) {
    return c >= ' ' && c < 127 ? c : '?';
}
