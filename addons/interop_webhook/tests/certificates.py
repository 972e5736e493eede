"""Certificates for tests: made on the spot, valid for a day."""

import datetime
import ipaddress
import ssl
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def make(name="receiver", days=1, password=None, host=None):
    """Return ``(certificate PEM, key PEM)`` of a self-signed certificate for loopback.

    :param float days: until it expires; negative for one that has
    :param str host: the host name that it is for, instead of 127.0.0.1
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=9))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName(host)
                    if host
                    else x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
                ]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encryption = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    return public.decode(), private.decode()


def server_context(client_authority=None, host=None):
    """Return ``(server context, its certificate PEM)``; with ``client_authority`` it
    demands a client certificate; ``host`` as in ``make``."""
    public, private = make(host=host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(public + private)
        file.flush()
        context.load_cert_chain(file.name)
    if client_authority:
        context.load_verify_locations(cadata=client_authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context, public
