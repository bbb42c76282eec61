"""The change log's vocabulary: the kinds of change, the payload of each kind, and the entries that record them."""

from promptuary.model.changes.entries import OPERATOR, Attribution, Change, ChangeFilter, NewChange
from promptuary.model.changes.kinds import ENDS_ACCESS, ChangeKind

__all__ = ["ENDS_ACCESS", "OPERATOR", "Attribution", "Change", "ChangeFilter", "ChangeKind", "NewChange"]
