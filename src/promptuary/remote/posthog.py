"""The prompts of a server that speaks the PostHog prompts API, as lines of an export.

Only what is in that API is asked for. It shows every prompt as text, so that a JSON prompt arrives as the text of its JSON, and it
shows no archived prompts. A text that is exactly the JSON of a chat is taken for the chat that it says: what programs
fetch is the same text before and after.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from promptuary.model.chats import chat_of
from promptuary.model.content import encode_config, encode_prompt
from promptuary.model.errors import InvalidLine, InvalidValue
from promptuary.model.json_text import InvalidJson, dump, parse
from promptuary.model.transfer import LabelLine, Line, PromptLine, VersionLine, Writer, line_of, read_object, write_line
from promptuary.remote import answers
from promptuary.remote.client import Remote
from promptuary.remote.errors import RemoteError

_ROW: Mapping[str, answers.Check] = {
    "name": answers.prompt_name,
    "first_version_created_at": answers.moment,
    "latest_version": answers.version_number,
}

Present = Mapping[str, tuple[datetime, int]]
"""By name: the moment of the first version, and the number of the last one."""


def list_versions(remote: Remote) -> Present:
    """Return the active prompts by name."""
    pages = remote.pages("llm_prompts/", {"content": "none", "order_by": "name"})
    rows = [answers.checked(row, _ROW, "a prompt") for row in pages]
    found = {row["name"]: (datetime.fromisoformat(row["first_version_created_at"]), row["latest_version"]) for row in rows}
    return dict(sorted(found.items()))


def count_missing(wanted: Present, here: Present) -> int:
    """Count the versions that are not ``here``."""
    return sum(len(_numbers(each, here.get(name))) for name, each in wanted.items())


def read_project(source: Remote, wanted: Present, here: Present, advance: Callable[[int], object]) -> Iterator[Line]:
    """Read prompts with all versions and labels, but not those versions that are ``here`` already."""
    for name, each in wanted.items():
        try:
            for line in _read_prompt(source, name, each[0], _numbers(each, here.get(name)), advance):
                # By the rules of a file of an export, so that nothing is sent on that the target would refuse half way.
                yield line_of(read_object(write_line(line).encode(), 1), 1)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise _unreadable(source, f"prompt '{name}'") from None
        except InvalidLine as error:
            raise RemoteError(f"Prompt '{name}' cannot be imported: {error.problem}.") from None
        except InvalidValue as error:
            raise RemoteError(f"Prompt '{name}' cannot be imported: {error}") from None


def _numbers(wanted: tuple[datetime, int], here: tuple[datetime, int] | None) -> range:
    first_timestamp, latest = wanted
    known = here[1] if here is not None and here[0] == first_timestamp else 0
    return range(known + 1, max(known, latest) + 1)


def _read_prompt(
    source: Remote, name: str, first_timestamp: datetime, numbers: range, advance: Callable[[int], object]
) -> Iterator[Line]:
    yield PromptLine(name, first_timestamp, None)
    # Read before the versions, so that none of them points at a later one.
    labels = _resolve(source, name, {})["labels"]
    for number in numbers:
        prompt = _resolve(source, name, {"version": number})["prompt"]
        yield VersionLine(
            version=number,
            created_at=_timestamp(prompt["created_at"]),
            created_by=_writer(prompt["created_by"]),
            description=prompt["version_description"] or None,
            content=encode_prompt(_decode_text(prompt["prompt"])),
            config=encode_config(prompt["config"]),
        )
        advance(1)
    # What was published and labelled since the list was read is for the next time.
    last = numbers.stop - 1
    for label in sorted(labels, key=lambda label: str(label["name"])):
        if label["version"] <= last:
            moments = _timestamp(label["created_at"]), _timestamp(label["updated_at"])
            yield LabelLine(label["name"], label["version"], _writer(label["created_by"]), *moments)


def _resolve(source: Remote, name: str, selection: dict[str, int]) -> Any:  # noqa: ANN401 - any JSON
    return source.get(f"llm_prompts/resolve/name/{quote(name, safe='')}/", {"limit": 1, **selection})


def _decode_text(text: str) -> object:
    """Return the chat that a text is the exact JSON of, else the text."""
    if not text.startswith("[{"):
        return text
    try:
        value = parse(text)
    except InvalidJson:
        return text
    return value if chat_of(value) is not None and dump(value) == text else text


def _timestamp(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        message = f"{value} has no time zone"
        raise ValueError(message)
    return moment


def _writer(user: dict[str, Any] | None) -> Writer | None:
    if user is None or not user.get("email"):
        return None
    return Writer(user["email"].lower(), user.get("first_name") or "", user.get("last_name") or "")


def _unreadable(source: Remote, what: str) -> RemoteError:
    return RemoteError(f"{source.profile.host} answered with something for {what} that is not of the PostHog prompts API.")
