"""The exception of the set-up: a message and a remedy."""


class SetupError(Exception):
    """A part of the set-up is missing or failed.

    :param message: the problem in one sentence
    :param remedy: the next step in one or more sentences
    """

    def __init__(self, message: str, remedy: str):
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  Remedy: {self.remedy}"
