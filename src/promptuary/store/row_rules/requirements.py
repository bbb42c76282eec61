"""Requirements that a row has to meet, and the rules that consist of them."""

from collections.abc import Callable, Mapping

from sqlalchemy import RowMapping, Table

Row = RowMapping
Rule = Callable[[Row], None]
"""Raises `ValueError` or `InvalidValue` for a row that breaks it; the values are of the types of their columns."""

Rules = Mapping[Table, Rule]


def require(is_met: object, problem: str) -> None:
    """Raise `ValueError` with a problem if a requirement is not met."""
    if not is_met:
        raise ValueError(problem)
