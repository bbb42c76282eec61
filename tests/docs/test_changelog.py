import re
from pathlib import Path

import promptuary_client

import promptuary

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"


def test_the_newest_release_in_the_changelog_is_the_version_of_server_and_client() -> None:
    headings = re.findall(r"^## (.+)$", CHANGELOG.read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    released = re.fullmatch(r"(\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)", headings[1])
    assert released
    assert released[1] == promptuary.__version__ == promptuary_client.__version__
