"""Unpublished input of a user: read from a form, shown in it again, converted for publishing.

The forms of a review and of a conflict carry what was written from page to page, so that the server keeps nothing. They carry only
what differs from the source; the rest is read from there. A changed text of 1 MB is carried whole, and as HTML it may become five
times as many bytes.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from promptuary.model.chats import chat_of_text
from promptuary.model.content import encode_config, encode_prompt
from promptuary.model.contracts import Contract, contract_of, encode_contract
from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import InvalidJson, dump_indented, parse
from promptuary.model.prompts import MAX_DESCRIPTION, Version
from promptuary.model.references import is_text
from promptuary.model.templates import Template
from promptuary.model.text import check_text
from promptuary.web.form_errors import parse_json
from promptuary.web.forms import Form
from promptuary.web.numbers import positive_int
from promptuary.web.prompts.chat_form import Row, rows_of
from promptuary.web.prompts.config_form import ConfigForm, config_of, read_config_form, show_config
from promptuary.web.prompts.originals import as_browsers_show, recover
from promptuary.web.prompts.prompt_formats import Format, Written, format_of, read_written


@dataclass(frozen=True)
class Proposal:
    """The parts of a version as texts of a form. Their values are read once, when they are first asked for.

    ``format`` is the one in which the prompt is edited. ``typed`` are the cards of a chat as they were typed, `None` if they are
    those of ``text``; there is no text if they make no chat, for the reason in ``problem``. The same holds for the config.
    ``source`` is the version whose text, the ``original``, the form showed first. Forms contain its number, and unchanged
    parts of its text are published byte for byte, with characters that browsers do not keep.
    """

    text: str
    config: str = ""
    note: str = ""
    format: Format = Format.TEXT
    base_version: int = 0
    source: int = 0
    original: str | None = None
    original_config: str | None = None
    variables: str = ""
    typed: tuple[Row, ...] | None = None
    problem: InvalidValue | None = None
    config_typed: ConfigForm | None = None
    config_problem: InvalidValue | None = None

    @property
    def is_json(self) -> bool:
        """`True` if the prompt is a JSON value, such as a list of chat messages."""
        return self.format is not Format.TEXT

    @property
    def rows(self) -> list[Row]:
        """The cards of a chat with their places, empty if the prompt is not edited in cards."""
        if self.typed is not None:
            return list(self.typed)
        if self.format is not Format.CHAT:
            return []
        return rows_of(chat_of_text(self.text) or (), chat_of_text(self.original or "") or ())

    @cached_property
    def prompt(self) -> object:
        """The prompt as it is published. Raises `InvalidValue`."""
        if self.problem is not None:
            raise self.problem
        return parse_json(self.text, field="prompt") if self.is_json else self.text

    @property
    def config_form(self) -> ConfigForm:
        """The fields of the config."""
        if self.config_typed is not None:
            return self.config_typed
        try:
            config = parse(self.config) if self.config.strip() else None
        except InvalidJson:
            config = self.config
        if config is None or isinstance(config, dict):
            return show_config(config)
        return replace(show_config(None), rest=self.config)

    @cached_property
    def config_value(self) -> object:
        """The config as it is published, `None` for none. Raises `InvalidValue`."""
        if self.config_problem is not None:
            raise self.config_problem
        return parse_json(self.config, field="config") if self.config.strip() else None

    @property
    def config_object(self) -> dict[str, object] | None:
        """The config as it is published. Raises `InvalidValue` for what is no object."""
        encode_config(self.config_value)
        return self.config_value if isinstance(self.config_value, dict) else None

    @property
    def contract_value(self) -> object:
        """The contract of the variables as it is published, `None` for none. Raises `InvalidValue`."""
        return parse_json(self.variables, field="variables") if self.variables.strip() else None

    @property
    def contract(self) -> Contract | None:
        """The contract of the variables. Raises `InvalidValue` for what is none."""
        return contract_of(self.contract_value)

    @cached_property
    def template(self) -> Template:
        """The text with its variables, as programs would get it. Raises `InvalidValue` where the contract is none."""
        return Template(self.text, self.contract)

    @property
    def has_source_text(self) -> bool:
        """`True` if the text is that of the source, so that a form need not contain it."""
        return self.source > 0 and self.text == self.original

    @property
    def has_source_config(self) -> bool:
        """`True` if the config is that of the source, so that a form need not contain it."""
        return self.source > 0 and self.config == self.original_config

    def faithful(self, *candidates: "Proposal") -> "Proposal":
        """Return this with the first source of some from which a form can bring its very text back, else with the last one's."""
        recovered = (
            replace(
                self,
                text=recover(as_browsers_show(self.text), each.original or ""),
                source=each.source,
                original=each.original,
                original_config=each.original_config,
            )
            for each in candidates
        )
        found = self
        for found in recovered:
            if found.text == self.text:
                break
        return found

    def check(self) -> None:
        """Raise `InvalidValue` for what could not be published."""
        encode_prompt(self.prompt)
        encode_config(self.config_value)
        encode_contract(self.contract_value)
        if self.note:
            check_text(self.note, field="version_description", max_length=MAX_DESCRIPTION)


def proposal_of(version: Version, *, note: str = "") -> Proposal:
    """Return what a form shows of a version."""
    prompt = version.text if is_text(version.content) else parse(version.content)
    text = prompt if isinstance(prompt, str) else dump_indented(prompt)
    config = version.written_config
    return Proposal(
        text=text,
        config=config,
        format=format_of(prompt),
        note=note,
        base_version=version.latest_version,
        source=version.version,
        original=text,
        original_config=config,
        variables="" if version.variables_json is None else dump_indented(parse(version.variables_json)),
    )


def read_proposal(form: Form, *, source: Version | None = None) -> Proposal:
    """Read what a form sends. Unchanged parts of the text of its ``source`` stay byte for byte; other lines end by LF.

    A form that carries no text or config because it is that of the source says so (``prompt_of_source``, ``config_of_source``).
    One without a field for the contract keeps that of the source.
    """
    shown = None if source is None else proposal_of(source)
    written = read_written(form, None if shown is None else Written(shown.text, shown.format))
    config, config_typed, config_problem = _read_config(form, shown, source)
    return Proposal(
        text=written.text,
        config=config,
        config_typed=config_typed,
        config_problem=config_problem,
        note=form.get("note").strip(),
        format=written.format,
        typed=written.rows,
        problem=written.problem,
        base_version=positive_int(form.get("base_version")) or 0,
        source=shown.source if shown else 0,
        original=shown.original if shown else None,
        original_config=shown.original_config if shown else None,
        variables=form.get("variables", shown.variables if shown else ""),
    )


def _read_config(form: Form, shown: Proposal | None, source: Version | None) -> tuple[str, ConfigForm | None, InvalidValue | None]:
    """Return the JSON of the config that a form sends; its fields as they were typed, and the reason, if they make no config."""
    if shown is not None and form.get("config_of_source"):
        return shown.config, None, None
    fields = read_config_form(form)
    if fields is None:
        return form.get("config"), None, None
    try:
        config = config_of(fields, None if source is None else source.config)
    except InvalidValue as problem:
        return "", fields, problem
    return "" if config is None else dump_indented(config), None, None
