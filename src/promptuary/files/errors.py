"""Why a file cannot be taken, in one sentence."""


class InvalidFile(Exception):
    """A file is not what it should be; ``str(error)`` is one sentence that says where and why.

    It is no `Refusal`: those are the registry's own, and the API has an answer for each.
    """
