"""Errors of this addon's pure code."""


class SignatureRefused(Exception):
    """Why a signature is no proof; ``reason`` is for the log only."""

    def __init__(self, reason):
        self.reason = reason
        super().__init__(reason)
