"""A config as fields: model, temperature, maximum tokens, tools and the response schema, and everything else as JSON.

A field stands for one key of the config. It shows a value only if it can give it back unchanged; other values stay in the JSON.
An empty field is a key that the config does not have.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import InvalidJson, dump, dump_indented, parse
from promptuary.web.form_errors import parse_json
from promptuary.web.forms import Form
from promptuary.web.prompts.config_schemas import RESPONSE_KEYS, find_schema_problem

Config = Mapping[str, object]


class Kind(StrEnum):
    """Kind of the values of a field."""

    LINE = "line"
    NUMBER = "number"
    INTEGER = "integer"
    LIST = "list"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class ConfigField:
    """A field of the form. ``keys`` are the keys that it may stand for; the first is used for a new one."""

    name: str
    label: str
    kind: Kind
    keys: tuple[str, ...]
    example: str

    @property
    def id(self) -> str:
        """Name of the field in forms and errors."""
        return f"config.{self.name}"


FIELDS = (
    ConfigField("model", "Model", Kind.LINE, ("model", "model_name"), "a name"),
    ConfigField("temperature", "Temperature", Kind.NUMBER, ("temperature",), "a number, such as 0.7"),
    ConfigField(
        "max_tokens",
        "Maximum tokens",
        Kind.INTEGER,
        ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxTokens", "maxOutputTokens"),
        "a whole number, such as 500",
    ),
    ConfigField("tools", "Tools", Kind.LIST, ("tools",), "a JSON list, in square brackets"),
    ConfigField("response", "Response schema", Kind.OBJECT, RESPONSE_KEYS, "a JSON object, in braces"),
)


@dataclass(frozen=True, slots=True)
class ConfigForm:
    """The fields as texts: by their names ``values`` and the ``keys`` that they stand for; and ``rest``, the other JSON."""

    values: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    rest: str = ""


def show_config(config: Config | None) -> ConfigForm:
    """Return the fields that show a config."""
    rest = dict(config or {})
    values, keys = {}, {}
    for each in FIELDS:
        keys[each.name] = key = next((key for key in each.keys if _fits(rest.get(key), each.kind)), each.keys[0])
        value = rest.get(key)
        if _fits(value, each.kind):
            values[each.name] = str(value) if each.kind is Kind.LINE else _written(value)
            del rest[key]
    is_empty_object = config is not None and not config
    return ConfigForm(values, keys, dump_indented(rest) if rest or is_empty_object else "")


def read_config_form(form: Form) -> ConfigForm | None:
    """Read the fields that a form sends, `None` for a form that has the config as JSON only."""
    if FIELDS[0].id not in form.values:
        return None
    keys = {each.name: form.get(f"{each.id}.key") for each in FIELDS}
    known = {each.name: keys[each.name] if keys[each.name] in each.keys else each.keys[0] for each in FIELDS}
    return ConfigForm({each.name: form.get(each.id) for each in FIELDS}, known, form.get("config"))


def config_of(form: ConfigForm, source: Config | None) -> object:
    """Return the config that fields describe, `None` for none; keys keep the order of the source. Raises `InvalidValue`.

    Schemas that are not those of the source have to be schemas.
    """
    values = {
        form.keys[each.name]: _value_of(each, form.values[each.name]) for each in FIELDS if form.values.get(each.name, "").strip()
    }
    rest = parse_json(form.rest, field="config") if form.rest.strip() else {}
    if not isinstance(rest, dict):
        # It is refused as any config is that is no object.
        return rest
    if not values and not form.rest.strip():
        return None
    _refuse_both(values, rest, form.keys)
    together, before = values | rest, source or {}
    config = {key: together[key] for key in [*(key for key in before if key in together), *together]}
    _check_schemas(config, before)
    return config


def _refuse_both(values: Config, rest: Config, keys: Mapping[str, str]) -> None:
    for each in FIELDS:
        key = keys[each.name]
        if key in values and key in rest:
            raise InvalidValue(
                "twice", f"'{key}' is in the field '{each.label}' and in the other values; keep one of them.", field="config"
            )


def _check_schemas(config: Config, source: Config) -> None:
    for each in FIELDS[-2:]:
        for key in each.keys:
            if key in config and config[key] != source.get(key):
                problem = find_schema_problem(key, config[key])
                if problem is not None:
                    raise InvalidValue("invalid_schema", problem, field=each.id)


def _value_of(each: ConfigField, text: str) -> object:
    if each.kind is Kind.LINE:
        return text.strip()
    if each.kind in {Kind.LIST, Kind.OBJECT}:
        value = parse_json(text, field=each.id)
    else:
        try:
            value = parse(text.strip())
        except InvalidJson:
            value = None
    if not _fits(value, each.kind):
        raise InvalidValue("invalid", f"This must be {each.example}.", field=each.id)
    return value


def _fits(value: object, kind: Kind) -> bool:
    """Return `True` if a field of this kind shows a value so that it comes back unchanged."""
    match kind:
        case Kind.LINE:
            return isinstance(value, str) and value == value.strip() != "" and not any(each in value for each in "\r\n\0")
        case Kind.NUMBER:
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case Kind.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Kind.LIST:
            return isinstance(value, list)
        case Kind.OBJECT:
            return isinstance(value, dict)


def _written(value: object) -> str:
    return dump_indented(value) if isinstance(value, (list, dict)) else dump(value)
