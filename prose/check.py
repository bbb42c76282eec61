"""Comparison of texts with the rules of `rules.toml`, and the inline exceptions to them.

An exception is a comment on the line that it is for or on the line before: ``prose: allow WORD, because REASON``. One without a
reason is an error, and so is one that allows nothing.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from prose.texts import Text, texts_of

RULES = Path(__file__).with_name("rules.toml")

_EXCEPTION = re.compile(r"prose: allow (?P<word>[a-z][a-z ]*?)(?:, because (?P<reason>\w.+))?\s*(?:-->|#\}|\*/|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rule:
    """Words that are not used, with the words to use instead.

    ``kinds`` are the kinds of text it holds for. ``first`` limits it to the beginning of a text.
    """

    pattern: re.Pattern[str]
    instead: str
    kinds: Sequence[str]
    first: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """A place where a text breaks a rule."""

    path: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules, the files they hold for, and the files among these that they do not hold for."""

    rules: Sequence[Rule]
    covered: Sequence[str]
    left_out: Sequence[str]

    def files(self, root: Path) -> list[Path]:
        """Return the covered files of a repository. Raises `ValueError` if a pattern matches no file."""
        chosen: set[Path] = set()
        for pattern in self.covered:
            found = {path for path in root.glob(pattern) if path.is_file()}
            if not found:
                raise ValueError(f"{pattern!r} in {RULES.name} matches no file.")
            chosen |= {path for path in found if not any(fnmatch(str(path.relative_to(root)), out) for out in self.left_out)}
        return sorted(chosen)


def read_rules(source: str) -> Rules:
    """Return the rules of a TOML text."""
    data = tomllib.loads(source)
    return Rules([_rule(entry) for entry in data["rule"]], data["covered"], data["left_out"])


def _rule(entry: dict[str, object]) -> Rule:
    words = entry["words"]
    assert isinstance(words, list)  # noqa: S101 - the file is ours
    kinds = entry.get("kinds", ["text", "docstring", "setting"])
    assert isinstance(kinds, list)  # noqa: S101 - the same
    alternatives = "|".join(str(word).replace(" ", r"\s+(?:#\s+)?") for word in words)
    return Rule(re.compile(rf"\b(?:{alternatives})\b", re.IGNORECASE), str(entry["instead"]), kinds, bool(entry.get("first")))


def check_text(name: str, source: str, rules: Sequence[Rule]) -> list[Finding]:
    """Return the findings of one file, in the order of its lines."""
    exceptions = dict(_exceptions(source))
    findings = [
        Finding(name, line, "An exception needs a reason: prose: allow WORD, because REASON.")
        for (line, _), reason in exceptions.items()
        if not reason
    ]
    used = set()
    for text in texts_of(Path(name), source):
        for rule in rules:
            for line, words in _matches(text, rule):
                key = next((key for key in ((line, words.lower()), (line - 1, words.lower())) if key in exceptions), None)
                if key is None:
                    findings.append(Finding(name, line, f"{words!r}: {rule.instead}."))
                else:
                    used.add(key)
    findings += [
        Finding(name, line, f"The exception for {word!r} allows nothing.") for line, word in exceptions if (line, word) not in used
    ]
    return sorted(set(findings), key=lambda finding: (finding.line, finding.message))


def _exceptions(source: str) -> Iterator[tuple[tuple[int, str], str]]:
    for number, line in enumerate(source.splitlines(), start=1):
        for found in _EXCEPTION.finditer(line):
            yield (number, found["word"].lower()), found["reason"] or ""


def _matches(text: Text, rule: Rule) -> Iterator[tuple[int, str]]:
    if text.kind not in rule.kinds:
        return
    # An exception names the word that it allows.
    words = _EXCEPTION.sub("", text.words) if "prose: allow" in text.words else text.words
    for found in rule.pattern.finditer(words):
        if not rule.first or not words[: found.start()].strip():
            yield text.line + words.count("\n", 0, found.start()), " ".join(found[0].replace("#", " ").split())
