"""The guide and the README show pictures that exist, each by day and by night, and no picture is left over."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs/images"
PICTURE = re.compile(r'(?:src|srcset)="(?:docs/)?images/([^"]+)"')
MAX_BYTES = 150_000


def test_all_pictures_are_there_and_shown() -> None:
    guide = set(PICTURE.findall((ROOT / "docs/guide.md").read_text()))
    readme = set(PICTURE.findall((ROOT / "README.md").read_text()))
    assert guide == {path.name for path in IMAGES.iterdir()}
    assert readme
    assert readme <= guide


def test_pictures_load_fast() -> None:
    assert [path.name for path in IMAGES.iterdir() if path.stat().st_size > MAX_BYTES] == []
