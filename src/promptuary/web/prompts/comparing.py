"""Two versions of a prompt beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from starlette.responses import Response

from promptuary.differences import Budget, Budgets, ConfigChange, Hunk, Row, compare_configs_within, compare_texts_within
from promptuary.model.access import Actor, Permission
from promptuary.model.chat_texts import chat_texts
from promptuary.model.chats import Entry, chat_of_text, readable_chat
from promptuary.model.contract_changes import ContractComparison, compare_contracts
from promptuary.model.contracts import Contract, variables_of
from promptuary.model.json_text import dump_indented
from promptuary.model.prompts import Version
from promptuary.model.references import count_references, is_text
from promptuary.model.templates import Template
from promptuary.model.token_estimate import approximate_tokens
from promptuary.registry import prompts
from promptuary.registry.assembling import assemble_all
from promptuary.registry.moves import ChangedText
from promptuary.registry.prompts import History
from promptuary.registry.reference_previews import AffectedText
from promptuary.store.engine.database import Transaction
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.prompts.edit_form import Proposal
from promptuary.web.prompts.visible_text import show_visibly, weigh

CHOICES = 200
"""Newest versions that are offered; if there are more, users can type a number."""

MAX_CHANGES = 500_000
"""Maximum bytes of HTML that show changed lines and the lines around them."""

MAX_FOLDS = 250_000
"""Maximum bytes of HTML that show unchanged lines, folded."""

MAX_CONFIG = 250_000
"""Maximum bytes of HTML that show changes of the config."""

_AROUND_A_ROW = 280
_AROUND_A_SPAN = 11
_AROUND_A_FOLDED_ROW = 10
_AROUND_A_VALUE = 400


def show_comparison(request: PageRequest) -> Response:
    """Compare two versions, each chosen by number or label; the latest with the one before unless chosen."""
    actor = request.enter(Permission.READ)
    with request.database.read() as tx:
        history = prompts.resolve_prompt(tx, actor, name=request.path["name"], limit=CHOICES)
        latest = history.selected
        old_choice = request.query.get("from") or str(max(1, latest.version - 1))
        new_choice = request.query.get("to") or str(latest.version)
        old, new = (_chosen(tx, actor, latest.name, choice) for choice in (old_choice, new_choice))
        has_references = any(count_references(version.content) for version in (old, new))
        wants_whole = has_references and request.query.get("resolved") == "true"
        whole = assemble_all(tx, actor, (old, new)) if wants_whole else None
    compared = (old, new) if whole is None or whole.unresolved else tuple(each.version for each in whole.versions)
    return request.page(
        "prompts/compare.html",
        version=latest,
        old=old,
        new=new,
        old_choice=old_choice,
        new_choice=new_choice,
        choices_limit=CHOICES,
        choices=_choices(history, old_choice, new_choice),
        view=request.query.get("view", ""),
        has_references=has_references,
        is_whole=whole is not None,
        problems=[] if whole is None else [(version.version, problem) for version, problem in whole.unresolved],
        comparison=None if latest.version == 1 else compare_versions(*compared),
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences between two versions, in the text and in the config by key. Those over the limits are only counted."""

    hunks: list[Hunk]
    config: list[ConfigChange]
    removed_left_out: int = 0
    added_left_out: int = 0
    config_left_out: int = 0
    callers: ContractComparison = field(default=ContractComparison(()))
    """Changes for programs, which fill in the variables."""

    @property
    def is_same(self) -> bool:
        """`True` if nothing differs."""
        return not self.hunks and not self.config and not self.callers.changes


def compare_versions(old: Version, new: Version) -> Comparison:
    """Compare two versions."""
    return _compare(_side_of(old), _side_of(new))


@dataclass(frozen=True, slots=True)
class AffectedComparison:
    """A version of another prompt whose text changes, and its estimated tokens before and after."""

    text: AffectedText
    comparison: Comparison
    tokens_before: int
    tokens_after: int


def compare_affected(texts: Sequence[AffectedText]) -> list[AffectedComparison]:
    """Compare the texts of other prompts before and after the move of a label; together they fit into one page."""
    compared: list[AffectedComparison] = []
    for each, comparison in zip(texts, compare_all([(each.before, each.after) for each in texts]), strict=True):
        tokens = (approximate_tokens(text) for text in (each.before, each.after))
        compared.append(AffectedComparison(each, comparison, *tokens))
    return compared


def compare_all(pairs: Sequence[tuple[str, str]]) -> list[Comparison]:
    """Compare texts of several prompts before and after; together they fit into one page. Of chats, what they say is compared."""
    budgets = Budgets(Budget(MAX_CHANGES, _weigh_row), Budget(MAX_FOLDS, _weigh_folded_row))
    found = [compare_texts_within(*_said(before, after), budgets) for before, after in pairs]
    return [Comparison(each.hunks, [], each.removed_left_out, each.added_left_out) for each in found]


def compare_changed(texts: Sequence[ChangedText]) -> list[Comparison]:
    """Compare the texts that programs get before and after moves of labels; together they fit into one page."""
    return compare_all([(text.before, text.after) for text in texts])


def compare_proposal(old: Version, proposal: Proposal) -> Comparison:
    """Compare a version with what would be published. Raises `InvalidValue` where that cannot be."""
    new = _Side(
        proposal.prompt, proposal.is_json, proposal.config_object, proposal.template, proposal.contract, written=proposal.text
    )
    return _compare(_side_of(old), new)


@dataclass(frozen=True)
class _Side:
    """A version, or what would be one, as it is compared. Without ``written``, the text is that of the prompt."""

    prompt: object
    is_json: bool
    config: Mapping[str, object] | None
    template: Template
    contract: Contract | None
    written: str | None = None

    @property
    def text(self) -> str:
        if self.written is not None:
            return self.written
        return dump_indented(self.prompt) if self.is_json else str(self.prompt)

    @cached_property
    def chat(self) -> list[Entry] | None:
        return readable_chat(self.prompt) if self.is_json else None


def _side_of(version: Version) -> _Side:
    template = version.template
    is_json = not is_text(version.content) and template.value is not None
    return _Side(template.value if is_json else template.text, is_json, version.config, template, version.contract)


def _compare(old: _Side, new: _Side) -> Comparison:
    budgets = Budgets(Budget(MAX_CHANGES, _weigh_row), Budget(MAX_FOLDS, _weigh_folded_row))
    text = compare_texts_within(*_texts(old, new), budgets)
    config, config_left_out = compare_configs_within(old.config, new.config, Budget(MAX_CONFIG, weigh_change))
    return Comparison(
        hunks=text.hunks,
        config=config,
        removed_left_out=text.removed_left_out,
        added_left_out=text.added_left_out,
        config_left_out=config_left_out,
        callers=compare_contracts(variables_of(old.template, old.contract), variables_of(new.template, new.contract)),
    )


def _weigh_row(row: Row) -> int:
    return _AROUND_A_ROW + sum(_AROUND_A_SPAN * span.is_changed + weigh(show_visibly(span.text)) for span in row.spans)


def _weigh_folded_row(row: Row) -> int:
    return _AROUND_A_FOLDED_ROW + weigh(show_visibly(row.text))


def weigh_change(change: ConfigChange) -> int:
    """Return how many bytes of a page a change of a config takes."""
    return _AROUND_A_VALUE + sum(weigh(show_visibly(value or "")) for value in (change.path, change.old, change.new))


def _texts(old: _Side, new: _Side) -> tuple[str, str]:
    """Return what to compare: of two chats what they say, see `chat_texts`."""
    if old.chat is None or new.chat is None:
        return old.text, new.text
    before, after = chat_texts(old.chat, new.chat)
    return before, after


def _said(before: str, after: str) -> tuple[str, str]:
    """Return what to compare of two contents as texts: of two chats what they say, unless only the form of their JSON differs."""
    chats = [readable_chat(chat_of_text(text)) for text in (before, after)]
    if chats[0] is None or chats[1] is None:
        return before, after
    old, new = chat_texts(chats[0], chats[1])
    return (old, new) if old != new else (before, after)


def _chosen(tx: Transaction, actor: Actor, name: str, choice: str) -> Version:
    number = positive_int(choice)
    return prompts.fetch_prompt(tx, actor, name, version=number, label=None if number else choice)


def _choices(history: History, *chosen: str) -> list[tuple[str, str]]:
    labels = [(label.name, f"{label.name} (v{label.version})") for label in history.labels]
    versions = [(str(version.version), _change_texts(version)) for version in history.versions]
    known = {key for key, _ in [*labels, *versions]}
    return [*labels, *versions, *((choice, f"v{choice}") for choice in chosen if choice not in known)]


def _change_texts(version: Version) -> str:
    return f"v{version.version}: {version.description}" if version.description else f"v{version.version}"
