"""Changes of contracts, by what they mean to callers: breaking, compatible, or none."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from promptuary.model.contracts import Contract, Variable, VariableType
from promptuary.model.json_text import dump, dump_compact


class ChangeLevel(StrEnum):
    """Effect of a change on callers. A breaking one makes calls fail that worked before; a compatible one does not."""

    NONE = "none"
    COMPATIBLE = "compatible"
    BREAKING = "breaking"


_MAX_LISTED = 5
_RANKS = {level: rank for rank, level in enumerate(ChangeLevel)}


@dataclass(frozen=True, slots=True)
class ContractChange:
    """One difference between two contracts, as a phrase such as ``adds required locale``."""

    level: ChangeLevel
    phrase: str


@dataclass(frozen=True, slots=True)
class ContractComparison:
    """All differences between two contracts, breaking ones first."""

    changes: tuple[ContractChange, ...]

    @property
    def level(self) -> ChangeLevel:
        """Effect of all changes together: that of the worst one, which is the first."""
        return self.changes[0].level if self.changes else ChangeLevel.NONE


def compare_contracts(old: Contract, new: Contract) -> ContractComparison:
    """Compare what callers of two versions fill in. Both are those of `promptuary.model.contracts.variables_of`."""
    changes = [*_removed(old, new), *_added(old, new)]
    changes += [change for name in old if name in new for change in _changed(old[name], new[name])]
    return ContractComparison(tuple(sorted(changes, key=lambda change: -_RANKS[change.level])))


def _removed(old: Contract, new: Contract) -> Iterator[ContractChange]:
    # A value that a prompt does not have is an error of its caller.
    yield from (ContractChange(ChangeLevel.BREAKING, f"removes {name}") for name in old if name not in new)


def _added(old: Contract, new: Contract) -> Iterator[ContractChange]:
    for name, variable in new.items():
        if name not in old and variable.must_be_given:
            yield ContractChange(ChangeLevel.BREAKING, f"adds required {name}")
        elif name not in old:
            yield ContractChange(ChangeLevel.COMPATIBLE, f"adds optional {name}")


def _changed(old: Variable, new: Variable) -> Iterator[ContractChange]:
    name = old.name
    if old.type is not new.type:
        widens = (old.type, new.type) == (VariableType.INTEGER, VariableType.NUMBER)
        level = ChangeLevel.COMPATIBLE if widens else ChangeLevel.BREAKING
        yield ContractChange(level, f"type of {name} changed from {old.type} to {new.type}")
    if old.must_be_given != new.must_be_given:
        level, now = (ChangeLevel.BREAKING, "required") if new.must_be_given else (ChangeLevel.COMPATIBLE, "optional")
        yield ContractChange(level, f"{name} became {now}")
    elif old.default != new.default:
        yield ContractChange(ChangeLevel.COMPATIBLE, f"default of {name} changed")
    yield from _changed_choices(old, new)
    if (old.description, old.examples) != (new.description, new.examples):
        yield ContractChange(ChangeLevel.NONE, f"description of {name} changed")


def _changed_choices(old: Variable, new: Variable) -> Iterator[ContractChange]:
    if new.choices is None:
        if old.choices is not None:
            yield ContractChange(ChangeLevel.COMPATIBLE, f"{new.name} takes any {new.type}")
        return
    allowed = set(map(dump_compact, new.choices))
    if old.choices is None:
        yield ContractChange(ChangeLevel.BREAKING, f"{new.name} takes only {_listed(new.choices)}")
    elif lost := [value for value in old.choices if dump_compact(value) not in allowed]:
        yield ContractChange(ChangeLevel.BREAKING, f"{new.name} no longer takes {_listed(lost)}")
    elif len(allowed) > len(old.choices):
        yield ContractChange(ChangeLevel.COMPATIBLE, f"{new.name} takes more values")


def _listed(values: "tuple[object, ...] | list[object]") -> str:
    shown = ", ".join(dump(value) for value in values[:_MAX_LISTED])
    return f"{shown} and {len(values) - _MAX_LISTED} more" if len(values) > _MAX_LISTED else shown
