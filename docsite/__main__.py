"""``python -m docsite build``: stage the pages and the settings of the site in a folder."""

import sys
from pathlib import Path

from docsite.links import DeadLink
from docsite.navigation import Unlisted
from docsite.staging import stage


def main() -> None:
    """Stage into the folder that is the only argument; say what is wrong in one sentence."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the module and its argument
        sys.exit("Usage: python -m docsite FOLDER")
    try:
        stage(Path(sys.argv[1]))
    except (DeadLink, Unlisted) as refusal:
        sys.exit(f"Error: {refusal}")


main()
