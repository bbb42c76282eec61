"""The tools that move labels of several prompts together."""

from promptuary.agents.calls import AgentCall
from promptuary.agents.inputs import PromoteArguments, ReleaseListArguments, ReleaseUndoArguments
from promptuary.api.posthog.move_outputs import show_moves, show_release
from promptuary.model.access import Permission
from promptuary.registry import releases


def promote(call: AgentCall, arguments: PromoteArguments) -> object:
    """Point a label of many prompts at what another one points at, or look at what that would change."""
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        moves = releases.promote(
            tx,
            actor,
            source=arguments.source,
            target=arguments.target,
            names=arguments.names,
            expected=arguments.expected,
            versions_seen=arguments.versions,
            reason=arguments.reason,
            is_dry_run=arguments.dry_run,
        )
    return show_moves(moves, is_dry_run=arguments.dry_run)


def list_releases(call: AgentCall, arguments: ReleaseListArguments) -> object:
    """List the labels that were moved together."""
    actor = call.enter(Permission.READ)
    with call.database.read() as tx:
        page = releases.list_releases(tx, actor, limit=arguments.limit, offset=arguments.offset)
    following = arguments.offset + len(page.items)
    return {
        "count": page.count,
        "next_offset": following if following < page.count and page.items else None,
        "results": [show_release(release) for release in page.items],
    }


def undo_release(call: AgentCall, arguments: ReleaseUndoArguments) -> object:
    """Take all moves of a release back, or look at what that would change."""
    actor = call.enter(Permission.WRITE)
    with call.database.write() as tx:
        moves = releases.undo_release(
            tx, actor, release_id=arguments.release_id, reason=arguments.reason, is_dry_run=arguments.dry_run
        )
    return show_moves(moves, is_dry_run=arguments.dry_run, with_labels=True)
