"""What differs between texts and configs, and how two changes of the same are brought together.

Pure functions on values; nothing here knows of prompts, pages or databases.
"""

from promptuary.differences.configs import ConfigChange, compare_configs
from promptuary.differences.hunks import Hunk, Row, Span, compare_texts
from promptuary.differences.merging import Chunk, ChunkKind, Stretch, merge_configs, merge_items, merge_texts

__all__ = [
    "Chunk",
    "ChunkKind",
    "ConfigChange",
    "Hunk",
    "Row",
    "Span",
    "Stretch",
    "compare_configs",
    "compare_texts",
    "merge_configs",
    "merge_items",
    "merge_texts",
]
