"""Run the command line with ``python -m promptuary``."""

from promptuary.cli import main

main()
