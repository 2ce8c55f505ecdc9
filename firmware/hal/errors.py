"""The one tree of exceptions. Nothing else leaves a parser, the link or the storage.

PilotwireError
    WireError                   what came in breaks a protocol
        CloseConnection         ... so that the connection is closed: .code (RFC 6455, 7.4.1)
        HandshakeError          the server refused or broke the opening handshake: .status (HTTP,
        0: none)
    WriterMismatch              the two passes over an outgoing message differ: the connection is
    closed LinkError                   the way to the CSMS failed: no route, refused, closed, timed
    out
        TlsError                ... in TLS: certificate, version or cipher
    StorageError                flash is full or failed
    CallError                   a block refuses a CALL: .code (name id), .description (bytes)

CloseConnection(code, reason), HandshakeError(reason, status), CallError(code, description). They
have no __init__: a class in ROM has no super() (tools/rom_objects).
"""


class PilotwireError(Exception):
    pass


class WireError(PilotwireError):
    pass


class CloseConnection(WireError):
    @property
    def code(self):
        return self.args[0]

    def __str__(self):
        return self.args[1]


class HandshakeError(WireError):
    @property
    def status(self):
        return self.args[1] if len(self.args) > 1 else 0

    def __str__(self):
        return self.args[0]


class WriterMismatch(PilotwireError):
    pass


class LinkError(PilotwireError):
    pass


class TlsError(LinkError):
    pass


class StorageError(PilotwireError):
    pass


class CallError(PilotwireError):
    @property
    def code(self):
        return self.args[0]

    @property
    def description(self):
        return self.args[1] if len(self.args) > 1 else b""
