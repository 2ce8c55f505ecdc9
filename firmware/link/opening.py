"""Opens a connection to the CSMS. An overlay: link.py loads it for an attempt and drops it
afterwards."""

from hal import log
from link.profile import load
from wire.handshake import Handshake


async def connect(board, model, websocket, rx):
    """Connect, and shake hands. The caller bounds the time, by cancelling.

    Args:
        websocket: WebSocket; ready for frames afterwards, with those that have come along already.
        rx: its receive buffer.

    Returns: (stream, sub-protocol that the CSMS agreed to or None).

    Raises: LinkError, TlsError, HandshakeError. The stream is closed then.
    """
    host, port, tls, host_header, target, protocols, authorization = load(board, model)
    log.info("connecting to %s:%d%s", host, port, target)
    stream = await board.network.connect(host, port, tls)
    opened = False
    try:
        handshake = Handshake(board.random, websocket.control)
        await stream.write(handshake.request(host_header, target, protocols, authorization))
        at = -1
        while at < 0:
            count = await stream.readinto(rx)
            if count == 0:
                handshake.closed()
            if count:
                at = handshake.feed(rx, 0, count)
        websocket.open()
        websocket.received(at, count)
        opened = True
        return stream, handshake.protocol
    finally:
        if not opened:
            stream.close()
