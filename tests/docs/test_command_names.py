"""Pages name the commands of the host as they are called now."""

import re
from pathlib import Path

import pytest

from promptuary.cli.commands import MOVED

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    *(path for kind in ("*.md", "*.yaml") for path in (ROOT / "docs").rglob(kind)),
]

_FORMER = re.compile(rf"\bpromptuary (?:{'|'.join(MOVED)}) \w+")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_uses_the_former_name_of_a_command_of_the_host(page: Path) -> None:
    assert _FORMER.findall(page.read_text()) == []


def test_a_former_name_is_found() -> None:
    assert _FORMER.findall("Run `promptuary db check`, not `promptuary admin db check`.") == ["promptuary db check"]
