"""Code at both ends of the two clients: settings from arguments, and the `Prompt` that a fetch returns."""

import ssl
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from promptuary_client import errors
from promptuary_client.access import resolve_access
from promptuary_client.changes import ChangeEvent
from promptuary_client.core import Core
from promptuary_client.prompts import Fallback, Prompt, PromptKey, fallback_content
from promptuary_client.reports import report_answer, report_bundle, report_change, report_unused
from promptuary_client.settings import (
    Default,
    Settings,
    check_numbers,
    resolve_bundle,
    resolve_folder,
    resolve_headers,
    resolve_label,
    resolve_offline,
    resolve_verify,
)


def build_settings(
    host: str | None,
    api_key: str | None,
    project: str | int | None,
    profile: str | None,
    label: str | Default | None,
    cache_dir: str | Path | bool,  # noqa: FBT001 - it may be a path, too.
    bundle: str | Path | None,
    *,
    headers: Mapping[str, str] | None,
    verify: ssl.SSLContext | str | Path | bool,
    offline: bool | None,
    **others: Any,  # noqa: ANN401 - the fields of `Settings`, which the clients' own signatures name.
) -> Settings:
    """Return settings from a client's arguments and the environment. Raises `ConfigurationError`."""
    is_offline = resolve_offline(offline)
    access = resolve_access(host, api_key, project, profile, offline=is_offline)
    # The cache is kept separately for each server and key.
    has_disk = cache_dir is not False and bool(access.host)
    found, bundle_error = resolve_bundle(bundle)
    settings = Settings(
        host=access.host,
        api_key=access.api_key,
        project=access.project,
        label=resolve_label(label),
        folder=resolve_folder(None if isinstance(cache_dir, bool) else cache_dir) if has_disk else None,
        headers=resolve_headers(headers),
        verify=resolve_verify(verify),
        bundle=found,
        bundle_error=bundle_error,
        offline=is_offline,
        **others,
    )
    check_numbers(settings)
    if bundle_error is not None:
        report_bundle(settings, bundle_error)
    return settings


def answer(
    settings: Settings,
    core: Core,
    key: PromptKey,
    *,
    is_confirmed: bool,
    fallback: Fallback | None,
    config: Mapping[str, Any] | None,
) -> Prompt:
    """Return known content, else that of the bundle, else the fallback. Raises the reason if there is none."""
    prompt = core.answer(key, is_confirmed=is_confirmed) or _substitute(settings, core, key, fallback, config)
    # A fallback often has fewer variables on purpose.
    if not prompt.is_fallback:
        prompt.report_unused_to(partial(_note_unused, settings, core))
    report_answer(settings, prompt)
    return prompt


def announce(settings: Settings, core: Core, event: ChangeEvent) -> None:
    """Call the program's hook with a change."""
    event.prompt.report_unused_to(partial(_note_unused, settings, core))
    report_change(settings, event)


def has_substitute(settings: Settings, key: PromptKey, fallback: object) -> bool:
    """Return `True` if a fallback or the bundle can replace an answer of the server."""
    return fallback is not None or (settings.bundle is not None and settings.bundle.find(key) is not None)


def _note_unused(settings: Settings, core: Core, prompt: Prompt, names: tuple[str, ...]) -> None:
    if core.is_first_unused(prompt, names):
        report_unused(settings, prompt, errors.UnusedValuesError(names, (*prompt.variables, *prompt.placeholders)))


def _reason(settings: Settings, core: Core, key: PromptKey) -> errors.PromptuaryError:
    error = core.error(key)
    if settings.offline and settings.bundle_error is not None:
        # The user can only fix the file.
        return errors.UnreachableError(f"{error} {settings.bundle_error}")
    return error


def _substitute(
    settings: Settings, core: Core, key: PromptKey, fallback: Fallback | None, config: Mapping[str, Any] | None
) -> Prompt:
    found = _bundled(settings, core, key)
    if found is None:
        if fallback is None:
            raise _reason(settings, core, key).with_traceback(None) from settings.bundle_error
        found = Prompt(fallback_content(key, fallback, config), key.name, None, key.label, "fallback", None)
    # Content that has arrived meanwhile is served instead, and what arrives later is a change.
    return core.substitute(key, found.content) or found


def _bundled(settings: Settings, core: Core, key: PromptKey) -> Prompt | None:
    # A 404 of the server is newer than the file.
    if settings.bundle is None or isinstance(core.error(key), errors.NotFoundError):
        return None
    content = settings.bundle.find(key)
    if content is None:
        return None
    return Prompt(content, content.name, content.version, key.label, "bundle", None)
