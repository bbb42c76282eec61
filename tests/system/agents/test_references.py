"""References through the tools of agents, and in prompts that they offer as commands."""

from agent import Agent

PART = "@@@prompt:name=ref-part|label=production@@@"


def make_prompts(agent: Agent) -> None:
    """A part that is labelled, and a parent that follows the label."""
    agent.result("llma-prompt-create", name="ref-part", prompt="Be {{mood}}.")
    agent.result("llma-prompt-label-set", prompt_name="ref-part", label_name="production", version=1)
    agent.result("llma-prompt-create", name="ref-parent", prompt=f"{PART} Hi {{{{user}}}}.")


def test_agents_read_whole_texts_and_edit_those_with_tags(agent: Agent) -> None:
    make_prompts(agent)
    got = agent.result("llma-prompt-get", prompt_name="ref-parent")
    assert (got["prompt"], got["resolved_references"]) == (
        "Be {{mood}}. Hi {{user}}.",
        [{"name": "ref-part", "version": 1, "label": "production"}],
    )
    assert agent.result("llma-prompt-get", prompt_name="ref-parent", resolve=False)["prompt"] == f"{PART} Hi {{{{user}}}}."
    listed = agent.result("llma-prompt-list", search="ref-parent", content="full", resolve=True)
    assert [row["prompt"] for row in listed["results"]] == ["Be {{mood}}. Hi {{user}}."]
    assert listed["unresolved"] == []
    [command] = [prompt for prompt in agent.every_prompt() if prompt.name == "ref-parent"]
    assert [argument.name for argument in command.arguments or []] == ["mood", "user"]
    [message] = agent.prompt("ref-parent", mood="kind", user="Ann").messages
    assert getattr(message.content, "text", None) == "Be kind. Hi Ann."
    # What others refer to stays.
    assert agent.refusal("llma-prompt-archive", prompt_name="ref-part").startswith("This prompt is referenced by ref-parent.")
    refusal = agent.refusal("llma-prompt-label-delete", prompt_name="ref-part", label_name="production")
    assert refusal.startswith("This label is referenced by ref-parent.")
    dependents = agent.result("llma-prompt-dependents", prompt_name="ref-part")
    assert (dependents["count"], dependents["next_offset"]) == (1, None)
    assert dependents["results"][0]["reference"] == {"label": "production", "version": None}
    edits = [{"old": "{{mood}}", "new": "{{tone}}"}]
    agent.result("llma-prompt-update", prompt_name="ref-part", base_version=1, edits=edits)
    moved = agent.result("llma-prompt-label-set", prompt_name="ref-part", label_name="production", version=2)
    assert moved["affected_prompts"] == ["ref-parent"]
    assert agent.result("llma-prompt-get", prompt_name="ref-parent")["prompt"] == "Be {{tone}}. Hi {{user}}."
    missing = agent.refusal("llma-prompt-create", name="ref-bad", prompt="@@@prompt:name=ref-none|version=1@@@")
    assert missing.startswith("The referenced prompt 'ref-none' does not exist.")
