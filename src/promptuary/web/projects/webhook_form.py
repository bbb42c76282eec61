"""Settings of a webhook as forms carry them: as chosen, and as the page showed them when it was loaded."""

import json

from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import InvalidJson, parse
from promptuary.model.webhooks import EVENT_TYPES, EventFilter, WebhookFormat, WebhookSettings
from promptuary.web.forms import Form


def settings_of(form: Form) -> WebhookSettings:
    """Return the settings that a user has chosen."""
    events = frozenset(form.all("event"))
    sent_format = form.get("format", WebhookFormat.JSON)
    chosen = EventFilter(
        # All of them: those that are added later, too.
        events=frozenset() if events == {*EVENT_TYPES} else events,
        label=form.get("label").strip() or None,
        prompt_name=form.get("prompt_name").strip() or None,
    )
    return WebhookSettings(
        url=form.get("url").strip(),
        name=form.get("name").strip(),
        format=WebhookFormat(sent_format) if sent_format in {*WebhookFormat} else WebhookFormat.JSON,
        filter=chosen,
    )


def encode_settings(settings: WebhookSettings) -> str:
    """Return settings as the value of one field. JSON keeps line ends of a name, which browsers change."""
    chosen = settings.filter
    return json.dumps([settings.url, settings.name, settings.format.value, sorted(chosen.events), chosen.label, chosen.prompt_name])


def settings_seen(form: Form) -> WebhookSettings | None:
    """Return the settings that the page showed, `None` if the form does not tell. Raises `InvalidValue`."""
    if "seen" not in form.values:
        return None
    try:
        match parse(form.get("seen")):
            case [str(url), str(name), str(sent_format), [*events], str() | None as label, str() | None as prompt_name]:
                chosen = EventFilter(frozenset(map(str, events)), label, prompt_name)
                return WebhookSettings(url, name, WebhookFormat(sent_format), chosen)
    except (InvalidJson, ValueError):
        pass
    raise InvalidValue("invalid", "This form is malformed. Load the page again.", field="")


def describe_changes(before: WebhookSettings, after: WebhookSettings) -> list[str]:
    """Return how settings differ from what they were, part by part."""
    return [
        f"{name}: {former} before, {present} now"
        for (name, former), (_, present) in zip(_parts(before), _parts(after), strict=True)
        if former != present
    ]


def _parts(settings: WebhookSettings) -> list[tuple[str, str]]:
    chosen = settings.filter
    return [
        ("address", settings.url),
        ("name", settings.name or "none"),
        ("format", settings.format.value),
        ("events", ", ".join(event for event in EVENT_TYPES if event in chosen.events) or "all"),
        ("label", chosen.label or "all"),
        ("prompts", chosen.prompt_name or "all"),
    ]
