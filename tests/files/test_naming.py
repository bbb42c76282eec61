"""Every prompt has a file of its own, in the folder itself, on every system."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptuary.files import choose_file_name, is_safe_file_name

NAMES = st.from_regex(r"[a-zA-Z0-9_-]{1,255}", fullmatch=True) | st.text("aAbB-_", min_size=1, max_size=3)
DEVICES = ["con", "PRN", "aux", "NUL", "COM1", "lpt9"]


@given(st.lists(NAMES | st.sampled_from(DEVICES), unique=True))
def test_files_differ_also_where_case_means_nothing(names: list[str]) -> None:
    taken: list[str] = []
    for name in names:
        taken.append(choose_file_name(name, taken))
    assert len({file.lower() for file in taken}) == len(names)
    assert all(map(is_safe_file_name, taken))
    assert all(len(file.encode()) <= 140 for file in taken)


@pytest.mark.parametrize("name", ["support-reply", "Greeting", "a", "_x", "0"])
def test_a_plain_name_is_the_name_of_its_file(name: str) -> None:
    assert choose_file_name(name, ["other.md"]) == f"{name}.md"


@pytest.mark.parametrize("name", [*DEVICES, "-rf", "---", "x" * 101, "Greeting"])
def test_any_other_has_a_hash_that_no_name_has(name: str) -> None:
    file = choose_file_name(name, ["greeting.md"])
    assert "~" in file
    assert file == choose_file_name(name, ["GREETING.MD"])


@pytest.mark.parametrize(
    "file",
    [
        "../x.md",
        "a/b.md",
        "a\\b.md",
        "/etc/x.md",
        "C:x.md",
        ".hidden.md",
        "..md",
        ".md",
        "",
        "x",
        "x.txt",
        "con.md",
        "NUL.md",
        "x.md\n",
    ],
)
def test_what_leads_elsewhere_is_unsafe(file: str) -> None:
    assert not is_safe_file_name(file)


@given(st.text(min_size=1, max_size=300), st.lists(st.text(max_size=5)))
def test_whatever_the_name_its_file_is_in_the_folder(name: str, taken: list[str]) -> None:
    file = choose_file_name(name, [*taken, f"{name}.md", choose_file_name(name, taken)])
    assert is_safe_file_name(file)
    assert file not in taken
