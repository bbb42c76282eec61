"""The schemas of references in responses, and the functions that fill them."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from promptuary.api.posthog.scalars import PositiveInteger
from promptuary.model.assembly import ServedReference
from promptuary.model.dependents import Dependent
from promptuary.model.prompts import Version
from promptuary.model.reference_errors import UnresolvedReference
from promptuary.model.references import Reference
from promptuary.registry.dependents import Parent, ReferenceState


class LLMPromptServedReference(TypedDict):
    """A reference and the version whose text was put in its place; `label` is null if the version is pinned."""

    name: str
    version: PositiveInteger
    label: str | None


class LLMPromptReferencedBy(TypedDict):
    """A prompt that references another one, by a label or by a version."""

    name: str
    label: str | None
    version: PositiveInteger | None


class LLMPromptResolvedReference(TypedDict):
    """A reference of a version, and the version that it means now; `problem` is the code of the error if it cannot be resolved."""

    name: str
    version: PositiveInteger | None
    label: str | None
    resolved_version: PositiveInteger | None
    problem: str | None


class LLMPromptReferenceSelector(TypedDict):
    """The label that a reference follows, or the version that it pins."""

    label: str | None
    version: PositiveInteger | None


class LLMPromptDependent(TypedDict):
    """A version that references a prompt, with the number of its tags of this reference."""

    name: str
    version: PositiveInteger
    is_latest: bool
    labels: list[str]
    reference: LLMPromptReferenceSelector
    occurrences: PositiveInteger


class PaginatedLLMPromptDependentList(TypedDict):
    """A page of dependents."""

    count: Annotated[int, Field(ge=0)]
    next: str | None
    previous: str | None
    results: list[LLMPromptDependent]


class LLMPromptUnresolved(TypedDict):
    """A prompt of a list whose references cannot be resolved."""

    name: str
    version: PositiveInteger
    detail: str
    reference_name: str


def show_served(served: Iterable[ServedReference]) -> list[LLMPromptServedReference]:
    """Show the references that were resolved."""
    return [{"name": each.part.name, "version": each.part.version, "label": each.reference.label} for each in served]


def show_unresolved(version: Version, problem: UnresolvedReference) -> LLMPromptUnresolved:
    """Show a prompt whose references cannot be resolved."""
    return {"name": version.name, "version": version.version, "detail": str(problem), "reference_name": problem.name}


def show_reference_state(state: ReferenceState) -> LLMPromptResolvedReference:
    """Show a reference of a version."""
    return {
        "name": state.reference.name,
        "version": state.reference.version,
        "label": state.reference.label,
        "resolved_version": state.resolved_version,
        "problem": state.problem,
    }


def show_dependent(row: Dependent) -> LLMPromptDependent:
    """Show a version that references a prompt."""
    return {
        "name": row.name,
        "version": row.version,
        "is_latest": row.is_latest,
        "labels": list(row.labels),
        "reference": show_selector(row.reference),
        "occurrences": row.occurrences,
    }


def show_selector(reference: Reference) -> LLMPromptReferenceSelector:
    """Show how a reference selects a version."""
    return {"label": reference.label, "version": reference.version}


def show_parent(parent: Parent) -> LLMPromptReferencedBy:
    """Show a prompt that references another one."""
    return {"name": parent.name, "label": parent.reference.label, "version": parent.reference.version}
