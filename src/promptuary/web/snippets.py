"""Programs that fetch a prompt, to be pasted as they are. They read the key from the environment and never hold one."""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

KEY_VARIABLE = "PROMPTUARY_KEY"
"""The environment variable from which all snippets read the key."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a snippet fetches, from where."""

    address: str
    project_id: int
    token: str
    name: str
    label: str
    variables: tuple[str, ...]

    @property
    def url(self) -> str:
        """The address of the fetch; names and labels need no quoting."""
        query = {"label": self.label} if self.label else {}
        path = f"{self.address}/api/projects/{self.project_id}/llm_prompts/name/{self.name}/"
        return f"{path}?{urlencode(query)}" if query else path

    @property
    def values(self) -> dict[str, str]:
        """Made-up values of the variables."""
        return dict.fromkeys(self.variables, "...")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A program in one language."""

    key: str
    title: str
    language: str
    install: str
    code: str


def snippets_of(subject: Subject) -> list[Snippet]:
    """Return all snippets for a prompt."""
    return [Snippet(key, title, language, install, write(subject)) for key, title, language, install, write in _SNIPPETS]


def _curl(subject: Subject) -> str:
    return f'curl -H "Authorization: Bearer ${KEY_VARIABLE}" {shlex.quote(subject.url)}\n'


def _python_posthog(subject: Subject) -> str:
    label = f", label={_literal(subject.label)}" if subject.label else ""
    return f"""\
import os
from posthog.ai.prompts import Prompts

prompts = Prompts(
    personal_api_key=os.environ[{_literal(KEY_VARIABLE)}],
    project_api_key={_literal(subject.token)},
    host={_literal(subject.address)},
)
result = prompts.get({_literal(subject.name)}{label}, with_metadata=True, fallback="...")
print(prompts.compile(result.prompt, {_literal(subject.values)}))
"""


def _python_http(subject: Subject) -> str:
    return f"""\
import json, os, urllib.request

request = urllib.request.Request({_literal(subject.url)})
request.add_header("Authorization", "Bearer " + os.environ[{_literal(KEY_VARIABLE)}])
with urllib.request.urlopen(request, timeout=5) as response:
    prompt = json.load(response)
print(prompt["version"], prompt["prompt"])
"""


def _javascript(subject: Subject) -> str:
    label = f", label: {_literal(subject.label)}" if subject.label else ""
    return f"""\
import {{ Prompts }} from "@posthog/ai";

const prompts = new Prompts({{
  personalApiKey: process.env.{KEY_VARIABLE},
  projectApiKey: {_literal(subject.token)},
  host: {_literal(subject.address)},
}});
const result = await prompts.get({_literal(subject.name)}, {{ fallback: "..."{label} }});
console.log(prompts.compile(result.prompt, {_literal(subject.values)}));
"""


def _literal(value: str | Mapping[str, str]) -> str:
    # JSON of texts, and of objects of texts, is Python and JavaScript, too.
    return json.dumps(value)


_SNIPPETS: tuple[tuple[str, str, str, str, Callable[[Subject], str]], ...] = (
    ("curl", "curl", "shell", "", _curl),
    ("posthog", "Python, posthog", "python", "pip install posthog", _python_posthog),
    ("python", "Python, without a library", "python", "", _python_http),
    ("javascript", "JavaScript module, @posthog/ai", "javascript", "npm install @posthog/ai", _javascript),
)
