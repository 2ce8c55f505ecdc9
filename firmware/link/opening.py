"""Opens a connection to the CSMS."""

from hal import log
from link.profile import load
from wire.handshake import Handshake


async def connect(board, model, talk):
    """Connect, and shake hands. The caller bounds the time, by cancelling.

    Args:
        talk: Conversation; lends its buffers. Its WebSocket is ready for frames afterwards, with
            those that have come along already.

    Returns: (stream, sub-protocol that the CSMS agreed to or None, whether with a password).

    Raises: LinkError, TlsError, HandshakeError. The stream is closed then.
    """
    rx = talk.rx
    stream = None
    opened = False
    try:
        host, port, tls, host_header, target, protocols, authorization = load(board, model)
        log.info("connecting to %s:%d%s", host, port, target)
        stream = await board.network.connect(host, port, tls)
        handshake = Handshake(board.random, talk.tx)
        for piece in handshake.request(host_header, target, protocols, authorization):
            await stream.write(piece)
        at = -1
        while at < 0:
            count = await stream.readinto(rx)
            if count is not None:
                at = handshake.feed(rx, 0, count)
        talk.websocket.open()
        talk.websocket.received(at, count)
        opened = True
        return stream, handshake.protocol, authorization is not None
    finally:
        if stream is not None and not opened:
            stream.close()
