"""Comparison of texts and configs, and merging of two changes of the same text.

Pure functions on values; nothing here knows of prompts, pages or databases.
"""

from promptuary.differences.budgets import Budget
from promptuary.differences.configs import ConfigChange, compare_configs, compare_configs_within
from promptuary.differences.hunks import Budgets, Hunk, Row, TextDifference, compare_texts, compare_texts_within
from promptuary.differences.marking import Span
from promptuary.differences.merging import (
    Chunk,
    ChunkKind,
    Decide,
    Stretch,
    merge_configs,
    merge_contracts,
    merge_items,
    merge_texts,
)
from promptuary.differences.unified import left_out_line, unified_diff, unified_lines

__all__ = [
    "Budget",
    "Budgets",
    "Chunk",
    "ChunkKind",
    "ConfigChange",
    "Decide",
    "Hunk",
    "Row",
    "Span",
    "Stretch",
    "TextDifference",
    "compare_configs",
    "compare_configs_within",
    "compare_texts",
    "compare_texts_within",
    "left_out_line",
    "merge_configs",
    "merge_contracts",
    "merge_items",
    "merge_texts",
    "unified_diff",
    "unified_lines",
]
