"""Programs that fetch a prompt, to be pasted as they are. They read the key from the environment and never hold one.

Values are put into the contents of messages, or into the texts of other JSON, after the JSON is read: a value that is put into its
text could end the content that it stands in, and add a message.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from promptuary.model.python_text import python_text
from promptuary.model.templates import TemplateKind
from promptuary.model.values import text_of_value

KEY_VARIABLE = "PROMPTS_KEY"
"""The environment variable from which all snippets read the key."""

_REASON = "Values go in after the JSON is read: put into its text, a value could add messages of its own."


@dataclass(frozen=True, slots=True)
class Subject:
    """Prompt and server of a snippet."""

    address: str
    project_id: int
    token: str
    name: str
    label: str
    kind: TemplateKind
    samples: Mapping[str, object]
    """Values of the variables, as they are declared."""
    placeholders: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The address of the fetch; names and labels need no quoting."""
        query = {"label": self.label} if self.label else {}
        path = f"{self.address}/api/projects/{self.project_id}/llm_prompts/name/{self.name}/"
        return f"{path}?{urlencode(query)}" if query else path

    @property
    def texts(self) -> dict[str, str]:
        """Values of the variables, for programs that put texts in."""
        return {name: text_of_value(value) for name, value in self.samples.items()}


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
    return f'curl -H "Authorization: Bearer ${KEY_VARIABLE}" \\\n  {shlex.quote(subject.url)}\n'


def _python_client(subject: Subject) -> str:
    fallback = {"text": "...", "chat": [{"role": "system", "content": "..."}], "json": "{}"}[subject.kind]
    options = {"label": subject.label} if subject.label else {}
    arguments = "".join(f"    {name}={_literal(value)},\n" for name, value in {**options, "fallback": fallback}.items())
    values = _python_literal({**subject.samples, **{name: [] for name in subject.placeholders}})
    ends = {
        "text": f"print(prompt.compile_text({values}))\n",
        "chat": f"# No value can add a message: values go in after the messages are read.\n"
        f"messages = prompt.compile_messages({values})\nprint(messages)\n",
        "json": f"# Values are written as JSON, so that none can end the text that it stands in.\n"
        f"print(json.loads(prompt.compile_text({values})))\n",
    }
    imports = "import json\nimport os\n" if subject.kind == "json" else "import os\n"
    return f"""\
{imports}from promptuary_client import Promptuary

prompts = Promptuary(
    {_literal(subject.address)},
    api_key=os.environ[{_literal(KEY_VARIABLE)}],
    project={subject.project_id},
)
prompt = prompts.get(
    {_literal(subject.name)},
{arguments})
{ends[subject.kind]}"""


def _python_posthog(subject: Subject) -> str:
    label = f"    label={_literal(subject.label)},\n" if subject.label else ""
    fallback = {"text": "...", "chat": "[]", "json": "{}"}[subject.kind]
    end = f"print(prompts.compile(result.prompt, {_python_literal(subject.texts)}))\n"
    if subject.kind != "text":
        end = f"{_python_fill(subject, 'prompts.compile(value, values)')}\n{_python_read(subject, 'result.prompt')}"
    return f"""\
{"" if subject.kind == "text" else "import json"}
import os
from posthog.ai.prompts import Prompts

prompts = Prompts(
    personal_api_key=os.environ[{_literal(KEY_VARIABLE)}],
    project_api_key={_literal(subject.token)},
    host={_literal(subject.address)},
)
result = prompts.get(
    {_literal(subject.name)},
{label}    with_metadata=True,
    fallback={_literal(fallback)},
)
{end}""".lstrip()


def _python_http(subject: Subject) -> str:
    read = 'print(fill(prompt["prompt"]))\n' if subject.kind == "text" else _python_read(subject, 'prompt["prompt"]')
    return f"""\
import json
import os
import re
import urllib.request

request = urllib.request.Request(
    {_literal(subject.url)},
    headers={{"Authorization": "Bearer " + os.environ[{_literal(KEY_VARIABLE)}]}},
)
with urllib.request.urlopen(request, timeout=5) as response:
    prompt = json.load(response)
{_python_fill(subject, _FILL_TEXT)}
{read}"""


_FILL_TEXT = r're.sub(r"\{\{[ \t]*([^\s{}]+)[ \t]*\}\}", lambda found: values.get(found[1], found[0]), value)'


def _python_fill(subject: Subject, filled: str) -> str:
    """Return a function that puts values into all texts of a value."""
    return f"""\
values = {_python_literal(subject.texts)}


def fill(value):
    if isinstance(value, str):
        return {filled}
    if isinstance(value, list):
        return [fill(each) for each in value]
    if isinstance(value, dict):
        return {{key: fill(each) for key, each in value.items()}}
    return value

"""


def _python_read(subject: Subject, source: str) -> str:
    """Return the end of a program that reads JSON and then fills it in: the contents of messages, or all texts."""
    if subject.kind == "json":
        return f"# {_REASON}\nprint(fill(json.loads({source})))\n"
    append = 'messages.append({**message, "content": fill(message.get("content"))})'
    if not subject.placeholders:
        return f"# {_REASON}\nmessages = []\nfor message in json.loads({source}):\n    {append}\nprint(messages)\n"
    return f"""\
histories = {_literal({name: [] for name in subject.placeholders})}
# {_REASON}
messages = []
for message in json.loads({source}):
    if "role" in message:
        {append}
    else:
        messages += histories.get(message.get("name") or message.get("placeholder"), [])
print(messages)
"""


def _javascript(subject: Subject) -> str:
    label = f"  label: {_literal(subject.label)},\n" if subject.label else ""
    fallback = {"text": "...", "chat": "[]", "json": "{}"}[subject.kind]
    end = f"console.log(prompts.compile(result.prompt, {_literal(subject.texts)}));\n"
    if subject.kind != "text":
        end = f"{_javascript_fill(subject)}\n// {_REASON}\n{_javascript_read(subject)}"
    return f"""\
import {{ Prompts }} from "@posthog/ai";

const prompts = new Prompts({{
  personalApiKey: process.env.{KEY_VARIABLE},
  projectApiKey: {_literal(subject.token)},
  host: {_literal(subject.address)},
}});
const result = await prompts.get({_literal(subject.name)}, {{
{label}  fallback: {_literal(fallback)},
}});
{end}"""


def _javascript_fill(subject: Subject) -> str:
    return f"""\
const values = {_literal(subject.texts)};

function fill(value) {{
  if (typeof value === "string") return prompts.compile(value, values);
  if (Array.isArray(value)) return value.map(fill);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each)]));
}}
"""


def _javascript_read(subject: Subject) -> str:
    if subject.kind == "json":
        return "console.log(JSON.stringify(fill(JSON.parse(result.prompt))));\n"
    if not subject.placeholders:
        return """\
const messages = JSON.parse(result.prompt).map((message) => ({ ...message, content: fill(message.content) }));
console.log(JSON.stringify(messages));
"""
    return f"""\
const histories = {_literal({name: [] for name in subject.placeholders})};
const messages = JSON.parse(result.prompt).flatMap((message) =>
  "role" in message ? {{ ...message, content: fill(message.content) }} : (histories[message.name ?? message.placeholder] ?? []),
);
console.log(JSON.stringify(messages));
"""


def _literal(value: object) -> str:
    # JSON of texts, lists and objects is Python and JavaScript, too.
    return json.dumps(value)


def _python_literal(value: object) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_python_literal(key)}: {_python_literal(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_python_literal, value))}]"
    if isinstance(value, str):
        return python_text(value)
    return repr(value)


_SNIPPETS: tuple[tuple[str, str, str, str, Callable[[Subject], str]], ...] = (
    ("client", "Python, promptuary_client", "python", "the wheel that `make build-client` writes", _python_client),
    ("posthog", "Python, posthog", "python", "pip install posthog", _python_posthog),
    ("python", "Python, without a library", "python", "", _python_http),
    ("javascript", "JavaScript module, @posthog/ai", "javascript", "npm install @posthog/ai", _javascript),
    ("curl", "curl", "shell", "", _curl),
)
