"""The resource of prompts: list, create, fetch, publish, resolve, duplicate, archive, restore."""

from datetime import datetime

from starlette.responses import Response

from promptuary.api.documentation import TOKEN_PARAMETER
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.inputs import (
    FetchQuery,
    ListQuery,
    LLMPromptCreate,
    LLMPromptDuplicate,
    LLMPromptRestore,
    PatchedLLMPromptPublish,
    ResolveQuery,
)
from promptuary.api.posthog.move_inputs import (
    ArchiveQuery,
)
from promptuary.api.posthog.move_outputs import LLMPromptMoves, show_archive_preview
from promptuary.api.posthog.outputs import (
    LLMPrompt,
    LLMPromptPublic,
    LLMPromptResolveResponse,
    LLMPromptRestored,
    PaginatedLLMPromptListList,
    show_label,
    show_prompt,
    show_public,
    show_restored,
    show_row,
    show_summary,
)
from promptuary.api.posthog.paging import PAGE_PARAMETERS, page_body, window_of
from promptuary.api.posthog.reference_outputs import show_parent, show_reference_state, show_unresolved
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.http.answered import Answered
from promptuary.model.access import Actor, Permission
from promptuary.model.edits import Edit
from promptuary.registry import archived, assembling, dependents, lists, move_previews, past, prompts
from promptuary.registry.assembling import AssembledVersion
from promptuary.registry.prompts import History
from promptuary.store.engine.database import Transaction

resource = Resource("Prompts")


@resource.get(
    "/",
    Operation(
        id="llm_prompts_list",
        summary="List prompts",
        query=ListQuery,
        extra_parameters=[*PAGE_PARAMETERS, TOKEN_PARAMETER],
        answers={200: PaginatedLLMPromptListList},
    ),
)
def list_prompts(call: Call) -> Response:
    """List the active prompts, each at its latest version or, with `label`, at the labelled one; or the archived prompts."""
    with call.entering(Permission.READ) as (tx, actor):
        query = call.query(ListQuery)
        window = window_of(call)
        listing = query.listing(limit=window.limit, offset=window.offset)
        page = lists.list_prompts(tx, actor, listing) if query.at is None else past.list_prompts(tx, actor, listing, at=query.at)
        assembled = assembling.assemble_all(tx, actor, page.items, at=query.at) if query.resolves else None
    if query.content == "full" and not query.archived and query.at is None:
        call.count_fetches(actor, assembling.unassembled(page.items) if assembled is None else assembled.versions, query.label)
    if assembled is None:
        rows = [show_row(version, query.content) for version in page.items]
        return call.answer_tagged(page_body(call, window, count=page.count, results=rows))
    rows = [show_row(each.version, query.content, each.served) for each in assembled.versions]
    body = page_body(call, window, count=page.count, results=rows)
    return call.answer_tagged(body | {"unresolved": [show_unresolved(*each) for each in assembled.unresolved]})


@resource.post("/", Operation(id="llm_prompts_create", summary="Create a prompt", body=LLMPromptCreate, answers={201: LLMPrompt}))
def create_prompt(call: Call) -> Response:
    """Create a prompt with version 1."""
    actor = call.enter(Permission.WRITE)
    body = call.body(LLMPromptCreate)
    with call.database.write() as tx:
        created = prompts.create_prompt(
            tx,
            actor,
            name=body.name,
            prompt=body.prompt,
            config=body.config,
            description=body.version_description,
            variables=body.variables,
            labelled=body.labels,
        )
    return call.answer(show_prompt(created), 201)


@resource.get(
    "/name/{prompt_name}/",
    Operation(
        id="llm_prompts_name_retrieve",
        summary="Fetch a prompt",
        query=FetchQuery,
        extra_parameters=[TOKEN_PARAMETER],
        answers={200: LLMPromptPublic},
    ),
)
async def fetch_prompt(call: Call) -> Response:
    """Fetch the latest version of a prompt, or the one with a number or a label. A version's UUID also names its prompt."""
    return await call.answer_fetch(_fetch_prompt)


def _fetch_prompt(call: Call) -> Response:
    with call.entering(Permission.READ) as (tx, actor):
        query = call.query(FetchQuery)
        name = call.path["prompt_name"]
        if query.at is None:
            version = prompts.fetch_prompt(tx, actor, name, version=query.version, label=query.label, with_labels=False)
        else:
            version = past.fetch_prompt(tx, actor, name, label=query.label, at=query.at)
        fetched = assembling.assemble_version(tx, actor, version, at=query.at) if query.resolves else AssembledVersion(version)
    if query.at is None:
        call.count_fetches(actor, [fetched], query.label)
        call.report_answered(Answered(actor.project_id, fetched.names, version.id, query.label or "", fetched.part_ids))
    return call.answer_tagged(show_public(fetched.version, query.content, query.label, fetched.served))


@resource.patch(
    "/name/{prompt_name}/",
    Operation(
        id="llm_prompts_name_partial_update",
        summary="Publish a version",
        body=PatchedLLMPromptPublish,
        answers={200: LLMPrompt},
        conflicts=True,
    ),
)
def publish_version(call: Call) -> Response:
    """Publish the next version of a prompt. Of its labels, only those in `labels` move."""
    actor = call.enter(Permission.WRITE)
    name = call.path["prompt_name"]
    if prompts.is_version_id(name):
        with call.database.read() as tx:
            name = prompts.resolve_name(tx, actor, name)
    body = call.body(PatchedLLMPromptPublish)
    with call.database.write() as tx:
        published = prompts.publish_version(
            tx,
            actor,
            name=name,
            base_version=body.base_version,
            prompt=body.prompt,
            edits=[Edit(edit.old, edit.new) for edit in body.edits],
            config=body.config if "config" in body.model_fields_set else prompts.UNCHANGED,
            description=body.version_description,
            variables=body.variables if "variables" in body.model_fields_set else prompts.UNCHANGED,
            labelled=body.labels,
        )
    return call.answer(show_prompt(published))


@resource.get(
    "/resolve/name/{prompt_name}/",
    Operation(
        id="llm_prompts_resolve_name_retrieve",
        summary="Read a version with the history",
        query=ResolveQuery,
        extra_parameters=[TOKEN_PARAMETER],
        answers={200: LLMPromptResolveResponse},
    ),
)
def resolve_prompt(call: Call) -> Response:
    """Return one version in full, a page of the history, newest first, and all labels.

    With `at`, all of it is as it was then, without references.
    """
    with call.entering(Permission.READ) as (tx, actor):
        query = call.query(ResolveQuery)
        if query.at is not None:
            return call.answer(_show_history(_resolve_past(tx, actor, call, query, at=query.at)))
        history = prompts.resolve_prompt(
            tx,
            actor,
            name=call.path["prompt_name"],
            version=query.version,
            version_id=query.version_id,
            limit=query.limit,
            offset=query.offset or 0,
            before_version=query.before_version,
        )
        parents = dependents.list_parents(tx, actor, name=history.selected.name)
        references = dependents.list_references(tx, actor, history.selected)
    return call.answer(
        {
            **_show_history(history),
            "referenced_by": [show_parent(parent) for parent in parents],
            "references": [show_reference_state(state) for state in references],
        }
    )


def _resolve_past(tx: Transaction, actor: Actor, call: Call, query: ResolveQuery, *, at: datetime) -> History:
    return past.resolve_prompt(
        tx,
        actor,
        name=call.path["prompt_name"],
        at=at,
        version=query.version,
        version_id=query.version_id,
        limit=query.limit,
        offset=query.offset or 0,
        before_version=query.before_version,
    )


def _show_history(history: History) -> dict[str, object]:
    return {
        "prompt": show_prompt(history.selected),
        "versions": [show_summary(version, history.last_fetches.get(version.id)) for version in history.versions],
        "has_more": history.has_more,
        "labels": [show_label(label) for label in history.labels],
    }


@resource.post(
    "/name/{prompt_name}/archive/",
    Operation(
        id="llm_prompts_name_archive_create",
        summary="Archive a prompt",
        query=ArchiveQuery,
        answers={200: LLMPromptMoves, 204: None},
        conflicts=True,
    ),
)
def archive_prompt(call: Call) -> Response:
    """Take a prompt with all its versions and labels out of service; its name becomes free."""
    actor = call.enter(Permission.WRITE)
    name, query = call.path["prompt_name"], call.query(ArchiveQuery)
    if query.dry_run:
        with call.database.write() as tx:
            preview = move_previews.preview_archive(tx, actor, name=name)
        return call.answer(show_archive_preview(preview))
    with call.database.write() as tx:
        prompts.archive_prompt(tx, actor, name=name, reason=query.reason, is_emergency=query.emergency)
    return call.answer_nothing()


@resource.post(
    "/name/{prompt_name}/restore/",
    Operation(
        id="llm_prompts_name_restore_create",
        summary="Restore an archived prompt",
        body=LLMPromptRestore,
        needs_body=False,
        answers={200: LLMPromptRestored},
        conflicts=True,
    ),
)
def restore_prompt(call: Call) -> Response:
    """Bring an archived prompt with all its versions back, while its name is free.

    Of several that had the name it is the one that was archived last, unless `id` chooses another. Labels do not come back.
    """
    actor = call.enter(Permission.WRITE)
    body = call.body(LLMPromptRestore)
    with call.database.write() as tx:
        restored = archived.restore_prompt(tx, actor, name=call.path["prompt_name"], version_id=body.id)
    return call.answer(show_restored(restored.version, restored.former_labels))


@resource.post(
    "/name/{prompt_name}/duplicate/",
    Operation(
        id="llm_prompts_name_duplicate_create", summary="Duplicate a prompt", body=LLMPromptDuplicate, answers={201: LLMPrompt}
    ),
)
def duplicate_prompt(call: Call) -> Response:
    """Create a prompt from the latest content and config of another one."""
    actor = call.enter(Permission.WRITE)
    body = call.body(LLMPromptDuplicate)
    with call.database.write() as tx:
        copy = prompts.duplicate_prompt(tx, actor, name=call.path["prompt_name"], new_name=body.new_name)
    return call.answer(show_prompt(copy), 201)
