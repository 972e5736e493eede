"""Exceptions of the pure code of this addon, except refusals of URLs and headers."""


class WrongContent(ValueError):
    """Stored content has a wrong format; the message contains no content."""


class TokenRefusal(ValueError):
    """There is no access token; the message contains no part of the response."""
