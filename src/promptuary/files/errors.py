"""Errors of files, each with one sentence."""

from promptuary.model.errors import UserFacingError


class InvalidFile(UserFacingError):
    """A file is not what it should be; ``str(error)`` is one sentence that says where and why.

    It is no `RegistryError`: those are the registry's own, and the API has an answer for each. ``line`` counts from 1.
    """

    def __init__(self, sentence: str, *, line: int | None = None) -> None:
        super().__init__(sentence)
        self.line = line
