"""An origin in a description names the file and the commit, and comes off again."""

import pytest

from promptuary.model.prompts import MAX_DESCRIPTION
from promptuary.sync.merging import Draft
from promptuary.sync.origins import Origin, digest_of, origin_of, with_origin, without_origin

DRAFT = Draft("Hello", {"model": "a"})
DIGEST = digest_of(DRAFT)


@pytest.mark.parametrize("note", [None, "", "Shorter", "Shorter [files 0123456789abcdef]", "é\n" * 100])
@pytest.mark.parametrize("commit", [None, "1a2b3c4d5e6f7a8b9c0d"])
def test_what_is_written_is_read_again(note: str | None, commit: str | None) -> None:
    written = with_origin(note, DRAFT, commit)
    assert len(written) <= MAX_DESCRIPTION
    assert origin_of(written) == Origin(DIGEST, None if commit is None else "1a2b3c4d5e6f")
    assert without_origin(written) == (note or None)


@pytest.mark.parametrize("note", ["é\n" * 300, "a" * MAX_DESCRIPTION])
@pytest.mark.parametrize("commit", [None, "1a2b3c4d5e6f7a8b9c0d"])
def test_a_note_that_is_too_long_is_cut_and_the_origin_stays(note: str, commit: str | None) -> None:
    written = with_origin(note, DRAFT, commit)
    assert len(written) == MAX_DESCRIPTION
    assert origin_of(written) == Origin(DIGEST, None if commit is None else "1a2b3c4d5e6f")
    kept = without_origin(written) or ""
    assert len(kept) > MAX_DESCRIPTION - 60
    assert kept.endswith("...")
    assert note.startswith(kept.removesuffix("..."))


def test_content_config_and_contract_count() -> None:
    drafts = [DRAFT, Draft("Hello", None), Draft("Hello!", {"model": "a"}), Draft("Hello", {"model": "a"}, {})]
    assert len(set(map(digest_of, drafts))) == len(drafts)


@pytest.mark.parametrize("text", [None, "", "files", "[files 0123]", "[files 0123456789abcdef] more", "x[files 0123456789abcdef]"])
def test_other_descriptions_have_no_origin_and_stay(text: str | None) -> None:
    assert origin_of(text) is None
    assert without_origin(text) == text
