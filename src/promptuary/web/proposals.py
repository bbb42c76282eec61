"""What somebody has written and not published yet: read from a form, shown in it again, turned into what is published."""

import json
from dataclasses import dataclass

from promptuary.model.content import encode_config, encode_prompt, text_of
from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import InvalidJson, dump_indented, parse
from promptuary.model.prompts import MAX_DESCRIPTION, Version
from promptuary.model.text import check_text
from promptuary.web.forms import Form
from promptuary.web.numbers import number_of


@dataclass(frozen=True, slots=True)
class Proposal:
    """The parts of a version as texts of a form. ``is_json``: the prompt is a JSON value, such as a list of chat messages."""

    text: str
    config: str = ""
    note: str = ""
    is_json: bool = False
    base_version: int = 0

    @property
    def prompt(self) -> object:
        """The prompt as it is published. Raises `InvalidValue`."""
        return _parsed(self.text, field="prompt") if self.is_json else self.text

    @property
    def config_value(self) -> object:
        """The config as it is published, `None` for none. Raises `InvalidValue`."""
        return _parsed(self.config, field="config") if self.config.strip() else None

    @property
    def config_object(self) -> dict[str, object] | None:
        """The config as it is stored. Raises `InvalidValue` for what is no object."""
        encoded = encode_config(self.config_value)
        return None if encoded is None else json.loads(encoded)

    def check(self) -> None:
        """Raise `InvalidValue` for what could not be published."""
        encode_prompt(self.prompt)
        encode_config(self.config_value)
        if self.note:
            check_text(self.note, field="version_description", max_length=MAX_DESCRIPTION)


def proposal_of(version: Version, *, note: str = "") -> Proposal:
    """Return what a form shows of a version."""
    is_json = not version.content.startswith('"')
    return Proposal(
        text=dump_indented(parse(version.content)) if is_json else text_of(version.content),
        config="" if version.config is None else dump_indented(version.config),
        is_json=is_json,
        note=note,
        base_version=version.latest_version,
    )


def read_proposal(form: Form, *, base: Version | None = None) -> Proposal:
    """Read what a form sends, its lines ended by LF. A text whose base ends all lines by CR LF keeps that."""
    text = form.get("prompt")
    if base is not None and _ends_lines_with_cr(base.text):
        text = text.replace("\n", "\r\n")
    return Proposal(
        text=text,
        config=form.get("config"),
        note=form.get("note").strip(),
        is_json=form.get("format") == "json",
        base_version=number_of(form.get("base_version")) or 0,
    )


def _ends_lines_with_cr(text: str) -> bool:
    return "\r\n" in text and "\n" not in text.replace("\r\n", "")


def _parsed(text: str, *, field: str) -> object:
    try:
        return parse(text)
    except InvalidJson as error:
        raise InvalidValue("invalid_json", f"This is not valid JSON: {error}.", field=field) from None
