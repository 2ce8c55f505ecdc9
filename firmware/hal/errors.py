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
"""


class PilotwireError(Exception):
    pass


class WireError(PilotwireError):
    pass


class CloseConnection(WireError):
    def __init__(self, code, reason):
        super().__init__(reason)
        self.code = code


class HandshakeError(WireError):
    def __init__(self, reason, status=0):
        super().__init__(reason)
        self.status = status


class WriterMismatch(PilotwireError):
    pass


class LinkError(PilotwireError):
    pass


class TlsError(LinkError):
    pass


class StorageError(PilotwireError):
    pass


class CallError(PilotwireError):
    def __init__(self, code, description=b""):
        super().__init__(description)
        self.code = code
        self.description = description
