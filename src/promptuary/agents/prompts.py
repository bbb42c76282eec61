"""The tools that work on prompts and their versions."""

from collections.abc import Sequence
from itertools import accumulate

from promptuary.agents.calls import AgentCall
from promptuary.agents.comparing import compare
from promptuary.agents.inputs import (
    ArchiveArguments,
    CreateArguments,
    DiffArguments,
    DuplicateArguments,
    GetArguments,
    HistoryArguments,
    ListArguments,
    RestoreArguments,
    UpdateArguments,
)
from promptuary.api.posthog.move_outputs import show_archive_preview
from promptuary.api.posthog.outputs import show_prompt, show_public, show_restored, show_row, show_summary
from promptuary.api.posthog.reference_outputs import show_unresolved
from promptuary.model.access import Actor, Permission
from promptuary.model.edits import Edit
from promptuary.model.prompts import Version
from promptuary.registry import archived, lists, move_previews, past, prompts
from promptuary.registry.assembling import AssembledPage, AssembledVersion, assemble_all, assemble_version, unassembled
from promptuary.store.engine.database import Transaction


def list_prompts(call: AgentCall, arguments: ListArguments) -> object:
    """List prompts, or search for some; with `at`, those of a time of the past."""
    actor = call.enter(Permission.READ)
    at = arguments.at
    with call.database.read() as tx:
        listing = arguments.search_listing
        page = lists.list_prompts(tx, actor, listing) if at is None else past.list_prompts(tx, actor, listing, at=at)
        shown = _fitting(page.items) if arguments.content == "full" else page.items
        found = assemble_all(tx, actor, shown, at=at) if arguments.resolves else AssembledPage(unassembled(shown), [])
    if arguments.content == "full" and not arguments.archived and at is None:
        call.services.usage.count_versions(actor, found.versions, arguments.label)
    following = arguments.offset + len(shown)
    unresolved = {"unresolved": [show_unresolved(*each) for each in found.unresolved]} if arguments.resolves else {}
    return {
        "count": page.count,
        "next_offset": following if following < page.count and shown else None,
        "results": [show_row(each.version, arguments.content, each.served) for each in found.versions],
        **unresolved,
    }


def _fitting(versions: Sequence[Version]) -> Sequence[Version]:
    """Return as many versions as one message should hold, at least one."""
    sizes = accumulate(version.size_bytes for version in versions)
    return versions[: max(1, sum(size <= _MAX_PAGE_BYTES for size in sizes))]


def get_prompt(call: AgentCall, arguments: GetArguments) -> object:
    """Return a version as programs fetch it; with `at`, what they got at a time of the past."""
    actor = call.enter(Permission.READ)
    with call.database.read() as tx:
        if arguments.at is None:
            version = prompts.fetch_prompt(tx, actor, arguments.prompt_name, version=arguments.version, label=arguments.label)
        else:
            version = past.fetch_prompt(tx, actor, arguments.prompt_name, label=arguments.label, at=arguments.at)
        fetched = assemble_version(tx, actor, version, at=arguments.at) if arguments.resolves else AssembledVersion(version)
    if arguments.at is None:
        call.services.usage.count_versions(actor, [fetched], arguments.label)
    return show_public(fetched.version, arguments.content, arguments.label, fetched.served)


def create_prompt(call: AgentCall, arguments: CreateArguments) -> object:
    """Create a prompt."""
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        created = prompts.create_prompt(
            tx,
            actor,
            name=arguments.name,
            prompt=arguments.prompt,
            config=arguments.config,
            description=arguments.version_description,
            variables=arguments.variables,
            labelled=arguments.labels,
        )
    return show_prompt(created)


def update_prompt(call: AgentCall, arguments: UpdateArguments) -> object:
    """Publish a version."""
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        published = prompts.publish_version(
            tx,
            actor,
            name=arguments.prompt_name,
            base_version=arguments.base_version,
            prompt=arguments.prompt,
            edits=[Edit(edit.old, edit.new) for edit in arguments.edits],
            config=arguments.config if "config" in arguments.model_fields_set else prompts.UNCHANGED,
            description=arguments.version_description,
            variables=arguments.variables if "variables" in arguments.model_fields_set else prompts.UNCHANGED,
            labelled=arguments.labels,
        )
    return show_prompt(published)


def duplicate_prompt(call: AgentCall, arguments: DuplicateArguments) -> object:
    """Create a prompt from another one."""
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        copy = prompts.duplicate_prompt(tx, actor, name=arguments.prompt_name, new_name=arguments.new_name)
    return show_prompt(copy)


def show_history(call: AgentCall, arguments: HistoryArguments) -> object:
    """List the versions of a prompt."""
    actor = call.enter(Permission.READ)
    with call.database.read() as tx:
        history = prompts.resolve_prompt(
            tx, actor, name=arguments.prompt_name, limit=arguments.limit, before_version=arguments.before_version
        )
    return {
        "prompt_name": history.selected.name,
        "latest_version": history.selected.version,
        "versions": [show_summary(version, history.last_fetches.get(version.id)) for version in history.versions],
        "has_more": history.has_more,
    }


def diff_versions(call: AgentCall, arguments: DiffArguments) -> object:
    """Compare two versions."""
    actor = call.enter(Permission.READ)
    with call.database.read() as tx:
        newer = _chosen(tx, actor, arguments.prompt_name, arguments.to_version)
        before = str(max(1, newer.version - 1))
        older = _chosen(tx, actor, arguments.prompt_name, arguments.from_version or before)
    return compare(older, newer)


def archive_prompt(call: AgentCall, arguments: ArchiveArguments) -> object:
    """Archive a prompt, or look at what that would change."""
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        if arguments.dry_run:
            return show_archive_preview(move_previews.preview_archive(tx, actor, name=arguments.prompt_name))
        prompts.archive_prompt(tx, actor, name=arguments.prompt_name, reason=arguments.reason)
    return {"prompt_name": arguments.prompt_name, "archived": True}


def restore_prompt(call: AgentCall, arguments: RestoreArguments) -> object:
    """Restore an archived prompt."""
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        restored = archived.restore_prompt(tx, actor, name=arguments.prompt_name, version_id=arguments.id)
    return show_restored(restored.version, restored.former_labels)


def _chosen(tx: Transaction, actor: Actor, name: str, choice: str | None) -> Version:
    """Return the version that a number or a label means, the latest for `None`."""
    number = int(choice) if choice and choice.isascii() and choice.isdigit() and len(choice) <= _MAX_DIGITS else None
    return prompts.fetch_prompt(tx, actor, name, version=number, label=None if number else choice)


_MAX_DIGITS = 9
_MAX_PAGE_BYTES = 1_000_000
