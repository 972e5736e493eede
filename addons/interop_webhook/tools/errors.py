"""What the tools of this addon raise besides refusals of URLs and headers."""


class WrongContent(ValueError):
    """Stored content is not what it has to be; the text holds none of it."""


class TokenRefusal(ValueError):
    """No access token; the text never holds what the token endpoint answered."""
