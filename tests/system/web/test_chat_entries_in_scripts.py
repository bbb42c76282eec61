"""The pages' scripts show the entries of a chat in cards, and put changes into them, as the server does."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
ESBUILD = ROOT / "frontend/node_modules/.bin/esbuild"
VECTORS = ROOT / "tests/vectors/chat_cards.json"
PROGRAM = """
import { readFileSync } from "node:fs";
const { cardOf, chatOf, entriesOf, entryOf, unfinishedEntry } = await import(process.argv[1]);
const cases = JSON.parse(readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify(cases.map(({ chat, edits }) => {
  const entries = entriesOf(chat);
  const card = cardOf(entries[0]);
  const edited = { ...card, ...edits };
  let composed = null;
  try {
    composed = chatOf([entryOf(edited, entries[0]), ...entries.slice(1)]);
  } catch (error) {
    if (error.constructor.name !== "Refused") throw error;
  }
  return { card, composed, unfinished: chatOf([unfinishedEntry(edited)]), same: chatOf(entries) };
})));
"""


def run_in_scripts(cases: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None or not ESBUILD.exists():
        pytest.skip("needs Node.js and the packages of the frontend")
    bundle, given = folder / "entries.mjs", folder / "cases.json"
    given.write_text(json.dumps(cases), encoding="utf-8")
    source = ROOT / "frontend/src/chat-entries.ts"
    subprocess.run(
        [ESBUILD, source, "--bundle", "--format=esm", "--keep-names", f"--outfile={bundle}"],
        check=True,
        timeout=60,
        capture_output=True,
    )
    program = [node, "--input-type=module", "--eval", PROGRAM, bundle.as_uri(), str(given)]
    found: list[dict[str, Any]] = json.loads(subprocess.run(program, check=True, timeout=60, capture_output=True).stdout)
    return found


@pytest.mark.parametrize("indent", [2, None])
def test_cards_of_scripts_follow_the_vectors(tmp_path: Path, indent: int | None) -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    cases = [{"chat": json.dumps([vector["entry"]], indent=indent), "edits": vector["edits"]} for vector in vectors]
    for vector, found in zip(vectors, run_in_scripts(cases, tmp_path), strict=True):
        card = found["card"] | {"rest": json.loads(found["card"]["rest"] or "{}")}
        assert (vector["name"], card) == (vector["name"], vector["card"])
        composed = None if found["composed"] is None else json.dumps(json.loads(found["composed"])[0])
        wanted = None if vector["composed"] is None else json.dumps(vector["composed"])
        assert (vector["name"], composed) == (vector["name"], wanted)


def test_what_is_not_changed_keeps_every_character(tmp_path: Path) -> None:
    numbers = (
        '{"role": "user", "content": "a", "n": [12345678901234567890, 1.0, 1E5], "k":\t{"z": 1, "a": "\\u00e9\\ud83d\\ude00"}}'
    )
    other = '{\n    "role": "x",\n    "content": "\\r\\n\\u0000"\n  }'
    chat = f"[\n  {numbers},\n  {other}\n]"
    [found] = run_in_scripts([{"chat": chat, "edits": {"text": "b"}}], tmp_path)
    assert found["same"] == chat
    for kept in ("[12345678901234567890, 1.0, 1E5]", '{"z": 1, "a": "\\u00e9\\ud83d\\ude00"}', other):
        assert kept in found["composed"]
    assert json.loads(found["composed"])[0] == json.loads(numbers) | {"content": "b"}


def test_a_card_that_makes_no_message_keeps_what_was_typed(tmp_path: Path) -> None:
    chat = '[{"role": "user", "content": "kept", "name": "x"}]'
    edits: list[dict[str, object]] = [{"rest": '{"name": "broken}'}, {"rest": "no JSON"}, {"role": ""}, {"rest": '{"role": "y"}'}]
    for edit, found in zip(edits, run_in_scripts([{"chat": chat, "edits": edit} for edit in edits], tmp_path), strict=True):
        assert found["composed"] is None
        assert '"content": "kept"' in found["unfinished"]
        assert str(edit.get("rest", "")).strip("{}") in found["unfinished"]
