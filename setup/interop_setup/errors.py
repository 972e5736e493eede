"""The one exception of the set-up: what is wrong, and what to do about it."""


class SetupError(Exception):
    """Something the set-up needs is missing or failed.

    :param message: what is wrong, one sentence
    :param remedy: what the reader can do about it, one or more sentences
    """

    def __init__(self, message: str, remedy: str):
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  Remedy: {self.remedy}"
