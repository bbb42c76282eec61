import pytest
from builders import Api, make_prompt


@pytest.mark.parametrize(
    ("prompt", "outline"),
    [
        ("no heading", []),
        ("# One\ntext\n###### Six", [(1, "One"), (6, "Six")]),
        ("####### Seven", []),
        ("#NoSpace", []),
        ("#\tTab", [(1, "Tab")]),
        ("  \t## Indented  ", [(2, "Indented")]),
        ("# Closed ##  ", [(1, "Closed")]),
        ("# Sharp C#", [(1, "Sharp C#")]),
        ("# ##", []),
        ("#", []),
        ("# ", []),
        ("Setext\n===", []),
        ("```\n# In a fence\n```", [(1, "In a fence")]),
        ("# [Link](https://example.com) *kept*", [(1, "[Link](https://example.com) *kept*")]),
        ("# One\r\n## Two\r\n", [(1, "One"), (2, "Two")]),
        ("text # not at the start", []),
        ({"a": "# Title"}, []),
        (["# Title"], []),
    ],
)
def test_the_outline_lists_the_headings(sqlite_api: Api, prompt: object, outline: list[tuple[int, str]]) -> None:
    with sqlite_api.registry.database.write() as tx:
        make_prompt(tx, sqlite_api.registry.actor, prompt=prompt)
    fetched = sqlite_api.client.get(f"{sqlite_api.path}name/greeting/?content=none").json()
    assert fetched["outline"] == [{"level": level, "text": text} for level, text in outline]
