"""Compression of content before its encryption: encrypted content cannot be compressed.

A FHIR bundle needs several times the space without compression. The format is RFC 1950
(deflate, RFC 1951) at its fastest level.

Compression shows in the length how repetitive a content is. Attacks on this (CRIME and
BREACH on TLS) need three things: a secret beside text that the attacker chooses, the same
secret compressed again and again, and a length that the attacker sees each time. At rest
none of them holds. Each content is compressed alone, once, and holds no keys or passwords.
Only a reader of the table or of its files sees lengths. The exact length of the plain text
stands beside the content anyway (``size``), because AES-GCM does not hide it either. This
module compresses nothing that travels.

Content that was made to expand without end is refused: reading stops one byte after the
recorded length.
"""

import zlib

SMALLEST = 256  # bytes; compression saves nothing for shorter content
LEVEL = 1
WORTH = 0.9  # compressed content is used up to this share of the original size


def pack(content: bytes) -> tuple[bytes, bool]:
    """Return the content to store, and whether it is compressed."""
    if len(content) < SMALLEST:
        return content, False
    packed = zlib.compress(content, LEVEL)
    if len(packed) > WORTH * len(content):
        return content, False
    return packed, True


def unpack(packed: bytes, size: int) -> bytes:
    """Return the original content, of at most ``size`` bytes.

    :param size: length of the content, as recorded beside it
    :raises ValueError: the content does not have this length
    """
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(packed, size + 1)
    except zlib.error:
        raise ValueError("The content cannot be decompressed.") from None
    if len(content) != size or not stream.eof:
        raise ValueError("The content does not have the recorded length.")
    return content
