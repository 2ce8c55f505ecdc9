"""TLS settings for a connection to the CSMS, from the certificate directory.

An overlay: loaded for each attempt. TLS 1.2 with the cipher suites of OCPP 2.0.1 (A00.FR.318 and
following) that have forward secrecy.
"""

import gc

import _sim
import tls

from hal import log
from hal.errors import TlsError

_CIPHERS = (
    "TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256",
    "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384",
    "TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256",
    "TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384",
)


def context(own):
    """A tls.SSLContext that trusts the certificates of ca/csms.

    Args:
        own: True: with the station's own certificate (security profile 3).

    Raises:
        TlsError: a certificate is missing, or has expired.
    """
    gc.collect()  # certificates are parsed into the heap
    result = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    result.set_ciphers(_CIPHERS)
    index = trusted = 0
    while True:
        certificate = _sim.trusted(index)
        if certificate is None:
            break
        index += 1
        try:
            result.load_verify_locations(certificate)
            trusted += 1
        except ValueError:
            log.warning("file %d of ca/csms holds no certificate", index)
    if not trusted:
        raise TlsError("no CSMS root certificate in ca/csms")
    if own:
        pair = _sim.own_certificate()
        if pair is None:
            raise TlsError("no valid certificate with its key in client/csms")
        result.load_cert_chain(pair[0], pair[1])
    return result
