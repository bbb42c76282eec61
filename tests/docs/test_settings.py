from pathlib import Path

from promptuary.settings import settings_as_markdown

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_of_settings_has_the_table_that_the_code_makes() -> None:
    lines = PAGE.read_text().splitlines()
    assert [line for line in lines if line.startswith("|")] == settings_as_markdown().splitlines()
