from pathlib import Path

import pytest

from prose.check import RULES, check_text, read_rules

ROOT = Path(__file__).parents[2]
RULES_OF_HOUSE = read_rules(RULES.read_text())
RULES_OF_TEST = read_rules("""
covered = ["docs/*.md"]
left_out = []
[[rule]]
words = ["anew", "go on"]
instead = "write 'again'"
[[rule]]
words = ["most"]
instead = "write 'Maximum'"
kinds = ["setting"]
[[rule]]
words = ["whether"]
instead = "begin with a verb"
kinds = ["docstring"]
first = true
[[rule]]
words = ["ledgers?"]
instead = "write 'log'"
kinds = ["name"]
""")


def findings(name: str, source: str) -> list[str]:
    return [f"{finding.line}: {finding.message}" for finding in check_text(name, source, RULES_OF_TEST.rules)]


@pytest.mark.parametrize(
    "source",
    [
        "def _read_ledger(path): ...",
        "class LedgerOfFetches: ...",
        "def read(ledger): ...",
        "ledgers = []",
        "self.own_ledger = 1",
        "for ledger in all_of_them: ...",
    ],
)
def test_a_rule_of_names_holds_for_what_code_defines(source: str) -> None:
    assert [finding.partition("'")[0] for finding in findings("module.py", source)] == ["1: "]


def test_a_rule_of_names_holds_for_no_text_and_for_no_use() -> None:
    assert findings("module.py", '"""The ledger."""\nprint(module.ledger, ledger)') == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("page.md", "# Title\nIt starts anew.\n"),
        ("page.html", "<p>\nIt starts anew.</p>"),
        ("page.html", '\n<img alt="Start anew">'),
        ("page.html", "\n{{ button('Start anew') }}"),
        ("page.html", '\n{% if odd %}{% set title = "Start anew" %}{% endif %}'),
        ("module.py", '"""Module.\nIt starts anew.\n"""'),
        ("module.py", "x = 1\n# It starts anew."),
        ("module.py", 'x = 1\nprint("It starts anew.")'),
        ("module.py", 'x = 1\nprint(f"It starts anew at {x}.")'),
        ("module.ts", "const x = 1;\n// It starts Anew."),
    ],
)
def test_a_word_of_the_list_is_found_in_every_kind_of_text_on_its_line(name: str, source: str) -> None:
    assert [finding.lower() for finding in findings(name, source)] == ["2: 'anew': write 'again'."]


def test_words_that_a_line_end_divides_are_found() -> None:
    assert findings("page.md", "They go\non.") == ["1: 'go on': write 'again'."]
    assert findings("module.py", '"""They go\n    on."""') == ["1: 'go on': write 'again'."]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("page.md", "```sh\nanew\n```\n"),
        ("page.md", "The command `anew`, [here](anew.md), https://example.com/anew <!-- anew -->, renewed."),
        ("page.html", '<p class="anew">{{ anew }}{# anew #}</p>'),
        ("module.py", '"""Return `anew`."""\nanew = {"anew": 1}'),
    ],
)
def test_code_names_and_addresses_are_no_prose(name: str, source: str) -> None:
    assert findings(name, source) == []


def test_a_rule_of_settings_holds_for_descriptions_of_settings_only() -> None:
    source = '"""Most."""\nclass Settings(BaseSettings):\n    x: int = Field(\n        description="Most x.")\n    y = "Most y."'
    assert findings("settings.py", source) == ["4: 'Most': write 'Maximum'."]


def test_a_rule_of_beginnings_holds_for_the_first_word_of_docstrings_only() -> None:
    source = '"""Tell whether."""\ndef f():\n    """Whether it is."""\n    return "Whether it is."'
    assert findings("module.py", source) == ["3: 'Whether': begin with a verb."]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("page.md", "A quote: anew. <!-- prose: allow anew, because a client sends it -->"),
        ("page.md", "<!-- prose: allow anew, because a client sends it -->\nA quote: anew."),
        ("page.html", "{# prose: allow anew, because a client sends it #}<p>anew</p>"),
        ("module.py", 'x = "to anew"  # prose: allow anew, because a client sends it'),
    ],
)
def test_an_exception_with_a_reason_allows_a_word_on_its_line_or_the_next(name: str, source: str) -> None:
    assert findings(name, source) == []


def test_an_exception_without_a_reason_is_refused() -> None:
    assert findings("page.md", "anew <!-- prose: allow anew -->") == [
        "1: An exception needs a reason: prose: allow WORD, because REASON."
    ]


def test_an_exception_that_allows_nothing_is_refused() -> None:
    assert findings("page.md", "again <!-- prose: allow anew, because a client sends it -->") == [
        "1: The exception for 'anew' allows nothing."
    ]


def test_a_pattern_that_matches_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="matches no file"):
        RULES_OF_TEST.files(tmp_path)


def test_the_covered_texts_of_the_repository_break_no_rule() -> None:
    files = RULES_OF_HOUSE.files(ROOT)
    assert [
        finding for path in files for finding in check_text(str(path.relative_to(ROOT)), path.read_text(), RULES_OF_HOUSE.rules)
    ] == []
