"""A bare application: what a fetch from the database costs without Promptuary. It is a factory that uvicorn calls."""

import os
import sqlite3

from starlette.types import ASGIApp, Receive, Scope, Send

_SELECT = """
SELECT versions.content FROM prompts JOIN versions ON versions.prompt_id = prompts.id AND versions.version = prompts.latest_version
WHERE prompts.project_id = 1 AND prompts.name = ? AND prompts.archived_at IS NULL
"""


def row_by_index() -> ASGIApp:
    """Answer with the content of the prompt that the path's last part names, read from the SQLite file ``BENCH_DATABASE``."""
    connection = sqlite3.connect(f"file:{os.environ['BENCH_DATABASE']}?mode=ro", uri=True, isolation_level=None)

    def read(scope: Scope) -> bytes:
        name = scope["path"].rstrip("/").rpartition("/")[2]
        # Without a name it is only asked whether it is there yet; a name that is not known is a defect, and a 500.
        return str(connection.execute(_SELECT, (name,)).fetchone()[0]).encode() if name else b""

    async def application(scope: Scope, _receive: Receive, send: Send) -> None:
        body = read(scope)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application
