"""A real server for agents, with an editor's and a viewer's key."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builders import make_key, make_member, make_registry
from serving import PROGRAM, Server, running_server

from promptuary.model.access import Role
from promptuary.store import schema
from promptuary.store.engine.database import Database


@dataclass(frozen=True)
class Served:
    """A running server with a project, and keys of two of its members."""

    server: Server
    database_url: str
    project_id: int
    editor_key: str
    viewer_key: str

    @property
    def url(self) -> str:
        return self.server.url


@contextmanager
def serving(
    database_url: str, folder: Path, *, workers: int = 1, program: Sequence[str] = PROGRAM, **settings: str
) -> Iterator[Served]:
    """Run a server for the length of the block."""
    database = Database.open(database_url)
    schema.upgrade(database)
    registry = make_registry(database)
    with database.write() as tx:
        editor_key = make_key(tx, registry.user).value
        viewer_key = make_key(tx, make_member(tx, registry.project, role=Role.VIEWER)).value
    database.close()
    with running_server(database_url, folder / "output.txt", workers=workers, program=program, **settings) as server:
        yield Served(server, database_url, registry.project.id, editor_key, viewer_key)
