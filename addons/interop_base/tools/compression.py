"""Content is compressed before it is encrypted: afterwards nothing can.

A FHIR bundle that is encrypted as it is takes several times the space of its compressed
text. Deflate (RFC 1951) in the format of RFC 1950, at its quickest level.
"""

import zlib

SMALLEST = 256  # bytes; what is shorter gains nothing
LEVEL = 1
WORTH = 0.9  # share of the length that is kept at most


def pack(content: bytes) -> tuple[bytes, bool]:
    """Return the content to keep, and whether it is compressed: only where that helps."""
    if len(content) < SMALLEST:
        return content, False
    packed = zlib.compress(content, LEVEL)
    if len(packed) > WORTH * len(content):
        return content, False
    return packed, True


def unpack(packed: bytes, size: int) -> bytes:
    """Return what was packed; it never becomes longer than ``size`` bytes.

    :param size: length of the content, as it was noted beside it
    :raises ValueError: it is not the content of this length
    """
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(packed, size + 1)
    except zlib.error:
        raise ValueError("The content cannot be decompressed.") from None
    if len(content) != size or not stream.eof:
        raise ValueError("The content does not have the recorded length.")
    return content
