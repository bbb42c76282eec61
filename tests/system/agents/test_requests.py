"""Change requests by tools: agents propose, and release only with a key for that."""

from collections.abc import Iterator

import pytest
from agent import Agent, connected
from agent_server import Served
from builders import make_actor, make_key, make_member

from promptuary.model.access import Role, Scope
from promptuary.registry import label_rules
from promptuary.registry.operator import projects
from promptuary.store.engine.database import Database


@pytest.fixture
def keys(served: Served) -> Iterator[dict[Scope, str]]:
    """Keys of other editors, one with each scope, in a project in which production takes an approval."""
    database = Database.open(served.database_url)
    with database.write() as tx:
        project = projects.get_project(tx, served.project_id)
        admin = make_member(tx, project, role=Role.ADMIN)
        rule = label_rules.add_rule(tx, make_actor(project, admin, role=Role.ADMIN), pattern="q-production", approvals=1)
        found = {scope: make_key(tx, make_member(tx, project), scope).value for scope in (Scope.WRITE, Scope.RELEASE)}
    yield found
    with database.write() as tx:
        label_rules.remove_rule(tx, make_actor(project, admin, role=Role.ADMIN), rule_id=rule.id)
    database.close()


def test_an_agent_proposes_and_one_with_the_scope_for_it_releases(agent: Agent, served: Served, keys: dict[Scope, str]) -> None:
    agent.result("llma-prompt-create", name="q-greeting", prompt="Hi {{name}}")
    label = {"prompt_name": "q-greeting", "label_name": "q-production", "version": 1}
    refused = agent.refusal("llma-prompt-label-set", **label)
    assert refused == "The label 'q-production' is protected. Open a change request or ask an admin."
    assert "emergency" in agent.refusal("llma-prompt-label-set", **label, emergency=True)
    moves = [{"name": "q-greeting", "label": "q-production", "version": 1}]
    opened = agent.result("llma-prompt-request-open", title="First release", moves=moves)
    seen = {"request_id": opened["id"], "revision": opened["revision"]}
    assert (opened["state"], opened["approvals_needed"]) == ("open", 1)
    assert agent.refusal("llma-prompt-request-approve", **seen).startswith("You proposed this change")
    with connected(served.url, keys[Scope.WRITE]) as writer:
        for tool in ("llma-prompt-request-approve", "llma-prompt-request-merge"):
            assert writer.refusal(tool, **seen) == "API key missing required scope 'llm_prompt:release'"
        writer.result("llma-prompt-request-comment", request_id=opened["id"], text="Looks good.")
    with connected(served.url, keys[Scope.RELEASE]) as releaser:
        looked = releaser.result("llma-prompt-request-get", request_id=opened["id"])
        assert [comment["text"] for comment in looked["comments"]] == ["Looks good."]
        assert looked["preview"]["moves"][0]["to_version"] == 1
        assert releaser.result("llma-prompt-request-approve", **seen)["state"] == "approved"
        assert releaser.result("llma-prompt-request-merge", **seen)["change_request"]["state"] == "merged"
    assert agent.result("llma-prompt-get", prompt_name="q-greeting", label="q-production")["version"] == 1
    listed = agent.result("llma-prompt-request-list", state="ended")
    assert (listed["results"][0]["id"], listed["next_offset"]) == (opened["id"], None)
    assert "preview" not in agent.result("llma-prompt-request-get", request_id=opened["id"])


def test_an_agent_refreshes_and_closes_what_it_has_proposed(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="q-other", prompt="1")
    agent.result("llma-prompt-update", prompt_name="q-other", base_version=1, prompt="2")
    moves = [{"name": "q-other", "label": "q-staging", "version": 1}]
    opened = agent.result("llma-prompt-request-open", title="Stage", moves=moves)
    agent.result("llma-prompt-label-set", prompt_name="q-other", label_name="q-staging", version=2)
    number = opened["id"]
    assert agent.result("llma-prompt-request-get", request_id=number)["is_outdated"] is True
    assert agent.result("llma-prompt-request-change-state", request_id=number, action="refresh")["revision"] == 2
    assert agent.result("llma-prompt-request-change-state", request_id=number, action="close")["state"] == "closed"
    assert agent.refusal("llma-prompt-request-change-state", request_id=number, action="close") == "This change request is closed."
    assert agent.refusal("llma-prompt-request-get", request_id=999) == "No change request has the number 999."
    assert "extra" in agent.refusal("llma-prompt-request-open", title="x", moves=[{**moves[0], "extra": 1}])
