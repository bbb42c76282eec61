"""The programs of `docs/recipes.md`, and the environments with the packages that they use."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CLIENT = ROOT / "clients/python/src"
_PAGE = (ROOT / "docs/recipes.md").read_text(encoding="utf-8")
SETUP = "\n".join(text for text in re.findall(r"```bash\n(.*?)```", _PAGE, re.DOTALL) if "export " not in text)
RECIPES = {
    section.partition("\n")[0]: code[1]
    for section in _PAGE.split("\n## ")
    if (code := re.search(r"```python\n(.*?)```", section, re.DOTALL))
}
"""The programs by the headings of the page."""


def python_of(recipe: str) -> str:
    """Return the interpreter that has the packages of a recipe."""
    name = ".venv-recipes-llama-index" if recipe == "LlamaIndex" else ".venv-recipes"
    if not (ROOT / name / "is-installed").exists():
        pytest.skip(f"The packages of the recipes are not installed: make {name}/is-installed")
    return str(ROOT / name / "bin/python")
