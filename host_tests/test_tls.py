"""TLS of the unix board: security profiles 2 and 3 with the certificates of --certs."""

import asyncio
import base64
import datetime
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PASSWORD = "0123456789abcdef"
# firmware/README.md, memory in pieces
pytestmark = pytest.mark.whole_heap("TLS and its certificates want pieces of kilobytes")

HEAP = 131072
DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.UTC)


class Authority:
    """A certificate authority that makes certificates for tests."""

    def __init__(self, name="Test Root"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(
            name, self.key, self._name(name), self.key, [], (-DAY, 9 * DAY)
        )

    @staticmethod
    def _name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def _sign(self, subject, key, issuer, issuer_key, names, valid):
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._name(subject))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + valid[0])
            .not_valid_after(NOW + valid[1])
            .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    def issue(self, subject, key, names=(), valid=(-DAY, 9 * DAY)):
        names = names or [x509.DNSName(subject)]
        return self._sign(subject, key, self.certificate.subject, self.key, names, valid)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key, passphrase=None, form=serialization.PrivateFormat.PKCS8):
    secret = (
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, form, secret)


class TlsServer:
    """Takes the opening handshake of a station, and remembers it."""

    def __init__(self, folder, authority, names=None, valid=(-DAY, 9 * DAY)):
        key = ec.generate_private_key(ec.SECP384R1())
        names = names or [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
        folder.mkdir()
        chain, secret, root = folder / "server.pem", folder / "server.key", folder / "root.pem"
        chain.write_bytes(pem(authority.issue("server", key, names, valid)))
        secret.write_bytes(key_pem(key))
        root.write_bytes(pem(authority.certificate))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain, secret)
        self.context.load_verify_locations(root)
        self.context.verify_mode = ssl.CERT_OPTIONAL
        self.seen = asyncio.Queue()

    async def _take(self, reader, writer):
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.seen.put_nowait((request, writer.get_extra_info("peercert") or {}))
        writer.close()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0, ssl=self.context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()

    def url(self, host="localhost"):
        return f"wss://{host}:{self.port}/path"

    async def request(self):
        return await asyncio.wait_for(self.seen.get(), 10)


@pytest.fixture
def certs(tmp_path):
    folder = tmp_path / "certs"
    (folder / "ca/csms").mkdir(parents=True)
    (folder / "client/csms").mkdir(parents=True)
    return folder


def trust(certs, authority, name="root.pem"):
    (certs / "ca/csms" / name).write_bytes(pem(authority.certificate))


def own(certs, name, authority, subject, key, valid=(-DAY, 9 * DAY), **form):
    certificate = authority.issue(subject, key, valid=valid)
    (certs / "client/csms" / f"{name}.pem").write_bytes(pem(certificate))
    (certs / "client/csms" / f"{name}.key").write_bytes(key_pem(key, **form))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_profile_2(rig, certs, tmp_path, host):
    authority = Authority()
    trust(certs, Authority("Somebody else"), "another.pem")
    trust(certs, authority)
    (certs / "ca/csms/notes.txt").write_text("no certificate")
    async with TlsServer(tmp_path / "server", authority) as server:
        await rig.station(
            server.url(host), security_profile=2, password=PASSWORD, certs=certs, heap=HEAP
        )
        request, certificate = await server.request()
    assert request.startswith("GET /path/CS001 HTTP/1.1\r\n")
    assert base64.b64encode(b"CS001:" + PASSWORD.encode()).decode() in request
    assert certificate == {}


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"passphrase": b"opens it"},
        {"passphrase": b"opens it", "form": serialization.PrivateFormat.TraditionalOpenSSL},
    ],
)
async def test_profile_3_with_plain_and_encrypted_keys(rig, certs, tmp_path, form):
    authority = Authority()
    trust(certs, authority)
    key = rsa.generate_private_key(65537, 2048)
    own(certs, "CSMS_RSA", authority, "CS001", key, **form)
    async with TlsServer(tmp_path / "server", authority) as server:
        await rig.station(
            server.url(), security_profile=3, certs=certs, heap=HEAP, key_passphrase="opens it"
        )
        request, certificate = await server.request()
    assert certificate["subject"] == ((("commonName", "CS001"),),)
    assert "Authorization" not in request


async def test_the_newest_valid_pair_is_used(rig, certs, tmp_path):
    authority = Authority()
    trust(certs, authority)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(5)]
    own(certs, "a", authority, "older", keys[0], (-5 * DAY, DAY))
    own(certs, "b", authority, "newest", keys[1], (-2 * DAY, DAY))
    own(certs, "c", authority, "expired", keys[2], (-DAY, -DAY / 2))
    own(certs, "d", authority, "not yet", keys[3], (DAY, 2 * DAY))
    own(certs, "e", authority, "stranger", keys[4])
    (certs / "client/csms/e.key").write_bytes(key_pem(keys[3]))
    async with TlsServer(tmp_path / "server", authority) as server:
        station = await rig.station(server.url(), security_profile=3, certs=certs, heap=HEAP)
        _, certificate = await server.request()
        for text in (
            "c.key is not used: the certificate has expired",
            "d.key is not used: the certificate is not valid yet",
            "e.key is not used: the key does not belong to the certificate",
        ):
            await station.logged(text)
    assert certificate["subject"] == ((("commonName", "newest"),),)


@pytest.mark.parametrize(
    ("server_options", "text"),
    [
        ({"names": [x509.DNSName("example.com")]}, "expected CN"),
        ({"valid": (-3 * DAY, -DAY)}, "expired"),
        ({"valid": (DAY, 3 * DAY)}, "future"),
    ],
)
async def test_a_wrong_server_certificate_is_refused(rig, certs, tmp_path, server_options, text):
    authority = Authority()
    trust(certs, authority)
    async with TlsServer(tmp_path / "server", authority, **server_options) as server:
        station = await rig.station(
            server.url(), security_profile=2, password=PASSWORD, certs=certs, heap=HEAP
        )
        await station.logged(text)
        assert server.seen.empty()


async def test_an_unknown_authority_is_refused(rig, certs, tmp_path):
    trust(certs, Authority("Somebody else"))
    async with TlsServer(tmp_path / "server", Authority()) as server:
        station = await rig.station(
            server.url(), security_profile=2, password=PASSWORD, certs=certs, heap=HEAP
        )
        await station.logged("not correctly signed by the trusted CA")
        assert server.seen.empty()


async def test_a_wrong_passphrase_is_said(rig, certs, tmp_path):
    authority = Authority()
    trust(certs, authority)
    key = ec.generate_private_key(ec.SECP256R1())
    own(certs, "CSMS_RSA", authority, "CS001", key, passphrase=b"right")
    async with TlsServer(tmp_path / "server", authority) as server:
        station = await rig.station(
            server.url(), security_profile=3, certs=certs, heap=HEAP, key_passphrase="wrong"
        )
        await station.logged("give the right --key-passphrase")
        await station.logged("no valid certificate with its key in client/csms")
