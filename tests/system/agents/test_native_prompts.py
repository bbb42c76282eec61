"""The project's prompts as prompts of the protocol."""

import json

import pytest
from agent import EARLIER, MODERN, Agent, connected
from agent_server import Served


def texts(answer) -> list[tuple[str, str]]:  # type: ignore[no-untyped-def]  # noqa: ANN001 - the package's own type
    return [(message.role, message.content.text) for message in answer.messages]


def test_variables_are_arguments_and_are_filled_in(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="n-text", prompt="Greet {{who}}, {{who}}, from {{me}}.", version_description="First")
    listed = next(prompt for prompt in agent.every_prompt() if prompt.name == "n-text")
    assert listed.description == "Version 1: First"
    assert [(argument.name, argument.required) for argument in listed.arguments or ()] == [("who", True), ("me", True)]
    assert texts(agent.prompt("n-text", who="Ada", me="{{who}}")) == [("user", "Greet Ada, Ada, from {{who}}.")]
    assert agent.error("n-text", who="Ada") == "No value was given for: me."
    assert agent.error("n-text", who="Ada", me="Bob", you="Eve") == "The prompt has no variable named 'you'."


def test_chats_become_messages(agent: Agent) -> None:
    chat = [
        {"role": "system", "content": "Be {{mood}}."},
        {"role": "user", "content": [{"type": "text", "text": "Hello {{who}}"}, {"type": "text", "text": "there"}]},
        {"role": "assistant", "content": "Hi."},
    ]
    agent.result("llma-prompt-create", name="n-chat", prompt=chat)
    agent.result("llma-prompt-create", name="n-messages", prompt=json.dumps(chat))
    expected = [("user", "Be kind."), ("user", "Hello Ada\nthere"), ("assistant", "Hi.")]
    assert texts(agent.prompt("n-chat", mood="kind", who="Ada")) == expected
    assert texts(agent.prompt("n-messages", mood="kind", who="Ada")) == expected


def test_messages_around_what_cannot_be_shown_stay_messages(agent: Agent) -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/{{picture}}.png"}}
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "function": {"name": "find", "arguments": "{}"}}]}
    chat = [
        {"role": "system", "content": "Be {{mood}}."},
        {"role": "user", "content": [{"type": "text", "text": "Hello"}, picture]},
        call,
        {"role": "user", "content": "Thank you."},
    ]
    agent.result("llma-prompt-create", name="n-picture", prompt=chat)
    before, shown, called, after = texts(agent.prompt("n-picture", mood="kind", picture='a"b'))
    assert (before, after) == (("user", "Be kind."), ("user", "Thank you."))
    assert (shown[0], json.loads(shown[1])["content"][1]["image_url"]) == ("user", {"url": 'https://example.com/a"b.png'})
    assert (called[0], json.loads(called[1])) == ("assistant", call)


def test_a_placeholder_is_an_argument_that_may_be_left_out(agent: Agent) -> None:
    chat = [
        {"role": "system", "content": "Be kind."},
        {"type": "placeholder", "name": "history"},
        {"role": "user", "content": "{{q}}"},
    ]
    agent.result("llma-prompt-create", name="n-history", prompt=chat)
    listed = next(prompt for prompt in agent.every_prompt() if prompt.name == "n-history")
    assert [(argument.name, argument.description, argument.required) for argument in listed.arguments or ()] == [
        ("q", None, True),
        ("history", "Messages, as a JSON list", False),
    ]
    earlier = '[{"role": "user", "content": "{{q}}"}, {"role": "assistant", "content": "Hi."}]'
    expected = [("user", "Be kind."), ("user", "{{q}}"), ("assistant", "Hi."), ("user", "Why?")]
    assert texts(agent.prompt("n-history", q="Why?", history=earlier)) == expected
    assert texts(agent.prompt("n-history", q="Why?")) == [expected[0], expected[3]]
    assert texts(agent.prompt("n-history", q="Why?", history="")) == [expected[0], expected[3]]
    for wrong in ("Hi", '{"role": "user", "content": "x"}', '[{"content": "x"}]', '["x"]'):
        assert (
            agent.error("n-history", q="", history=wrong) == "The placeholder 'history' takes a list of messages, each with a role."
        )


def test_declared_variables_are_arguments_with_what_is_said_of_them(agent: Agent) -> None:
    declared = {
        "who": {"description": "Name of the customer.", "enum": ["Ada", "Bob"]},
        "n": {"type": "integer", "default": 3},
        "details": {"type": "object", "required": False},
    }
    text = "{{who}} {{n}} {{details}} {{other}}"
    agent.result("llma-prompt-create", name="n-declared", prompt=text, variables=declared)
    listed = next(prompt for prompt in agent.every_prompt() if prompt.name == "n-declared")
    assert [(argument.name, argument.description, argument.required) for argument in listed.arguments or ()] == [
        ("who", "Name of the customer. One of Ada, Bob", True),
        ("n", "A value of the type integer, as JSON", False),
        ("details", "A value of the type object, as JSON", False),
    ]
    assert texts(agent.prompt("n-declared", who="Ada")) == [("user", "Ada 3  {{other}}")]
    assert texts(agent.prompt("n-declared", who="Bob", n="5", details='{"a": [1]}')) == [("user", 'Bob 5 {"a": [1]} {{other}}')]
    assert agent.error("n-declared", who="Eve", n="many", othr="x") == (
        "'who' must be one of Ada, Bob. 'n' must be of the type integer. The prompt has no variable named 'othr'."
    )
    updated = agent.result("llma-prompt-update", prompt_name="n-declared", base_version=1, variables=None)
    assert "variables" not in updated


def test_other_json_is_one_message_and_stays_json(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="n-json", prompt={"task": "Sum up {{text}}", "words": 3, "{{text}}": None})
    answer = agent.prompt("n-json", text='a "quoted" text')
    assert texts(answer) == [("user", '{"task": "Sum up a \\"quoted\\" text", "words": 3, "{{text}}": null}')]


def test_a_name_may_choose_a_version_by_label_or_number(agent: Agent) -> None:
    agent.result("llma-prompt-create", name="n-chosen", prompt="one")
    agent.result("llma-prompt-update", prompt_name="n-chosen", base_version=1, prompt="two")
    agent.result("llma-prompt-label-set", prompt_name="n-chosen", label_name="production", version=1)
    assert texts(agent.prompt("n-chosen")) == [("user", "two")]
    assert texts(agent.prompt("n-chosen@production")) == [("user", "one")]
    assert texts(agent.prompt("n-chosen@1")) == [("user", "one")]
    assert agent.error("n-chosen@9").startswith("No prompt matching 'n-chosen' at version 9.")
    assert agent.error("n-chosen@staging").startswith("No prompt matching 'n-chosen' with label 'staging'.")
    assert agent.error("n-nobody").startswith("No prompt matching 'n-nobody' in this project.")


@pytest.mark.parametrize("mode", [MODERN, EARLIER])
def test_a_connection_may_follow_a_label(served: Served, agent: Agent, mode: str) -> None:
    name = f"n-followed-{mode}"
    agent.result("llma-prompt-create", name=name, prompt="released")
    agent.result("llma-prompt-create", name=f"{name}-draft", prompt="x")
    agent.result("llma-prompt-update", prompt_name=name, base_version=1, prompt="draft {{more}}")
    agent.result("llma-prompt-label-set", prompt_name=name, label_name=f"live-{mode}", version=1)
    with connected(served.url, served.editor_key, mode=mode, query=f"?label=live-{mode}") as follower:
        listed = follower.prompts().prompts
        assert [(prompt.name, prompt.arguments, prompt.description) for prompt in listed] == [
            (name, [], f"Version 1 (live-{mode})")
        ]
        assert texts(follower.prompt(name)) == [("user", "released")]
        assert texts(follower.prompt(f"{name}@2", more="x")) == [("user", "draft x")]
        assert f"live-{mode}" in follower.error(f"{name}-draft")


def test_the_first_page_of_native_prompts_has_what_most_clients_never_ask_for(served: Served, agent: Agent) -> None:
    for number in range(60):
        agent.result("llma-prompt-create", name=f"m-{number:02}", prompt="x")
        agent.result("llma-prompt-label-set", prompt_name=f"m-{number:02}", label_name="many", version=1)
    with connected(served.url, served.editor_key, query="?label=many") as follower:
        page = follower.prompts()
        assert [prompt.name for prompt in page.prompts] == [f"m-{number:02}" for number in range(60)]
        assert page.next_cursor is None
        assert [prompt.name for prompt in follower.prompts("after:m-57").prompts] == ["m-58", "m-59"]
        assert (follower.prompts("after:m-59").prompts, follower.prompts("after:m-59").next_cursor) == ([], None)


def test_a_page_of_native_prompts_is_bounded_by_what_is_read_for_it(served: Served, agent: Agent) -> None:
    for number in range(52):
        agent.result("llma-prompt-create", name=f"big-{number:02}", prompt="x" * 100_000)
        agent.result("llma-prompt-label-set", prompt_name=f"big-{number:02}", label_name="big", version=1)
    with connected(served.url, served.editor_key, query="?label=big") as follower:
        first = follower.prompts()
        rest = follower.prompts(first.next_cursor)
        for name in ("big-00", "big-49"):
            agent.result("llma-prompt-archive", prompt_name=name)
        assert follower.prompts(first.next_cursor) == rest
    assert (len(first.prompts), len(rest.prompts), rest.next_cursor) == (50, 2, None)


def test_only_variables_that_are_filled_in_are_arguments(agent: Agent) -> None:
    chat = [{"role": "user", "name": "{{alias}}", "content": "Hello {{who}}", "{{key}}": "{{beside}}"}]
    agent.result("llma-prompt-create", name="n-beside", prompt=chat)
    listed = next(prompt for prompt in agent.every_prompt() if prompt.name == "n-beside")
    assert [argument.name for argument in listed.arguments or ()] == ["who"]
    assert texts(agent.prompt("n-beside", who="Ada")) == [("user", "Hello Ada")]
    assert agent.error("n-beside", who="Ada", alias="x") == "The prompt has no variable named 'alias'."
