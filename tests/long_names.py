"""A project in which everything has the longest name that is allowed, without a place to break it: for pages in narrow windows."""

from dataclasses import dataclass
from datetime import timedelta

from builders import as_admin, make_actor

from promptuary.model.access import Actor, Role, Scope
from promptuary.model.accounts import MAX_EMAIL, MAX_KEY_LABEL, MAX_NAME, Browser, SessionLimits
from promptuary.model.change_requests import MAX_COMMENT, MAX_DESCRIPTION, MAX_TITLE
from promptuary.model.label_history import MAX_REASON
from promptuary.model.names import MAX_LABEL_NAME, MAX_PROMPT_NAME
from promptuary.model.prompts import MAX_DESCRIPTION as MAX_NOTE
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.model.webhooks import MAX_PATTERN, MAX_URL, MAX_WEBHOOK_NAME, DeliveryState, EventFilter, Outcome, WebhookSettings
from promptuary.registry import change_requests, device_logins, label_rules, labels, prompts, releases, sessions, usage, webhooks
from promptuary.registry.operator import keys, members, projects, users
from promptuary.registry.request_merging import WantedPosition
from promptuary.store import webhook_deliveries
from promptuary.store.engine.database import Transaction


def _long(start: str, length: int) -> str:
    return start + "w" * (length - len(start))


NEW_EMAIL, _EMAIL, _NAMELESS = (_long(start, MAX_EMAIL) for start in ("new@", "author@", "nameless@"))
KEY_LABEL = _long("key", MAX_KEY_LABEL)
_PROMPT, _CHAT, _PART, _PARENT, _GONE = (_long(start, MAX_PROMPT_NAME) for start in ("Prompt", "Chat", "Part", "Parent", "Gone"))
_FIRST, _SECOND, _PROTECTED, _FOURTH = (_long(start, MAX_LABEL_NAME) for start in ("first", "second", "protected", "fourth"))
_WORD = _long("word", 300)
_VARIABLE = _long("variable", 100)
_CONTRACT = {
    _VARIABLE: {"type": "string", "description": _WORD, "enum": [_WORD, "b"], "examples": [_WORD]},
    f"{_VARIABLE[:-1]}x": {"type": "messages", "description": _WORD},
}
_TEXT = f"# {_WORD}\n\n{{{{{_VARIABLE}}}}} and `{_WORD}`\n\n| {_WORD} | {_WORD} |\n| --- | --- |\n| {_WORD} | {_WORD} |\n"
_MESSAGES = [{"role": _WORD, "content": _TEXT, "name": _WORD}, {"type": "placeholder", "name": f"{_VARIABLE[:-1]}x"}]


_ADDRESS = "2001:db8:1111:2222:3333:4444:5555:6666"

_OF_PROJECT = {
    "list": "prompts/",
    "search": f"prompts/?search={_WORD[:200]}&label={_FIRST}",
    "nothing-found": f"prompts/?search={_PROMPT}x&label={_FIRST}",
    "prompt": f"prompts/{_PROMPT}/",
    "rendered": f"prompts/{_PROMPT}/?view=rendered",
    "halves": f"prompts/{_PROMPT}/?view=both",
    "messages": f"prompts/{_CHAT}/?version=1",
    "resolved": f"prompts/{_PARENT}/?resolved=true",
    "history": f"prompts/{_PROMPT}/history/",
    "edit": f"prompts/{_PROMPT}/edit/",
    "edit-chat": f"prompts/{_CHAT}/edit/",
    "restore": f"prompts/{_PROMPT}/restore/?version=1",
    "compare": f"prompts/{_PROMPT}/compare/?from=1&to=2",
    "labels": f"prompts/{_PROMPT}/labels/",
    "label": f"prompts/{_PROMPT}/labels/set/?label={_FIRST}&version=1",
    "part-label": f"prompts/{_PART}/labels/set/?label={_FIRST}&version=2",
    "protected-label": f"prompts/{_PROMPT}/labels/set/?label={_PROTECTED}&version=2",
    "label-removal": f"prompts/{_PROMPT}/labels/remove/?label={_FIRST}",
    "part-label-removal": f"prompts/{_PART}/labels/remove/?label={_FIRST}",
    "label-history": f"prompts/{_PROMPT}/labels/history/?label={_FIRST}",
    "label-undo": f"prompts/{_PROMPT}/labels/undo/?label={_FIRST}",
    "past": f"prompts/{_PROMPT}/at/",
    "duplicate": f"prompts/{_PROMPT}/duplicate/",
    "archiving": f"prompts/{_PROMPT}/archive/",
    "part-archiving": f"prompts/{_PART}/archive/",
    "use": f"prompts/{_PROMPT}/use/",
    "usage": f"prompts/{_PROMPT}/usage/",
    "dependents": f"prompts/{_PART}/dependents/",
    "prompt-activity": f"prompts/{_PROMPT}/activity/",
    "references": f"references/?for={_PROMPT}",
    "archive": "archive/",
    "activity": "activity/",
    "releases": "release/",
    "plan": f"release/?from={_FIRST}&to={_PROTECTED}",
    "requests": "requests/",
    "new-request": f"new-request/?prompt={_PROMPT}&label={_PROTECTED}&version=2",
    "new-request-of-several": f"new-request/?from={_FIRST}&to={_PROTECTED}",
    "settings": "settings/",
    "rules": "settings/labels/",
    "webhooks": "settings/webhooks/",
}
_OF_ACCOUNT = {"projects": "/projects/", "account": "/settings/", "keys": "/settings/keys/", "sessions": "/settings/sessions/"}


@dataclass(frozen=True, slots=True)
class LongNames:
    """The session of an admin of the project, the address of the project, and those of its pages by names for them."""

    session: str
    project: str
    pages: dict[str, str]


def make_long_names(tx: Transaction) -> LongNames:
    """Make the project, with all that pages show of it."""
    project, other_project = (projects.create_project(tx, name=_long(start, MAX_NAME)) for start in ("Project", "Another"))
    user = users.create_user(tx, email=_EMAIL, first_name=_long("First", MAX_NAME), last_name=_long("Last", MAX_NAME))
    nameless = users.create_user(tx, email=_NAMELESS)
    for each in (user, nameless):
        members.set_member(tx, project_id=project.id, email=each.email, role=Role.ADMIN)
    members.set_member(tx, project_id=other_project.id, email=_EMAIL, role=Role.ADMIN)
    actor, other = (as_admin(make_actor(project, each)) for each in (user, nameless))
    archived, release = _write_prompts(tx, actor, other)
    request = _request_changes(tx, actor, other)
    webhook = _add_webhook(tx, actor)
    _add_key(tx, actor, [project.id, other_project.id])
    login = device_logins.begin_login(tx, device_name=_WORD, address=_ADDRESS, network="")
    limits = SessionLimits(timedelta(days=1), timedelta(days=1))
    browser = Browser(_ADDRESS, _WORD)
    session, _ = (sessions.begin_session(tx, user.id, limits=limits, browser=browser) for _ in range(2))
    path = f"/projects/{project.id}"
    places = {
        "archived": f"archive/{archived}/",
        "release": f"release/{release}/",
        "release-undo": f"release/{release}/undo/",
        "request": f"requests/{request}/",
        "request-edit": f"requests/{request}/edit/",
        "webhook": f"settings/webhooks/{webhook}/",
    }
    of_project = {name: f"{path}/{place}" for name, place in (_OF_PROJECT | places).items()}
    return LongNames(session.value, path, of_project | _OF_ACCOUNT | {"device": f"/device/?code={login.user_code}"})


def _write_prompts(tx: Transaction, actor: Actor, other: Actor) -> tuple[str, str]:
    """Return the ids of an archived version and of a release."""
    note, reason, all_labels = _long("note", MAX_NOTE), _long("reason", MAX_REASON), (_FIRST, _SECOND, _PROTECTED, _FOURTH)
    tag = f"@@@prompt:name={_PART}|label={_FIRST}@@@"
    for name, content in ((_PART, _TEXT), (_PROMPT, _TEXT), (_CHAT, _MESSAGES), (_PARENT, f"{tag}\n{_TEXT}"), (_GONE, _TEXT)):
        contract = None if name == _PART else _CONTRACT
        prompts.create_prompt(tx, actor, name=name, prompt=content, description=note, variables=contract, labelled=all_labels)
        prompts.publish_version(
            tx,
            other,
            name=name,
            base_version=1,
            prompt=f"{content}{_WORD}\n" if isinstance(content, str) else content[:1],
            config={_WORD: _WORD, "model": _WORD},
            description=note,
            variables=None,
        )
    for name in (_PROMPT, _CHAT, _GONE):
        labels.move_label(tx, other, name=name, label=_FIRST, version=2, reason=reason)
    archived = prompts.fetch_prompt(tx, actor, _GONE).id
    prompts.archive_prompt(tx, actor, name=_GONE, reason=reason)
    labels.remove_label(tx, actor, name=_PROMPT, label=_FOURTH, reason=reason)
    releases.promote(tx, actor, source=_FIRST, target=_SECOND, names=[_PROMPT, _CHAT], reason=reason)
    return archived, releases.list_releases(tx, actor, limit=1).items[0].id


def _request_changes(tx: Transaction, actor: Actor, other: Actor) -> int:
    label_rules.add_rule(tx, actor, pattern=_PROTECTED, approvals=1)
    moves = [WantedPosition(_PROMPT, _PROTECTED, 2), WantedPosition(_PART, _FIRST, 2), WantedPosition(_CHAT, _FIRST, None)]
    title, description = _long("Title", MAX_TITLE), _long("description", MAX_DESCRIPTION)
    request = change_requests.open_request(tx, other, title=title, description=description, positions=moves)
    change_requests.comment_on_request(tx, actor, request_id=request.id, text=_long("comment", MAX_COMMENT))
    change_requests.open_request(tx, actor, title=title, positions=moves[:1])
    return request.id


def _add_webhook(tx: Transaction, actor: Actor) -> str:
    events = EventFilter(frozenset({"prompt.published"}), _FIRST, _long("Pattern", MAX_PATTERN))
    url, name = _long(f"https://{'w' * 250}/", MAX_URL), _long("Webhook", MAX_WEBHOOK_NAME)
    webhook = webhooks.create_webhook(tx, actor, WebhookSettings(url, name, filter=events, is_enabled=False)).webhook
    for outcome in (Outcome(500, answer=_WORD), Outcome(None, error=_WORD)):
        sent = webhooks.send_test(tx, actor, webhook.id)
        webhook_deliveries.update_delivery(tx, sent, state=DeliveryState.FAILED, form=webhook.settings.format, outcome=outcome)
    return webhook.id


def _add_key(tx: Transaction, actor: Actor, project_ids: list[int]) -> None:
    scopes = [scope for scope in Scope if scope is not Scope.ALL]
    key = keys.create_key(tx, email=_EMAIL, label=KEY_LABEL, scopes=scopes, project_ids=project_ids).key
    for name in (_PROMPT, _PART, _PARENT):
        version = prompts.fetch_prompt(tx, actor, name, label=_FIRST)
        counted = FetchKey(version.id, key.id, _FIRST)
        usage.record_fetches(tx, [FetchCount(tx.clock().date(), counted, 1_000_000, tx.clock())])
