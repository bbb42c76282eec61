"""The schema of the front matter accepts what the parser accepts, and the parser says on which line a problem is."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from promptuary.files import InvalidFile, parse_document
from promptuary.files.front_matter import load

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests" / "vectors" / "front_matter.json").read_text())
SCHEMA = json.loads((ROOT / "src" / "promptuary" / "files" / "schemas" / "prompt.schema.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["text"][:60])
def test_the_parser_and_the_schema_accept_the_same_front_matter(vector: dict[str, Any]) -> None:
    line, problem = None, vector.get("problem", "")
    try:
        parse_document(f"---\n{vector['text']}---\nHello\n".encode(), default_name="greeting")
    except InvalidFile as error:
        line, problem = error.line, str(error)
    assert line == vector.get("line")
    assert problem.startswith(vector.get("problem", ""))
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(load(vector["text"])) is (line is None)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Hello\n", 1),
        ("---\nname: a\n", 1),
        ("---\nname: a\nconfig: [\n---\n", 4),
        ("---\nname: a\nformat: json\n---\n{\n", 5),
        ("---\nname: a\nformat: chat\n---\n\nno mark\n", 5),
    ],
)
def test_a_problem_has_the_line_of_the_file(text: str, line: int) -> None:
    with pytest.raises(InvalidFile) as error:
        parse_document(text.encode())
    assert error.value.line == line
