"""The editor's Markdown is that of its package in ordinary texts, and reads no more than a part of long ones at each key."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

FRONTEND = Path(__file__).parents[3] / "frontend"
ESBUILD = FRONTEND / "node_modules/.bin/esbuild"
SOURCE = 'export { markdown } from "./src/markdown"; export { markdownLanguage } from "@codemirror/lang-markdown";'
PROGRAM = """
import { readFileSync } from "node:fs";
const { markdown, markdownLanguage } = await import(process.argv[1]);
const texts = JSON.parse(readFileSync(0, "utf8"));
const blocksOf = (tree) => {
  const found = [];
  for (let node = tree.topNode.firstChild; node; node = node.nextSibling) {
    found.push({ name: node.name, size: node.to - node.from, marks: node.firstChild !== null });
  }
  return found;
};
console.log(JSON.stringify(texts.map((text) => {
  const tree = markdown.parser.parse(text);
  return { length: tree.length, blocks: blocksOf(tree), isUsual: String(tree) === String(markdownLanguage.parser.parse(text)) };
})));
"""
SENTENCE = "Be *brief*, and say `please`."


@pytest.fixture(scope="module")
def node() -> str:
    node = shutil.which("node")
    if node is None or not ESBUILD.exists():
        pytest.skip("needs Node.js and the packages of the frontend")
    return node


def test_long_lines_and_paragraphs_are_read_in_parts_and_other_texts_as_usual(node: str, tmp_path: Path) -> None:
    texts = [
        f"# Title\n\n{SENTENCE}\n{SENTENCE}\n\n- one\n- two\n\n> quoted\n\n```\ncode\n```\n",
        f"# Title\n\n{SENTENCE}\n{SENTENCE * 7_000}\n{SENTENCE}\n",
        f"{SENTENCE}\n" * 7_000,
        f"- {SENTENCE * 7_000}\n\n{SENTENCE}",
    ]
    bundle = tmp_path / "markdown.mjs"
    command = [str(ESBUILD), "--bundle", "--format=esm", "--loader=ts", f"--outfile={bundle}"]
    subprocess.run(command, input=SOURCE, text=True, cwd=FRONTEND, check=True, timeout=60)
    program = [node, "--input-type=module", "--eval", PROGRAM, bundle.as_uri()]
    found = subprocess.run(program, input=json.dumps(texts), check=True, timeout=60, capture_output=True, text=True)
    usual, long_line, long_paragraph, item = json.loads(found.stdout)
    assert usual["isUsual"]
    assert [block["name"] for block in usual["blocks"]] == ["ATXHeading1", "Paragraph", "BulletList", "Blockquote", "FencedCode"]
    assert [(block["size"], block["marks"]) for block in long_line["blocks"]] == [
        (7, True),
        (29, True),
        (29 * 7_000, False),
        (29, True),
    ]
    assert all(block["marks"] and block["size"] < 6_000 for block in long_paragraph["blocks"])
    assert len(long_paragraph["blocks"]) > 30
    assert [block["marks"] for block in item["blocks"]] == [False, True]
    assert [each["length"] for each in (long_line, long_paragraph, item)] == [len(text) for text in texts[1:]]
