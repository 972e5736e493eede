"""Client certificates for mutual TLS: one PEM text with certificate and private key."""

import os
import ssl
from datetime import UTC, datetime

from cryptography import x509


class CertificateRefusal(ValueError):
    """The PEM text is not usable; the message contains no part of it."""


def load(context: ssl.SSLContext, pem: str) -> None:
    """Load the client certificate into a TLS context.

    Python requires a file. A file in memory keeps the private key off the disk.

    :raises CertificateRefusal: certificate or key is missing, the key does not belong to
        the certificate, or the key is encrypted
    """
    handle = os.memfd_create("interop-client-certificate", os.MFD_CLOEXEC)
    try:
        os.write(handle, pem.encode())
        context.load_cert_chain(f"/proc/self/fd/{handle}", password=_no_password)
    except (ssl.SSLError, ValueError, OSError):
        raise CertificateRefusal(
            "The value is not a PEM certificate followed by its private key. Paste both, "
            "the key without a password."
        ) from None
    finally:
        os.close(handle)


def expiry(pem: str) -> datetime:
    """Check the PEM text and return the expiry of its first certificate (naive UTC).

    :raises CertificateRefusal: as :func:`load`
    """
    load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), pem)
    certificate = x509.load_pem_x509_certificates(pem.encode())[0]
    return certificate.not_valid_after_utc.astimezone(UTC).replace(tzinfo=None)


def _no_password():
    raise ValueError
