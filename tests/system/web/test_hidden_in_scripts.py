"""The pages' scripts find the same hidden characters as the server."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ESBUILD = ROOT / "frontend/node_modules/.bin/esbuild"
VECTORS = ROOT / "tests/vectors/hidden.json"
PROGRAM = """
import { readFileSync } from "node:fs";
const { findHidden } = await import(process.argv[1]);
const vectors = JSON.parse(readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify(vectors.map((vector) => findHidden(vector.text))));
"""


def test_scripts_find_the_hidden_characters_of_the_vectors(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not ESBUILD.exists():
        pytest.skip("needs Node.js and the packages of the frontend")
    bundle = tmp_path / "hidden.mjs"
    subprocess.run([ESBUILD, ROOT / "frontend/src/hidden.ts", "--format=esm", f"--outfile={bundle}"], check=True, timeout=60)
    program = [node, "--input-type=module", "--eval", PROGRAM, bundle.as_uri(), str(VECTORS)]
    found = subprocess.run(program, check=True, timeout=60, capture_output=True, text=True)
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    shown = dict(zip((vector["name"] for vector in vectors), json.loads(found.stdout), strict=True))
    assert shown == {vector["name"]: vector["hidden"] for vector in vectors}
