"""The pages' scripts read variables, chats and values as the server does."""

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


VALUES_PROGRAM = """
import { readFileSync } from "node:fs";
const { templates, values, compiling } = await import(process.argv[1]);
const { cases } = JSON.parse(readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify(cases.map(({ text, declared, texts }) => {
  const template = templates.readTemplate(text);
  const variables = values.variablesToFill(template, values.readContract(declared));
  const read = Object.entries(texts).map(([name, text]) => [name, values.readValue(variables.get(name), text)]);
  const given = new Map(read.filter(([, value]) => value !== undefined));
  const problems = values.problemsOf(variables, given).map((problem) => problem.sentence);
  const filled = compiling.compile(text, template, compiling.insertionsOf(template, variables, given));
  return problems.length ? { problems } : { filled };
})));
"""
SOURCES = """
export * as templates from "./templates";
export * as values from "./values";
export * as compiling from "./compile";
export * from "./templates";
"""


def text_of(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def read_in_scripts(cases: list[dict[str, Any]], folder: Path, program: str = PROGRAM) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None or not ESBUILD.exists():
        pytest.skip("needs Node.js and the packages of the frontend")
    bundle, given = folder / "scripts.mjs", folder / "cases.json"
    given.write_text(json.dumps({"cases": cases}), encoding="utf-8")
    bundling = [str(ESBUILD), "--bundle", "--format=esm", f"--outfile={bundle}"]
    subprocess.run(bundling, input=SOURCES, cwd=ROOT / "frontend/src", check=True, timeout=60, capture_output=True, text=True)
    command = [node, "--input-type=module", "--eval", program, bundle.as_uri(), str(given)]
    found: list[dict[str, Any]] = json.loads(subprocess.run(command, check=True, timeout=60, capture_output=True).stdout)
    return found


def test_scripts_find_and_fill_in_the_variables_of_the_vectors(tmp_path: Path) -> None:
    vectors = json.loads((VECTORS / "variables.json").read_text(encoding="utf-8"))
    found = read_in_scripts(vectors, tmp_path)
    for vector, shown in zip(vectors, found, strict=True):
        assert (vector["name"], shown["variables"]) == (vector["name"], vector["variables"])
        assert shown["filled"] == vector.get("filled", vector["text"])


def test_scripts_read_the_templates_of_the_vectors(tmp_path: Path) -> None:
    vectors = json.loads((VECTORS / "templates.json").read_text(encoding="utf-8"))
    texts = [text_of(case["content"]) for case in vectors]
    found = read_in_scripts(
        [{"text": text, "values": case.get("values")} for case, text in zip(vectors, texts, strict=True)], tmp_path
    )
    for vector, shown in zip(vectors, found, strict=True):
        wanted = {key: vector[key] for key in ("kind", "variables", "placeholders", "filled") if key in vector}
        assert (vector["name"], {key: shown[key] for key in wanted}) == (vector["name"], wanted)


def test_scripts_check_and_put_in_the_values_of_the_vectors(tmp_path: Path) -> None:
    vectors = json.loads((VECTORS / "values.json").read_text(encoding="utf-8"))
    # Pages have fields for the variables of a prompt and no others.
    known = [case for case in vectors if "unknown" not in case]
    cases = [
        {
            "text": text_of(case["content"]),
            "declared": json.dumps(case["variables"]),
            "texts": {name: text_of(value) for name, value in case["values"].items()},
        }
        for case in known
    ]
    for case, shown in zip(known, read_in_scripts(cases, tmp_path, VALUES_PROGRAM), strict=True):
        assert (case["name"], shown) == (case["name"], {key: case[key] for key in ("problems", "filled") if key in case})


def test_scripts_leave_out_defaults_and_choices_of_the_wrong_type_and_what_is_no_contract(tmp_path: Path) -> None:
    chat = json.dumps([{"type": "placeholder", "name": "history"}, {"role": "user", "content": "{{n}} {{m}}"}])
    wrong = {"history": {"type": "messages", "default": "none"}, "n": {"type": "integer", "default": "many", "enum": ["few", 1]}}
    missing = {"problems": ["No value was given for: history, n."]}
    inferred = {"problems": ["No value was given for: n, m, history."]}
    declarations = [json.dumps(wrong), "", "null"]
    cases = [{"text": chat, "declared": each, "texts": {}} for each in declarations]
    assert read_in_scripts(cases, tmp_path, VALUES_PROGRAM) == [missing, inferred, inferred]
    unreadable = ["[]", "{", '{"n": {"type": "__proto__"}}', '{"n": {"type": "toString"}}', '{"n": 1}']
    program = VALUES_PROGRAM.replace("values.readContract(declared))", "values.readContract(declared) ?? undefined)")
    cases = [{"text": chat, "declared": each, "texts": {}} for each in unreadable]
    assert read_in_scripts(cases, tmp_path, program) == [inferred] * len(unreadable)
