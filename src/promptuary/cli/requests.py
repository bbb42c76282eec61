"""``promptuary request``: propose moves of labels, review, approve and merge them, over HTTP."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from promptuary.cli.moves import NOTHING_CHANGED, Moves, show_moves, show_refusals
from promptuary.cli.output import AsJson, Record, author_of, say, show_json, show_line, show_record, show_records, to_the_second
from promptuary.cli.remote import ProfileName, Yes, reached_prompts, require_agreement
from promptuary.cli.version_choices import version_of
from promptuary.model.names import check_label_name, check_prompt_name
from promptuary.remote import Conflict, MovesRefused, RemoteError, RemotePrompts, RemoteReleases, RemoteRequests

app = typer.Typer(help="Propose moves of labels; review, approve and merge what others propose.", no_args_is_help=True)

RequestId = Annotated[int, typer.Argument(metavar="NUMBER", help="The number of the change request.", min=1)]
_NONE = "none"


class State(StrEnum):
    """State of the requests that are listed."""

    OPEN = "open"
    ENDED = "ended"
    ALL = "all"


@app.command("open")
def open_request(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="The purpose of the change.")],
    move: Annotated[
        list[str] | None,
        typer.Option(
            help="A move as NAME:LABEL=VERSION. VERSION is a number, another label, latest, or none to remove it. Repeatable."
        ),
    ] = None,
    source: Annotated[str | None, typer.Option("--from", help="Propose what promote would do, from this label.")] = None,
    target: Annotated[str | None, typer.Option("--to", help="The label that promote would move.")] = None,
    description: Annotated[str, typer.Option(help="Details for reviewers.")] = "",
    merge_when_approved: Annotated[
        bool, typer.Option("--merge-when-approved", help="Let the last approval merge the request.")
    ] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Propose moves of labels, of one prompt or several."""
    if (source is None) != (target is None) or (move is None) == (source is None):
        raise typer.BadParameter("Give either --move, or both --from and --to.")
    with reached_prompts(profile) as prompts:
        if source is not None and target is not None:
            moves = _moves_of_promotion(prompts, source, target)
        else:
            moves = [_move_of(prompts, text) for text in move or ()]
        requests = RemoteRequests(prompts.remote)
        opened = requests.open(title, moves, description=description, merges_itself=merge_when_approved)
    if as_json:
        show_json(opened)
    else:
        say(f"Change request {opened['id']} is open. {_needs(opened)}")


@app.command("list")
def list_requests(
    state: Annotated[State, typer.Option(help="Requests that are open, ended, or all.")] = State.OPEN,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """List change requests, newest first."""
    with reached_prompts(profile) as prompts:
        found = RemoteRequests(prompts.remote).list_requests(state.value)
    if as_json:
        show_json(found)
    else:
        show_records([_record_of(each) for each in found], as_json=False, nothing="There are no such change requests.")


@app.command("show")
def show_request(number: RequestId, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Show a change request with what a merge would change now, and its comments."""
    with reached_prompts(profile) as prompts:
        requests = RemoteRequests(prompts.remote)
        request = requests.get(number)
        moves = _preview(requests, request)
        if as_json:
            show_json({**request, "preview": moves})
            return
        show_record(_record_of(request), as_json=False)
        if request["description"]:
            show_line(f"\n{request['description']}")
        show_line("")
        if moves is None:
            _show_proposed(request)
        else:
            show_moves(prompts, moves)
    for comment in request["comments"]:
        show_line(f"\n{author_of(comment) or 'operator'}, {to_the_second(comment['created_at'])}: {comment['text']}")


@app.command("approve")
def approve(number: RequestId, yes: Yes = False, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Approve a change request as it is shown. The last approval merges it, if its author asked for that."""
    with reached_prompts(profile) as prompts:
        requests = RemoteRequests(prompts.remote)
        request = _show_before(prompts, requests, number, as_json=as_json)
        require_agreement(f"Approve change request {number}?", is_agreed=yes)
        approved = requests.approve(number, request["revision"])
    if as_json:
        show_json(approved)
    else:
        say(f"Change request {number} is {approved['state']}. {_needs(approved)}".strip())


@app.command("merge")
def merge(number: RequestId, yes: Yes = False, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Move the labels of a change request as it is shown: all of them, or none."""
    with reached_prompts(profile) as prompts:
        requests = RemoteRequests(prompts.remote)
        request = _show_before(prompts, requests, number, as_json=as_json)
        require_agreement(f"Merge change request {number}?", is_agreed=yes)
        try:
            made = requests.merge(number, request["revision"])
        except MovesRefused as refusal:
            show_refusals(refusal.refusals, err=True)
            raise
    if as_json:
        show_json(made)
    else:
        say(f"Change request {number} is merged. promptuary releases undo {made['release']} takes it back.")


@app.command("refresh")
def refresh(number: RequestId, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Let an outdated change request start from where its labels are now. It loses its approvals."""
    _do(number, "refresh", profile, as_json=as_json)


@app.command("close")
def close(number: RequestId, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Close a change request without a merge."""
    _do(number, "close", profile, as_json=as_json)


@app.command("comment")
def comment(
    number: RequestId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The comment.")],
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Write a comment on a change request."""
    with reached_prompts(profile) as prompts:
        written = RemoteRequests(prompts.remote).comment(number, text)
    if as_json:
        show_json(written)
    else:
        say("The comment is written.")


def _do(number: int, action: str, profile: str | None, *, as_json: bool) -> None:
    with reached_prompts(profile) as prompts:
        request = RemoteRequests(prompts.remote).do(number, action)
    if as_json:
        show_json(request)
    else:
        say(f"Change request {number} is {request['state']}, at revision {request['revision']}.")


def _show_before(prompts: RemotePrompts, requests: RemoteRequests, number: int, *, as_json: bool) -> dict[str, Any]:
    """Print what a request would change, and return the request that it was asked of."""
    request = requests.get(number)
    moves = _preview(requests, request)
    if moves is not None and not as_json:
        show_moves(prompts, moves)
    return request


def _preview(requests: RemoteRequests, request: dict[str, Any]) -> Moves | None:
    """Return what a request would change, `None` if it has ended."""
    if request["state"] not in {"open", "approved"}:
        return None
    try:
        return requests.preview(request["id"])
    except Conflict:
        return None


def _show_proposed(request: dict[str, Any]) -> None:
    records = [
        {"name": move["name"], "label": move["label"], "from": move["from_version"], "to": move["to_version"]}
        for move in request["moves"]
    ]
    show_records(records, as_json=False, nothing=NOTHING_CHANGED)


def _needs(request: dict[str, Any]) -> str:
    if request["state"] not in {"open", "approved"}:
        return ""
    missing = request["approvals_needed"] - request["approvals_given"]
    if missing > 0:
        return f"It needs {missing} more {'approval' if missing == 1 else 'approvals'}."
    return f"promptuary request merge {request['id']} carries it out."


def _record_of(request: dict[str, Any]) -> Record:
    return {
        "number": request["id"],
        "title": request["title"],
        "state": f"{request['state']}{', outdated' if request['is_outdated'] else ''}",
        "approvals": f"{request['approvals_given']} of {request['approvals_needed']}",
        "moves": len(request["moves"]),
        "author": author_of(request),
        "opened_at": to_the_second(request["created_at"]),
    }


def _moves_of_promotion(prompts: RemotePrompts, source: str, target: str) -> list[dict[str, Any]]:
    check_label_name(source, field="from")
    check_label_name(target, field="to")
    releases = RemoteReleases(prompts.remote)
    releases.require_known()
    moves = releases.promote(source, target, is_look=True)["moves"]
    if not moves:
        raise RemoteError(f"Nothing to propose: {target} points at what {source} points at already.")
    return [{"name": each["name"], "label": target, "version": each["to_version"]} for each in moves]


def _move_of(prompts: RemotePrompts, text: str) -> dict[str, Any]:
    place, is_given, choice = text.partition("=")
    name, has_label, label = place.partition(":")
    if not (is_given and has_label and choice):
        raise typer.BadParameter(f"{text} is no move. Write NAME:LABEL=VERSION.")
    check_prompt_name(name)
    check_label_name(label, field="label")
    version = None if choice == _NONE else version_of(prompts.resolve(name), choice)
    return {"name": name, "label": label, "version": version}
