"""Files of exports: reading them with distrust, writing them so that a killed export goes on.

What a line is, `model.transfer` says; nothing here knows a server.
"""

from promptuary.exports.batches import batches
from promptuary.exports.reading import Contents, check_export, read_lines
from promptuary.exports.writing import Draft

__all__ = ["Contents", "Draft", "batches", "check_export", "read_lines"]
