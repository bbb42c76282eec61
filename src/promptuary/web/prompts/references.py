"""The references of a prompt: what it refers to, with the texts in place, and who refers to it."""

from dataclasses import dataclass

from markupsafe import Markup
from starlette.responses import Response

from promptuary.model.access import Actor, Permission
from promptuary.model.prompts import Version
from promptuary.model.reference_errors import UnresolvedReference
from promptuary.model.references import MAX_REFERENCES, find_tags, is_text, tag_of
from promptuary.registry import dependents, prompts
from promptuary.registry.assembling import AssembledVersion, assemble_version
from promptuary.registry.dependents import Parent, ReferenceState
from promptuary.registry.reference_choices import MAX_CHOICES, find_problems, list_choices
from promptuary.store.engine.database import Transaction
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.prompts.highlighting import Part, mark_parts
from promptuary.web.prompts.visible_text import PageBudget
from promptuary.web.urls import Links

PER_PAGE = 100

PROBLEMS = {
    "reference_not_found": "there is no such prompt",
    "reference_version_not_found": "there is no such version",
    "reference_label_not_found": "there is no such label",
    "reference_not_text": "its content is not plain text",
    "nested_reference": "its references are too deep",
    "reference_cycle": "it refers back to this prompt",
    "too_many_references": "there are too many references in all",
    "assembled_too_large": "the whole text is too large",
}
"""Codes of problems with references, as pages show them."""


@dataclass(frozen=True, slots=True)
class References:
    """The references of a version and the prompts that refer to it; with its whole text, or the reason why there is none."""

    states: list[ReferenceState]
    parents: list[Parent]
    assembled: AssembledVersion | None = None
    problem: str = ""

    @property
    def parent_names(self) -> list[str]:
        """The names of the prompts that refer to it, each once."""
        return list(dict.fromkeys(parent.name for parent in self.parents))


def read_references(tx: Transaction, actor: Actor, version: Version) -> References:
    """Read the references of a version in both directions."""
    states = dependents.list_references(tx, actor, version)
    parents = dependents.list_parents(tx, actor, name=version.name)
    if not states:
        return References(states, parents)
    try:
        return References(states, parents, assemble_version(tx, actor, version))
    except UnresolvedReference as problem:
        return References(states, parents, problem=str(problem))


def mark_assembled(version: Version, assembled: AssembledVersion, budget: PageBudget, links: Links) -> Markup | None:
    """Return the whole text with the parts set off from the version's own text; `None` for a version that is JSON."""
    if not is_text(version.content):
        return None
    versions = {each.reference: each.part.version for each in assembled.served or ()}
    parts = {
        reference: Part(f"{reference.name} v{versions[reference]}", links.prompt(reference.name, version=versions[reference]), text)
        for reference, text in assembled.texts.items()
    }
    return mark_parts(version.text, parts, budget, assembled.version.template.declared)


def show_choices(request: PageRequest) -> Response:
    """Show prompts that a text can refer to, with the tags to write; or check the tags of a text. Scripts read this page."""
    actor = request.enter(Permission.READ)
    search, parent = request.query.get("search", "").strip(), request.query.get("for", "")
    tags = list(dict.fromkeys(tag.reference for tag in find_tags(request.query.get("tags", ""))))
    with request.database.read() as tx:
        found = [] if tags else list_choices(tx, actor, search=search, parent=parent)
        checked = find_problems(tx, actor, tags[: MAX_REFERENCES + 1], parent=parent)
    problems = [(tag_of(reference), problem) for reference, problem in checked.items()]
    return request.page("prompts/references.html", found=found, search=search, parent=parent, limit=MAX_CHOICES, problems=problems)


def show_dependents(request: PageRequest) -> Response:
    """Show the versions of other prompts that refer to a prompt."""
    actor = request.enter(Permission.READ)
    page_number = positive_int(request.query.get("page")) or 1
    label, with_inactive = request.query.get("label") or None, request.query.get("inactive") == "true"
    with request.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, request.path["name"])
        page = dependents.list_dependents(
            tx,
            actor,
            name=version.name,
            label=label,
            with_inactive=with_inactive,
            limit=PER_PAGE,
            offset=(page_number - 1) * PER_PAGE,
        )
    return request.page(
        "prompts/dependents.html",
        version=version,
        dependents=page.items,
        count=page.count,
        label=label or "",
        with_inactive=with_inactive,
        page_number=page_number,
        pages=max(1, -(-page.count // PER_PAGE)),
    )
