"""``promptuary admin``: commands that work directly on the database of a server, on its host.

Each command names the database that it works on in its first line on standard error. Only modules of this package, and what
``promptuary serve`` starts, load the database layer.
"""

import typer

from promptuary.cli.command_group import AdminGroup

app = typer.Typer(
    cls=AdminGroup,
    help="Work directly on the database of a server, on its host. Settings come from PROMPTUARY_... variables and from .env, as "
    "for promptuary serve. No key is needed. Every command prints to standard error first which database it works on.",
    no_args_is_help=True,
)


@app.callback()
def _admin() -> None:
    pass
