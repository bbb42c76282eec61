"""Assembling texts from parts, and the rules for what a version may refer to, without a database."""

import itertools
import json
from collections.abc import Mapping

import pytest

from promptuary.model.assembly import Absence, Assembly, Part, Target
from promptuary.model.content import MAX_BYTES
from promptuary.model.dependents import Dependent, Dependents
from promptuary.model.json_text import dump
from promptuary.model.reference_checks import Ancestry, check_number, check_served, check_written
from promptuary.model.reference_errors import InvalidReference, UnresolvedReference
from promptuary.model.references import MAX_DEPTH, Reference, tag_of

TOO_LARGE = "The prompt with all referenced content included exceeds 1000000 bytes. Shorten the prompt or its referenced prompts."
NOBODY = Ancestry("p", {})


def ref(name: str) -> Reference:
    return Reference(name, label="production")


def tag(name: str) -> str:
    return tag_of(ref(name))


def part(name: str, value: object) -> Part:
    return Part(name, 7, f"id of {name}", dump(value))


def parts(**values: object) -> dict[Reference, Target]:
    return {ref(name): value if isinstance(value, Absence) else part(name, value) for name, value in values.items()}


def text_of(content: object, targets: Mapping[Reference, Target]) -> str:
    return str(json.loads(Assembly(dump(content), targets).assemble("p").content))


def test_tags_give_way_to_texts_at_all_levels_byte_for_byte() -> None:
    targets = parts(a=f" A {tag('b')}\n", b="{{name}} ", c="")
    assert text_of(f"<{tag('a')}|{tag('b')}|{tag('c')}>", targets) == "< A {{name}} \n|{{name}} |>"


def test_references_are_listed_as_their_tags_are_met_each_once() -> None:
    targets = parts(a=f"{tag('b')}{tag('c')}", b="b", c=tag("d"), d="d")
    served = Assembly(dump(f"{tag('b')}{tag('a')}{tag('d')}"), targets).assemble("p").served
    assert [each.part.name for each in served] == ["b", "a", "c", "d"]


@pytest.mark.parametrize(
    ("content", "detail", "name"),
    [
        (tag("gone") + tag("data"), "This prompt references 'gone' at label 'production', which no longer exists.", "gone"),
        (tag("data") + tag("gone"), "The referenced prompt 'data' is not plain text and cannot be spliced in.", "data"),
        (tag("deep"), "This prompt references 'gone' at label 'production', which no longer exists.", "gone"),
        (
            tag("l1"),
            "The referenced prompt 'l5' contains references of its own and cannot be spliced in.",
            "l5",
        ),
        (
            tag("loop"),
            "The referenced prompt 'loop' contains references of its own and cannot be spliced in.",
            "loop",
        ),
        (
            tag("big") * 2,
            TOO_LARGE,
            "p",
        ),
    ],
)
def test_the_leftmost_tag_in_the_way_decides(content: str, detail: str, name: str) -> None:
    chain = {f"l{number}": tag(f"l{number + 1}") for number in range(1, 6)} | {"l6": "end"}
    targets = parts(gone=Absence.LABEL, data=[1], deep=tag("gone"), loop=tag("loop"), big="x" * (MAX_BYTES // 2 + 1), **chain)
    with pytest.raises(UnresolvedReference) as refusal:
        Assembly(dump(content), targets).assemble("p")
    assert (str(refusal.value), refusal.value.name) == (detail, name)


def test_a_chain_of_five_references_is_resolved() -> None:
    chain = {f"l{number}": f"{number}{tag(f'l{number + 1}')}" for number in range(1, 5)} | {"l5": "end"}
    assert text_of(tag("l1"), parts(**chain)) == "1234end"


def test_texts_that_double_at_each_level_are_measured_before_they_are_made() -> None:
    targets = parts(**{f"l{number}": tag(f"l{number + 1}") * 5_000 for number in range(1, 5)}, l5="x")
    with pytest.raises(UnresolvedReference, match="exceeds 1000000 bytes"):
        Assembly(dump(tag("l1") * 5_000), targets).assemble("p")


def test_exactly_a_million_bytes_pass_and_tags_do_not_count() -> None:
    half = "ä" * (MAX_BYTES // 4)
    assembly = Assembly(dump(f"{tag('half')}{half}"), parts(half=half))
    assert (assembly.size, len(assembly.assemble("p").content)) == (MAX_BYTES, MAX_BYTES // 2 + 2)
    with pytest.raises(UnresolvedReference):
        Assembly(dump(f"{tag('half')}{half}x"), parts(half=half)).assemble("p")


@pytest.mark.parametrize(
    ("content", "depth", "code", "detail"),
    [
        (
            tag("p"),
            5,
            "self_reference",
            "A prompt cannot reference itself. Remove the reference to 'p' or point it at another prompt.",
        ),
        (
            tag("none"),
            5,
            "reference_not_found",
            "The referenced prompt 'none' does not exist. Create it first or remove the reference.",
        ),
        (
            tag_of(Reference("old", version=9)),
            5,
            "reference_version_not_found",
            "Prompt 'old' has no version 9. Pin an existing version or use a label.",
        ),
        (
            tag("gone"),
            5,
            "reference_label_not_found",
            "Prompt 'gone' has no label 'production'. Create the label first or pin a version instead.",
        ),
        (tag("data"), 5, "reference_not_text", "Prompt 'data' cannot be referenced because its content is not plain text."),
        (
            tag("nested"),
            1,
            "nested_reference",
            "Prompt 'nested' contains references of its own. Referenced prompts cannot contain references.",
        ),
        (tag("l3"), 2, "nested_reference", "Prompt 'l3' contains references of its own, deeper than 2 levels."),
        (tag("back"), 5, "reference_cycle", "A prompt cannot reference itself through other prompts: p, back, p."),
        (
            tag("big") * 2,
            5,
            "assembled_too_large",
            TOO_LARGE,
        ),
        (
            tag("gone") + tag("data"),
            5,
            "reference_not_text",
            "Prompt 'data' cannot be referenced because its content is not plain text.",
        ),
    ],
)
def test_a_write_is_refused_for_the_first_reference_in_order(content: str, depth: int, code: str, detail: str) -> None:
    targets = parts(
        none=Absence.PROMPT,
        gone=Absence.LABEL,
        data={"a": 1},
        nested=tag("plain"),
        plain="x",
        l3=tag("l2"),
        l2=tag("plain"),
        back=tag("p"),
        p="p",
        big="x" * (MAX_BYTES // 2 + 1),
    )
    targets[Reference("old", version=9)] = Absence.VERSION
    with pytest.raises(InvalidReference) as refusal:
        check_written(dump(content), targets, NOBODY, depth=depth)
    assert (refusal.value.code, str(refusal.value), refusal.value.field) == (code, detail, None)


def test_twenty_different_references_are_allowed_and_repeats_are_free() -> None:
    twenty = "".join(tag(f"n{number}") for number in range(20))
    check_number(dump(twenty * 3))
    with pytest.raises(InvalidReference, match="at most 20 other prompts"):
        check_number(dump(twenty + tag("more")))


def test_what_is_referenced_cannot_refer_where_chains_are_not_allowed() -> None:
    referenced = Ancestry("p", {"p": frozenset({"b", "a"})})
    with pytest.raises(InvalidReference, match=r"^This prompt is referenced by a, b\. A referenced prompt cannot contain"):
        check_written(dump(tag("plain")), parts(plain="x"), referenced, depth=1)
    check_written(dump(tag("plain")), parts(plain="x"), referenced, depth=2)
    check_written(dump("no reference"), {}, referenced, depth=1)


def test_a_chain_is_measured_upwards_and_downwards() -> None:
    referenced = Ancestry("p", {"p": frozenset({"a"}), "a": frozenset({"top"})})
    check_served(dump(tag("l2")), parts(l2=tag("plain"), plain="x"), referenced, depth=4)
    with pytest.raises(InvalidReference, match=r"^Prompt 'l2' contains references of its own, deeper than 3 levels\.$"):
        check_served(dump(tag("l2")), parts(l2=tag("plain"), plain="x"), referenced, depth=3)
    with pytest.raises(InvalidReference, match=r"^Prompt 'top' contains references of its own, deeper than 2 levels\.$"):
        check_served(dump(tag("plain")), parts(plain="x"), referenced, depth=2)


def test_a_cycle_is_found_through_who_refers_to_the_prompt() -> None:
    referenced = Ancestry("p", {"p": frozenset({"b"}), "b": frozenset({"a"})})
    with pytest.raises(InvalidReference) as refusal:
        check_served(dump(tag("a")), parts(a="another version of a"), referenced, depth=5)
    assert str(refusal.value) == "A prompt cannot reference itself through other prompts: p, a, b, p."


def dependent(name: str, version: int, reference: Reference, *, is_latest: bool = False, labels: tuple[str, ...] = ()) -> Dependent:
    return Dependent(f"id of {name}", name, f"{name}@{version}", version, is_latest, labels, reference, 1)


def names(found: list[Dependent]) -> list[str]:
    return sorted(f"{each.name}@v{each.version}" for each in found)


def test_only_versions_in_service_depend_and_what_pins_them_puts_them_in_service() -> None:
    rows = [
        dependent("a", 1, ref("x")),
        dependent("a", 2, ref("x"), labels=("beta",)),
        dependent("a", 3, ref("x"), is_latest=True),
        dependent("b", 1, ref("x")),
        dependent("c", 1, ref("x")),
        dependent("x", 4, ref("x"), is_latest=True),
        dependent("follows", 1, Reference("a", label="beta"), is_latest=True),
        dependent("pins", 1, Reference("b", version=1), is_latest=True),
        dependent("idle", 1, Reference("c", version=1)),
        dependent("stage", 1, Reference("x", label="staging"), is_latest=True),
    ]
    found = Dependents(rows)
    assert names(found.direct("x", label="production")) == ["a@v2", "a@v3", "b@v1"]
    assert names(found.direct("x")) == ["a@v2", "a@v3", "b@v1", "stage@v1"]
    assert names(found.all("x", label="production")) == ["a@v2", "a@v3", "b@v1", "follows@v1", "pins@v1"]
    assert found.ancestry("x").names == {"a", "b", "stage", "follows", "pins"}


def test_chains_that_an_import_has_closed_to_a_circle_end() -> None:
    circle = (("a", "b"), ("b", "c"), ("c", "a"))
    found = Dependents([dependent(one, 1, ref(other), is_latest=True, labels=("production",)) for one, other in circle])
    assert names(found.all("a")) == ["b@v1", "c@v1"]
    assert len(found.ancestry("a").longest) == MAX_DEPTH + 2


def test_the_longest_chain_among_very_many_is_found_at_once() -> None:
    width = 30
    levels = [["p"], *([f"n{level}-{number}" for number in range(width)] for level in range(1, 6))]
    parents = {child: frozenset(above) for below, above in itertools.pairwise(levels) for child in below}
    found = Ancestry("p", parents)
    assert found.longest == ("n5-0", "n4-0", "n3-0", "n2-0", "n1-0", "p")
    assert len(found.names) == 5 * width
    with pytest.raises(InvalidReference, match="'n5-0' contains references of its own, deeper than 5 levels"):
        check_served(dump(tag("plain")), parts(plain="x"), found, depth=5)


def test_the_longest_chain_of_a_prompt_that_nobody_refers_to_is_itself() -> None:
    assert Ancestry("p", {}).longest == ("p",)
    assert Ancestry("p", {"p": frozenset({"a"}), "a": frozenset()}).longest == ("a", "p")
