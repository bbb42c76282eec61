"""What differs between texts and configs, and how two changes of the same are brought together.

Pure functions on values; nothing here knows of prompts, pages or databases.
"""

from promptuary.differences.configs import ConfigChange, compare_configs, compare_configs_within
from promptuary.differences.hunks import Hunk, Rooms, Row, TextDifference, compare_texts, compare_texts_within
from promptuary.differences.marking import Span
from promptuary.differences.merging import Chunk, ChunkKind, Stretch, merge_configs, merge_items, merge_texts
from promptuary.differences.rooms import Room

__all__ = [
    "Chunk",
    "ChunkKind",
    "ConfigChange",
    "Hunk",
    "Room",
    "Rooms",
    "Row",
    "Span",
    "Stretch",
    "TextDifference",
    "compare_configs",
    "compare_configs_within",
    "compare_texts",
    "compare_texts_within",
    "merge_configs",
    "merge_items",
    "merge_texts",
]
