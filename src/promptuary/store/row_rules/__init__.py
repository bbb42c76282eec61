"""Rules for the rows of a sound database: the types of the columns, and the rules of `model` for what is in them.

Each module has the rules of some tables, each rule for a row by itself; `row_relations` has those for rows together. Sentences name
tables, columns and ids; they never repeat a text of a prompt.
"""

from promptuary.store.row_rules.reading import DERIVED, OF_TYPES_ONLY, RULES, list_derived_problems, list_row_problems

__all__ = ["DERIVED", "OF_TYPES_ONLY", "RULES", "list_derived_problems", "list_row_problems"]
