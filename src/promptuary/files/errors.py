"""Why a file cannot be taken, in one sentence."""

from promptuary.model.errors import Explained


class InvalidFile(Explained):
    """A file is not what it should be; ``str(error)`` is one sentence that says where and why.

    It is no `Refusal`: those are the registry's own, and the API has an answer for each.
    """
