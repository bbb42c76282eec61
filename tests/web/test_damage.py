"""A list that names a version that is not there: the database is damaged, and every edge answers and logs that alike."""

import pytest
from browsing import browser_of
from builders import Api, make_prompt
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
