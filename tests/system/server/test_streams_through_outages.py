"""Streams of servers whose database is away for a while: they stay open, and tell of all that happened meanwhile, or reset."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from builders import Registry
from following import create, create_many, key_of, listed, newest, stream
from serving import running_server, wait_until
from sqlalchemy import make_url

from promptuary.store.changes import trim_changes

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@dataclass
class Line:
    """A way to PostgreSQL's socket that can be cut and mended."""

    url: str
    target: str
    is_cut: bool = False
    ends: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        """Break all connections, and every new one until the line is mended."""
        self.is_cut = True
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def carry(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                if self.is_cut:
                    near.close()
                    continue
                far = socket.socket(socket.AF_UNIX)
                far.connect(self.target)
                self.ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def line_to(database_url: str, folder: Path) -> Iterator[Line]:
    url = make_url(database_url)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / ".s.PGSQL.5432"))
        listener.listen()
        through = url.update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)
        line = Line(through, f"{url.query['host']}/.s.PGSQL.5432")
        carrying = threading.Thread(target=line.carry, args=(listener,))
        carrying.start()
        try:
            yield line
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            carrying.join()
            line.cut()
            for end in line.ends:
                end.close()


def test_a_stream_stays_open_and_tells_of_everything_or_that_it_cannot(
    registry: Registry, database_url: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    key = key_of(registry)
    with (
        line_to(database_url, tmp_path_factory.mktemp("s")) as line,
        running_server(line.url, tmp_path / "output.txt") as server,
        stream(registry, server, key) as (_, events),
    ):
        assert next(events)[0] == "ready"
        create(registry, "before")
        seen = [next(events)[1]]
        line.cut()
        wait_until(lambda: "not listening for changes" in server.output)
        create_many(registry, "meanwhile", 5)
        line.is_cut = False
        seen += [next(events)[1] for _ in range(5)]
        assert seen == listed(registry, server, key)[-6:]

        line.cut()
        wait_until(lambda: server.output.count("not listening for changes") > 1)
        create(registry, "lost")
        create(registry, "the-newest-stays")
        with registry.database.write() as tx:
            trim_changes(tx, before=registry.database.clock() + timedelta(days=1))
        line.is_cut = False
        wait_until(server.is_ready)
        assert next(events) == ("reset", newest(registry, server, key))
        create(registry, "after-the-reset")
        assert next(events) == ("change", newest(registry, server, key))
