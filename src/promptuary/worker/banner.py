"""Messages of a start for the user at the terminal."""

from promptuary.registry.bootstrap import FirstStart


def banner(first: FirstStart | None, *, link: str | None, address: str, data: str) -> str:
    """Return the addresses of server and data, and the way to sign in; on the first start also the key and first commands."""
    lines = ["", f"  Promptuary    {address}", f"  API reference {address}/api/docs/", f"  Data          {data}"]
    if link is None:
        lines += [f"  Sign in       {address}/sign-in"]
    else:
        lines += ["", "  Create your account, once, at:", "", f"  {address}/welcome/{link}"]
    if first is not None:
        lines += _first_steps(first, address)
    return "\n".join([*lines, ""])


def _first_steps(first: FirstStart, address: str) -> list[str]:
    curl = (
        f"curl -X POST {address}/api/projects/{first.project.id}/llm_prompts/ "
        f"-H 'Authorization: Bearer {first.api_key}' -H 'Content-Type: application/json' "
        """-d '{"name": "hello", "prompt": "Hello, {{name}}!"}'"""
    )
    python = f"""\
import json, urllib.request
request = urllib.request.Request("{address}/api/projects/{first.project.id}/llm_prompts/name/hello/")
request.add_header("Authorization", "Bearer {first.api_key}")
with urllib.request.urlopen(request) as response:
    print(json.load(response)["prompt"])"""
    return [
        "",
        "  This is the first start. The API key below is shown only once:",
        "",
        f"  Project       {first.project.name} (id {first.project.id}, token {first.project.api_token})",
        f"  Key           {first.api_key}",
        "",
        "  1. Create a prompt:",
        "",
        curl,
        "",
        "  2. Fetch it from a program:",
        "",
        python,
    ]
