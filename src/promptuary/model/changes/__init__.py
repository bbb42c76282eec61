"""The change log's vocabulary: the kinds of change, the payload of each kind, and the entries that record them."""

from promptuary.model.changes.entries import OPERATOR, Attribution, Change, ChangeFilter, NewChange
from promptuary.model.changes.kinds import ChangeKind

__all__ = ["OPERATOR", "Attribution", "Change", "ChangeFilter", "ChangeKind", "NewChange"]
