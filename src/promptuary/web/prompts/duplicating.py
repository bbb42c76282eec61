"""Copies of prompts under another name."""

from starlette.responses import Response

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import InvalidValue, NameTaken, PromptGone, VersionConflict
from promptuary.registry import prompts
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest


def show_duplication(request: PageRequest) -> Response:
    """Show the form for a copy."""
    return _duplication(request, request.enter(Permission.WRITE), f"{request.path['name']}-copy")


def duplicate_prompt(request: PageRequest) -> Response:
    """Make a copy, or show the form again with the reason why not: its name, or a version published in the meantime."""
    actor = request.enter(Permission.WRITE)
    name, new_name = request.path["name"], request.form.get("new_name").strip()
    expected = positive_int(request.form.get("expected_version"))
    try:
        with request.database.write() as tx:
            prompt_id = request.form.get("prompt_id") or None
            prompts.duplicate_prompt(tx, actor, name=name, new_name=new_name, expected_version=expected, prompt_id=prompt_id)
    except (InvalidValue, NameTaken) as problem:
        return _duplication(request, actor, new_name, problem=problem)
    except VersionConflict:
        return _duplication(request, actor, new_name, expected=expected)
    return request.redirect(request.links.prompt(new_name), notice=f"This is a copy of {name}.")


def _duplication(
    request: PageRequest,
    actor: Actor,
    new_name: str,
    *,
    problem: InvalidValue | NameTaken | None = None,
    expected: int | None = None,
) -> Response:
    with request.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, request.path["name"])
    if (request.form.get("prompt_id") or version.prompt_id) != version.prompt_id:
        raise PromptGone(version.name)
    status = 400 if problem else 409 if expected else 200
    return request.page(
        "prompts/duplicate.html", status=status, version=version, new_name=new_name, problem=problem, expected=expected
    )
