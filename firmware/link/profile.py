"""The connection profile: where the CSMS is, and who we are there.

Read anew for every connection, because the CSMS may have changed the password or the
profile. Identity, password and security profile come from the device model: there, what the CSMS
has stored wins over the board's options.
"""

from micropython import const
from tables.variables import (
    SECURITY_CTRLR_BASIC_AUTH_PASSWORD,
    SECURITY_CTRLR_IDENTITY,
    SECURITY_CTRLR_SECURITY_PROFILE,
)

from hal import log
from hal.errors import LinkError
from wire.handshake import basic_authorization

_BASIC = const(1)  # security profiles
_TLS = const(2)

_SPOKEN = b"ocpp2.0.1"  # sub-protocol

# What may stand in a path segment as it is (RFC 3986, pchar), besides letters and digits.
_PLAIN = b"-._~!$&'()*+,;=:@"


def percent_encode(identity):
    """`identity` as the last segment of a URL's path."""
    encoded = b""
    for c in identity:
        char = bytes((c,))
        plain = char.isalpha() or char.isdigit() or char in _PLAIN
        encoded += char if plain else b"%%%02X" % c
    return encoded


def _split_port(rest, port):
    # rest: host[:port], host an IPv6 literal in brackets perhaps
    colon = rest.find(b":", rest.find(b"]") + 1)
    host = rest
    if colon >= 0:
        host = rest[:colon]
        digits = rest[colon + 1 :]
        port = int(digits) if digits.isdigit() and len(digits) < 6 else 0
    if host[:1] == b"[":
        if b"]" not in host:
            raise LinkError("the CSMS URL has a [ without a ]")
        if host[-1] != 93:
            port = 0
        host = host[1:-1]
    if not 0 < port < 65536:
        raise LinkError("the CSMS URL has a wrong port: 1 to 65535")
    if not host:
        raise LinkError("the CSMS URL names no host")
    return host, port


def parse_url(url):
    """Take a CSMS URL apart: ws://[user@]host[:port][/path] or wss://...

    Returns: (secure, host, port, value of the Host header, path without a trailing slash); bytes,
        but for secure (bool) and port (int).

    Raises: LinkError, which says what is wrong.
    """
    for c in url:
        if c <= 32 or c >= 127:
            raise LinkError("the CSMS URL has a character that must be percent-encoded")
    start = url[:6].lower()
    secure = start == b"wss://"
    if not secure and start[:5] != b"ws://":
        raise LinkError("the CSMS URL must begin with ws:// or wss://")
    if b"?" in url or b"#" in url:
        raise LinkError("the CSMS URL must have no query and no fragment: the identity comes last")
    rest = url[5 + secure :]
    user_host = rest.split(b"/", 1)[0]
    path = rest[len(user_host) :].rstrip(b"/")
    user_host = user_host.split(b"@", 1)
    if len(user_host) > 1:  # A00.FR.204
        log.warning("the user in the CSMS URL is ignored: the user name is the identity")
    host, port = _split_port(user_host[-1], 443 if secure else 80)
    return secure, host, port, user_host[-1], path


def load(board, model):
    """The profile for the next connection.

    Returns: (host, port, TLS settings or None, Host header, request target, sub-protocols,
    authorization or None).

    Raises: LinkError, which says what is wrong.
    """
    url = board.option("csms_url")
    identity = model.text(SECURITY_CTRLR_IDENTITY)
    if not url or not identity:
        raise LinkError("no CSMS URL or no identity is set")
    if _SPOKEN not in (board.option("ocpp_version") or _SPOKEN).split(b","):
        raise LinkError("ocpp_version names nothing that the station speaks: give ocpp2.0.1")
    secure, host, port, host_header, path = parse_url(url)
    profile = model.int(SECURITY_CTRLR_SECURITY_PROFILE)
    if profile and secure != (profile >= _TLS):
        scheme = "ws" if profile < _TLS else "wss"
        raise LinkError("security profile %d needs a %s:// URL" % (profile, scheme))
    return (
        host,
        port,
        board.tls(profile, host) if secure else None,
        host_header,
        b"%s/%s" % (path, percent_encode(identity)),
        _SPOKEN,
        _authorization(model, profile, identity) if profile in (_BASIC, _TLS) else None,
    )


def _authorization(model, profile, identity):
    password = model.text(SECURITY_CTRLR_BASIC_AUTH_PASSWORD)
    if not password:
        raise LinkError("security profile %d needs a password" % profile)  # A00.FR.004
    if b":" in identity:  # A00.FR.204
        log.warning("the identity has a colon, which basic authentication can't carry")
    return basic_authorization(identity, password)
