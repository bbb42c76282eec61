"""The resource of releases: promote from one label to another, list releases, undo one as a whole."""

from starlette.responses import Response

from promptuary.api.documentation import TOKEN_PARAMETER
from promptuary.api.posthog.calls import Call
from promptuary.api.posthog.move_inputs import (
    DryRunQuery,
    LLMPromptPromote,
    LLMPromptReleaseUndo,
)
from promptuary.api.posthog.move_outputs import (
    LLMPromptMoves,
    LLMPromptRelease,
    PaginatedLLMPromptReleaseList,
    show_moves,
    show_release,
)
from promptuary.api.posthog.paging import page_body, page_parameters, window_of
from promptuary.api.posthog.resources import Operation, Resource
from promptuary.model.access import Permission
from promptuary.registry import releases

resource = Resource("Releases")


@resource.post(
    "/promote/",
    Operation(
        id="llm_prompts_promote_create",
        summary="Promote prompts from one label to another",
        query=DryRunQuery,
        body=LLMPromptPromote,
        answers={200: LLMPromptMoves},
        conflicts=True,
    ),
)
def promote(call: Call) -> Response:
    """Point the label `to` of all prompts that have `from` at the version of `from`: all of them, or none.

    Prompts where it points there already are left out. If one cannot be moved, the response is 409 and says which in `refused`.
    """
    actor = call.enter(Permission.WRITE)
    is_dry_run = call.query(DryRunQuery).dry_run
    body = call.body(LLMPromptPromote)
    is_dry_run = is_dry_run or body.dry_run
    with call.database.write() as tx:
        moves = releases.promote(
            tx,
            actor,
            source=body.source,
            target=body.target,
            names=body.names,
            expected=body.expected,
            versions_seen=body.versions,
            reason=body.reason,
            is_dry_run=is_dry_run,
            is_emergency=body.emergency,
        )
    return call.answer(show_moves(moves, is_dry_run=is_dry_run))


@resource.get(
    "/releases/",
    Operation(
        id="llm_prompts_releases_list",
        summary="List releases",
        extra_parameters=[*page_parameters("Releases"), TOKEN_PARAMETER],
        answers={200: PaginatedLLMPromptReleaseList},
    ),
)
def list_releases(call: Call) -> Response:
    """List which labels were moved together, newest first: promotions and undone releases."""
    with call.entering(Permission.READ) as (tx, actor):
        window = window_of(call)
        page = releases.list_releases(tx, actor, limit=window.limit, offset=window.offset)
    return call.answer(page_body(call, window, count=page.count, results=[show_release(each) for each in page.items]))


@resource.get(
    "/releases/{release_id}/",
    Operation(
        id="llm_prompts_releases_retrieve",
        summary="Read a release",
        extra_parameters=[TOKEN_PARAMETER],
        answers={200: LLMPromptRelease},
    ),
)
def show_one(call: Call) -> Response:
    """Return which labels were moved together in a release."""
    with call.entering(Permission.READ) as (tx, actor):
        release = releases.get_release(tx, actor, release_id=call.path["release_id"])
    return call.answer(show_release(release))


@resource.post(
    "/releases/{release_id}/undo/",
    Operation(
        id="llm_prompts_releases_undo_create",
        summary="Undo a release",
        query=DryRunQuery,
        body=LLMPromptReleaseUndo,
        needs_body=False,
        answers={200: LLMPromptMoves},
        conflicts=True,
    ),
)
def undo_release(call: Call) -> Response:
    """Point all labels of a release where they pointed before it, or none: each must still be where the release put it."""
    actor = call.enter(Permission.WRITE)
    is_dry_run = call.query(DryRunQuery).dry_run
    body = call.body(LLMPromptReleaseUndo)
    is_dry_run = is_dry_run or body.dry_run
    with call.database.write() as tx:
        moves = releases.undo_release(
            tx,
            actor,
            release_id=call.path["release_id"],
            reason=body.reason,
            is_dry_run=is_dry_run,
            is_emergency=body.emergency,
        )
    return call.answer(show_moves(moves, is_dry_run=is_dry_run, with_labels=True))
