"""Client certificates for mutual TLS: one PEM text with certificate and private key."""

import os
import ssl
from datetime import UTC, datetime

from cryptography import x509


class CertificateRefusal(ValueError):
    """The PEM text cannot serve; the sentence holds nothing of it."""


def load(context: ssl.SSLContext, pem: str) -> None:
    """Let a context present the certificate.

    Python takes a file only. This one lies in memory, so that the key never touches a
    disk.

    :raise CertificateRefusal: without certificate or key, with a key that does not
        belong to the certificate, or with an encrypted one
    """
    handle = os.memfd_create("interop-client-certificate", os.MFD_CLOEXEC)
    try:
        os.write(handle, pem.encode())
        context.load_cert_chain(f"/proc/self/fd/{handle}", password=_no_password)
    except (ssl.SSLError, ValueError, OSError):
        raise CertificateRefusal(
            "This is no PEM certificate followed by its private key without a password."
        ) from None
    finally:
        os.close(handle)


def expiry(pem: str) -> datetime:
    """Check the PEM text and return when its first certificate ends (naive UTC).

    :raise CertificateRefusal: as :func:`load`
    """
    load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), pem)
    certificate = x509.load_pem_x509_certificates(pem.encode())[0]
    return certificate.not_valid_after_utc.astimezone(UTC).replace(tzinfo=None)


def _no_password():
    raise ValueError
