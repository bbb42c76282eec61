"""Labels and releases by tools: history, undo, promotion, looks ahead and back in time."""

from typing import Any

from agent import Agent


def _labelled(agent: Agent, name: str, label: str) -> None:
    """Make a prompt with two versions of which the first has a label; the second needs one more variable."""
    agent.result("llma-prompt-create", name=name, prompt="Hi {{name}}", labels=[label])
    agent.result("llma-prompt-update", prompt_name=name, base_version=1, prompt="Hi {{name}}, {{mood}}")


def _version(agent: Agent, name: str, label: str) -> Any:
    return agent.result("llma-prompt-get", prompt_name=name, label=label)["version"]


def test_a_label_moves_for_a_reason_and_back_again(agent: Agent) -> None:
    _labelled(agent, "r-undo", "live")
    assert _version(agent, "r-undo", "live") == 1
    agent.result("llma-prompt-label-set", prompt_name="r-undo", label_name="live", version=2, reason="Kinder")
    undo = {"prompt_name": "r-undo", "label_name": "live"}
    undone = agent.result("llma-prompt-label-undo", **undo, expected_version=2, reason="Too kind")
    assert (undone["version"], undone["affected_prompts"]) == (1, [])
    moved_since = agent.call("llma-prompt-label-undo", **undo, expected_version=2)
    assert (moved_since.is_error, moved_since.structured_content["current_version"]) == (True, 1)
    history = agent.result("llma-prompt-label-history", **undo, limit=2)
    assert [(move["to_version"], move["kind"], move["reason"]) for move in history["results"]] == [
        (1, "undo", "Too kind"),
        (2, "direct", "Kinder"),
    ]
    assert (history["count"], history["next_offset"]) == (3, 2)
    rest = agent.result("llma-prompt-label-history", **undo, limit=2, offset=2)
    assert ([move["from_version"] for move in rest["results"]], rest["next_offset"]) == ([None], None)
    agent.result("llma-prompt-label-delete", **undo, reason="Gone")
    assert agent.result("llma-prompt-label-undo", **undo, expected_version=None)["version"] == 1
    assert agent.refusal("llma-prompt-label-undo", **undo).startswith("expected_version: This field is required.")
    assert agent.refusal("llma-prompt-label-history", prompt_name="r-undo", label_name="none").startswith("Label 'none' not found")


def test_an_undo_of_a_label_that_was_gone_removes_it(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="r-gone", prompt="x", labels=["live"])
    label = {"prompt_name": "r-gone", "label_name": "live"}
    agent.result("llma-prompt-label-delete", **label)
    agent.result("llma-prompt-label-set", **label, version=1)
    removed = agent.result("llma-prompt-label-undo", **label, expected_version=1)
    assert removed == {"prompt_name": "r-gone", "label_name": "live", "removed": True}


def test_a_dry_run_says_what_would_change_and_changes_nothing(agent: Agent) -> None:
    _labelled(agent, "r-look", "live")
    label = {"prompt_name": "r-look", "label_name": "live"}
    look = agent.result("llma-prompt-label-set", **label, version=2, dry_run=True)
    [move] = look["moves"]
    assert (look["dry_run"], move["from_version"], move["to_version"], move["contract_change"]) == (True, 1, 2, "breaking")
    assert look["texts"][0]["diff"] == "@@ -1,1 +1,1 @@\n-Hi {{name}}\n+Hi {{name}}, {{mood}}"
    removal = agent.result("llma-prompt-label-delete", **label, dry_run=True)
    assert [(each["from_version"], each["to_version"]) for each in removal["moves"]] == [(1, None)]
    archive = agent.result("llma-prompt-archive", prompt_name="r-look", dry_run=True)
    assert [each["label"] for each in archive["moves"]] == ["live"]
    assert _version(agent, "r-look", "live") == 1
    assert agent.result("llma-prompt-archive", prompt_name="r-look", reason="Not used")["archived"]


def test_prompts_are_promoted_and_the_release_is_taken_back(agent: Agent) -> None:
    for name in ("r-one", "r-two"):
        _labelled(agent, name, "r-production")
        agent.result("llma-prompt-label-set", prompt_name=name, label_name="r-staging", version=2)
    promotion: dict[str, Any] = {"from": "r-staging", "to": "r-production"}
    look = agent.result("llma-prompt-promote", **promotion, dry_run=True)
    assert [(move["name"], move["to_version"]) for move in look["moves"]] == [("r-one", 2), ("r-two", 2)]
    seen = {
        "expected": {move["name"]: move["from_version"] for move in look["moves"]},
        "versions": {move["name"]: move["to_version"] for move in look["moves"]},
    }
    agent.result("llma-prompt-label-set", prompt_name="r-two", label_name="r-production", version=2)
    refused = agent.call("llma-prompt-promote", **promotion, **seen)
    assert (refused.is_error, [each["name"] for each in refused.structured_content["refused"]]) == (True, ["r-two"])
    assert _version(agent, "r-one", "r-production") == 1
    made = agent.result("llma-prompt-promote", **promotion, names='["r-one"]', reason="Monday")
    assert _version(agent, "r-one", "r-production") == 2
    newest = agent.result("llma-prompt-release-list", limit=1)["results"][0]
    assert (newest["id"], newest["reason"], [move["name"] for move in newest["moves"]]) == (made["release"], "Monday", ["r-one"])
    undo = {"release_id": made["release"]}
    assert agent.result("llma-prompt-release-undo", **undo, dry_run=True)["moves"][0]["to_version"] == 1
    assert agent.result("llma-prompt-release-undo", **undo)["moves"][0]["label"] == "r-production"
    assert _version(agent, "r-one", "r-production") == 1
    assert agent.refusal("llma-prompt-release-undo", **undo).startswith("Nothing was changed, because not all labels can move.")
    assert agent.refusal("llma-prompt-release-undo", release_id="none") == "No release has the id 'none'."


def test_prompts_are_read_as_they_were(agent: Agent) -> None:
    _labelled(agent, "r-past", "live")
    label = {"prompt_name": "r-past", "label_name": "live"}
    agent.result("llma-prompt-label-set", **label, version=2)
    second, first = agent.result("llma-prompt-label-history", **label)["results"]
    then = agent.result("llma-prompt-get", prompt_name="r-past", label="live", at=first["created_at"])
    assert (then["version"], then["prompt"]) == (1, "Hi {{name}}")
    assert agent.result("llma-prompt-get", prompt_name="r-past", label="live", at=second["created_at"])["version"] == 2
    listed = agent.result("llma-prompt-list", search="r-past", at=first["created_at"], content="full")["results"]
    assert [(row["name"], row["version"], row["latest_version"]) for row in listed] == [("r-past", 1, 1)]
    assert agent.result("llma-prompt-list", search="r-past", at="2026-01-01T00:00")["results"] == []
    assert agent.refusal("llma-prompt-get", prompt_name="r-past", at="2999-01-01").startswith("at: The time is in the future.")
    assert agent.refusal("llma-prompt-get", prompt_name="r-past", at="then").startswith("at: Datetime has wrong format.")
