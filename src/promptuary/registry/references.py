"""References at writes: what a version may refer to, what may be done to a prompt that others refer to, and whom it affects.

On PostgreSQL all that changes the meaning of references in a project goes one after the other, so that no two writes can together
do what neither may.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from promptuary.model import reference_errors as errors
from promptuary.model.assembly import Assembly, Part, Target, own_size
from promptuary.model.content import MAX_BYTES
from promptuary.model.dependents import Dependent, Dependents, affected_by, names_of
from promptuary.model.prompts import Prompt, Version
from promptuary.model.reference_checks import Ancestry, check_number, check_served, check_whole, check_written
from promptuary.model.references import MAX_ALL_REFERENCES, MAX_DEPTH, Reference, count_references, is_text
from promptuary.store import references, versions
from promptuary.store.engine.database import Transaction

_Item = TypeVar("_Item")

_AT_ONCE = 20
_MAX_LOADED_BYTES = 25_000_000
"""Maximum size of the parts that are read for one prompt; it is reached only by texts that are far too large."""


FindTargets = Callable[[Transaction, int, Iterable[Reference]], dict[Reference, Target]]
"""Finds the versions that references of a project mean, now or at another time."""


def load_targets(
    tx: Transaction,
    project_id: int,
    wanted: Iterable[Reference],
    known: dict[Reference, Target] | None = None,
    *,
    find_targets: FindTargets = references.find_targets,
) -> dict[Reference, Target]:
    """Find what the references of one version mean, and those of its parts, as deep as references are resolved.

    ``known`` keeps what was read for one version for the next; it is completed and returned.
    Raises `InvalidReference` if the version has too many references in all, or if its parts are too large.
    """
    targets: dict[Reference, Target] = {} if known is None else known
    met: set[Reference] = set()
    size = 0
    pending = list(wanted)
    for _ in range(MAX_DEPTH):
        level = [reference for reference in dict.fromkeys(pending) if reference not in met]
        met.update(level)
        pending = []
        for batch in batches_of(level):
            targets.update(find_targets(tx, project_id, [each for each in batch if each not in targets]))
            parts = [target for each in batch if isinstance(target := targets[each], Part)]
            size += sum(own_size(part.content) for part in parts)
            if size > _MAX_LOADED_BYTES:
                raise errors.assembled_too_large()
            pending += [reference for part in parts for reference in part.references]
        if len(met) > MAX_ALL_REFERENCES + _AT_ONCE:
            raise errors.too_many_in_all()
    return targets


def load_dependents(tx: Transaction, prompt: Prompt) -> Dependents:
    """Read the versions that may depend on a prompt, directly or through others."""
    rows: list[Dependent] = []
    seen = {prompt.name}
    pending = [prompt.name]
    # A chain that an import has brought may be longer than any that is served.
    for _ in range(MAX_DEPTH + 1):
        found = references.list_dependents(tx, prompt.project_id, pending)
        rows += found
        pending = sorted({row.name for row in found} - seen)
        seen.update(pending)
    return Dependents(rows)


def check_new_version(tx: Transaction, prompt: Prompt, content: str) -> None:
    """Check the references of a version that is about to be written. Raises `InvalidReference`.

    The caller holds the prompt's lock.
    """
    if not tx.reference_depth or not count_references(content):
        return
    references.lock_references(tx, prompt.project_id)
    check_now(tx, prompt, content)


def check_now(tx: Transaction, prompt: Prompt, content: str) -> None:
    """Check the references of a content as those of a new version as of now. Raises `InvalidReference`."""
    check_number(content)
    ancestry = load_dependents(tx, prompt).ancestry(prompt.name)
    check_written(content, _targets_of(tx, prompt, content), ancestry, depth=tx.reference_depth)


def add_references(tx: Transaction, prompt: Prompt, version: Version) -> None:
    """Record the references of a version that was written."""
    found = count_references(version.content)
    if found:
        references.insert_references(tx, prompt.project_id, {version.id: found})


def check_restored(tx: Transaction, prompt: Prompt) -> None:
    """Check the latest version of a prompt that was restored. Raises `UnrestorableReferences`."""
    latest = versions.find_draft(tx, prompt)
    try:
        check_new_version(tx, prompt, "" if latest is None else latest.content)
    except errors.InvalidReference as refusal:
        raise errors.UnrestorableReferences(refusal, name=prompt.name) from None


def require_unreferenced(tx: Transaction, prompt: Prompt) -> None:
    """Raise `ReferencedPrompt` if active prompts refer to a prompt; the caller holds its lock and is about to archive it."""
    if not tx.reference_depth:
        return
    references.lock_references(tx, prompt.project_id)
    parents = load_dependents(tx, prompt).direct(prompt.name)
    if parents:
        raise errors.ReferencedPrompt(names_of(parents))


def require_unfollowed(tx: Transaction, prompt: Prompt, label: str) -> None:
    """Raise `ReferencedLabel` if active prompts follow a label; the caller holds the prompt's lock and is about to remove it."""
    if not tx.reference_depth:
        return
    references.lock_references(tx, prompt.project_id)
    parents = load_dependents(tx, prompt).direct(prompt.name, label=label)
    if parents:
        raise errors.ReferencedLabel(names_of(parents))


def lock_meanings(tx: Transaction, project_id: int) -> None:
    """Keep others from changing what references of a project mean; the caller holds the locks of all prompts it will write to."""
    if tx.reference_depth:
        references.lock_references(tx, project_id)


def list_changed(tx: Transaction, prompt: Prompt, label: str) -> list[Dependent]:
    """List the versions of active prompts whose text follows a label of a prompt."""
    return load_dependents(tx, prompt).all(prompt.name, label=label) if tx.reference_depth else []


def check_label_move(tx: Transaction, prompt: Prompt, label: str, target: Version) -> tuple[str, ...]:
    """Check that a label can point at a version, and return the names of the prompts that serve another text then.

    The caller holds the prompt's lock. Raises `InvalidReference`.
    """
    if not tx.reference_depth:
        return ()
    references.lock_references(tx, prompt.project_id)
    return affected_by(find_affected(tx, prompt, label, target))


def find_affected(tx: Transaction, prompt: Prompt, label: str, target: Version) -> list[Dependent]:
    """Check that a label can point at a version as of now, and return the versions whose text changes.

    Raises `InvalidReference`.
    """
    dependents = load_dependents(tx, prompt)
    followers = names_of(dependents.direct(prompt.name, label=label))
    if followers:
        _check_part(tx, prompt, target, followers)
    if count_references(target.content):
        try:
            check_active(tx, prompt, target.content, dependents.ancestry(prompt.name))
        except errors.InvalidReference as refusal:
            if followers and refusal.code in {"nested_reference", "reference_cycle"}:
                raise refusal.preceded_by(errors.label_is_referenced(followers)) from None
            raise
    affected = dependents.all(prompt.name, label=label)
    _check_sizes(tx, prompt, label, target, affected)
    return affected


def check_active(tx: Transaction, prompt: Prompt, content: str, ancestry: Ancestry) -> None:
    """Check that a stored content can be served with its references as of now. Raises `InvalidReference`."""
    # Where chains are not allowed, only what a version refers to counts here.
    above = ancestry if tx.reference_depth > 1 else Ancestry(prompt.name, {})
    check_served(content, _targets_of(tx, prompt, content), above, depth=tx.reference_depth)


def list_affected(tx: Transaction, prompt: Prompt, labels: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the active prompts whose text follows some labels of a prompt."""
    wanted = list(labels)
    if not tx.reference_depth or not wanted:
        return ()
    dependents = load_dependents(tx, prompt)
    return affected_by(row for label in wanted for row in dependents.all(prompt.name, label=label))


def _check_part(tx: Transaction, prompt: Prompt, target: Version, followers: Sequence[str]) -> None:
    """Raise `InvalidReference` if a version that others are to contain cannot be a part."""
    if not is_text(target.content):
        code, reason = "reference_not_text", "is not plain text"
    elif tx.reference_depth == 1 and count_references(target.content):
        code, reason = "nested_reference", "contains references of its own"
    else:
        return
    sentence = errors.label_is_referenced(followers)
    raise errors.InvalidReference(code, f"{sentence} Version {target.version} {reason}.", name=prompt.name)


def _check_sizes(tx: Transaction, prompt: Prompt, label: str, target: Version, affected: Sequence[Dependent]) -> None:
    """Raise `InvalidReference` if the text of a prompt that follows a label exceeds the limit with another version."""
    follow = Reference(prompt.name, label=label)
    targets: dict[Reference, Target] = {follow: Part(prompt.name, target.version, target.id, target.content, target.variables_json)}
    names = {row.version_id: row.name for row in sorted(affected, key=lambda row: (row.name, row.version))}
    for batch in batches_of(list(names)):
        contents = versions.list_contents(tx, batch)
        for version_id in batch:
            problem = _problem_of_whole(tx, prompt.project_id, contents[version_id], targets)
            if problem is not None:
                sentence = errors.label_is_referenced([names[version_id]])
                detail = f"{sentence} With version {target.version} its text {_EXCESSES[problem.code]}."
                raise errors.InvalidReference(problem.code, detail, name=names[version_id])


_EXCESSES = {
    "assembled_too_large": f"exceeds {MAX_BYTES} bytes",
    "too_many_references": f"has more than {MAX_ALL_REFERENCES} references",
}


def _problem_of_whole(
    tx: Transaction, project_id: int, content: str, targets: dict[Reference, Target]
) -> errors.InvalidReference | None:
    """Return why a text with all its parts exceeds a limit; one that cannot be resolved for another reason exceeds none."""
    try:
        load_targets(tx, project_id, count_references(content), targets)
        assembly = Assembly(content, targets)
        if assembly.can_be_resolved:
            check_whole(assembly)
    except errors.InvalidReference as problem:
        return problem
    return None


def _targets_of(tx: Transaction, prompt: Prompt, content: str) -> dict[Reference, Target]:
    return load_targets(tx, prompt.project_id, count_references(content))


def batches_of(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    """Yield some items at a time, as many as are read at once."""
    iterator = iter(items)
    while batch := list(islice(iterator, _AT_ONCE)):
        yield batch
