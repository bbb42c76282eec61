"""Files of exports: reading with validation, and writing so that an interrupted export can continue.

What a line is, `model.transfer` says; nothing here knows a server.
"""

from promptuary.exports.batches import batches
from promptuary.exports.reading import Contents, check_export, read_lines
from promptuary.exports.writing import Draft

__all__ = ["Contents", "Draft", "batches", "check_export", "read_lines"]
