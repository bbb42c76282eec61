"""A database that is damaged or full: every edge answers and logs that alike."""

import sqlite3

import pytest
from browsing import browser_of
from builders import Api, make_prompt
from sqlalchemy import event
from structlog.testing import capture_logs

from promptuary.model.access import Role
from promptuary.store.tables import list_entries

pytestmark = pytest.mark.own_application


def test_a_list_with_a_missing_version_is_unavailable_and_logged(web: Api) -> None:
    with web.registry.database.write() as tx:
        make_prompt(tx, web.registry.actor)
        tx.connection.execute(list_entries.update().values(version_id="gone"))
    browser = browser_of(web, Role.VIEWER)
    with capture_logs() as logs:
        answers = [web.client.get(web.path), browser.get(f"/projects/{web.registry.project.id}/prompts/")]
    assert [answer.status_code for answer in answers] == [503, 503]
    reasons = [line["reason"] for line in logs if line["event"] == "database damaged"]
    assert len(reasons) == 2
    assert all("a list refers to a missing version" in reason for reason in reasons)


def test_writes_that_do_not_fit_on_the_disk_are_unavailable_and_logged(web: Api) -> None:
    def stop_growing(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1").close()

    browser = browser_of(web, Role.EDITOR)
    text = "x" * 900_000
    event.listen(web.registry.database.engine, "checkout", stop_growing)
    with capture_logs() as logs:
        answers = [
            web.client.post(web.path, json={"name": "large", "prompt": text}),
            browser.post(
                f"/projects/{web.registry.project.id}/new-prompt/", data={"name": "large", "prompt": text, "format": "text"}
            ),
        ]
    assert [answer.status_code for answer in answers] == [503, 503]
    outages = [line for line in logs if line["event"] == "database not available"]
    assert [(line["log_level"], line["reason"]) for line in outages] == [("warning", "database or disk is full")] * 2
