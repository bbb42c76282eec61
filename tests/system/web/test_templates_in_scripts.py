"""The pages' scripts read variables and chats as the server does."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
ESBUILD = ROOT / "frontend/node_modules/.bin/esbuild"
VECTORS = ROOT / "tests/vectors"
PROGRAM = """
import { readFileSync } from "node:fs";
const { fillChat, fillTemplate, readTemplate } = await import(process.argv[1]);
const { cases } = JSON.parse(readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify(cases.map(({ text, values }) => {
  const template = readTemplate(text);
  const given = new Map(Object.entries(values ?? {}));
  const filled = template.kind === "chat" ? fillChat(template.chat, given) : fillTemplate(text, given);
  return { kind: template.kind, variables: template.variables, placeholders: template.placeholders, filled };
})));
"""


def read_in_scripts(cases: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None or not ESBUILD.exists():
        pytest.skip("needs Node.js and the packages of the frontend")
    bundle, given = folder / "templates.mjs", folder / "cases.json"
    given.write_text(json.dumps({"cases": cases}), encoding="utf-8")
    source = ROOT / "frontend/src/templates.ts"
    subprocess.run(
        [ESBUILD, source, "--bundle", "--format=esm", f"--outfile={bundle}"], check=True, timeout=60, capture_output=True
    )
    program = [node, "--input-type=module", "--eval", PROGRAM, bundle.as_uri(), str(given)]
    found: list[dict[str, Any]] = json.loads(subprocess.run(program, check=True, timeout=60, capture_output=True).stdout)
    return found


def test_scripts_find_and_fill_in_the_variables_of_the_vectors(tmp_path: Path) -> None:
    vectors = json.loads((VECTORS / "variables.json").read_text(encoding="utf-8"))
    found = read_in_scripts(vectors, tmp_path)
    for vector, shown in zip(vectors, found, strict=True):
        assert (vector["name"], shown["variables"]) == (vector["name"], vector["variables"])
        assert shown["filled"] == vector.get("filled", vector["text"])


def test_scripts_read_the_templates_of_the_vectors(tmp_path: Path) -> None:
    vectors = json.loads((VECTORS / "templates.json").read_text(encoding="utf-8"))
    texts = [case["content"] if isinstance(case["content"], str) else json.dumps(case["content"]) for case in vectors]
    found = read_in_scripts(
        [{"text": text, "values": case.get("values")} for case, text in zip(vectors, texts, strict=True)], tmp_path
    )
    for vector, shown in zip(vectors, found, strict=True):
        wanted = {key: vector[key] for key in ("kind", "variables", "placeholders", "filled") if key in vector}
        assert (vector["name"], {key: shown[key] for key in wanted}) == (vector["name"], wanted)
