import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_has_its_number_its_status_its_date_and_its_four_sections(page: Path) -> None:
    text = page.read_text()
    number = int(page.name[:4])
    status = r"(proposed|accepted|superseded by \[decision \d+\]\(\d{4}-[a-z0-9-]+\.md\))"
    assert re.match(rf"# {number}\. .+\n\n\* Status: {status}\n\* Date: \d{{4}}-\d\d-\d\d\n\n## Context\n", text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Alternatives"]


def test_the_list_of_decisions_has_every_decision_with_its_title_in_order() -> None:
    titles = [page.read_text().partition("\n")[0].removeprefix("# ") for page in PAGES]
    listed = re.findall(r"^(\d+)\. \[(.+)\]\((.+)\)$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert listed == [
        (number, title, page.name)
        for (number, _, title), page in zip((title.partition(". ") for title in titles), PAGES, strict=True)
    ]
