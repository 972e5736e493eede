"""Exceptions of the pure code of this addon."""


class SignatureRefused(Exception):
    """The signature is not valid; ``reason`` is for the log only."""

    def __init__(self, reason):
        self.reason = reason
        super().__init__(reason)
