"""A program that fetches one prompt with one client library, run by `bench.clients` in that library's environment.

It makes its client, fetches once if it is to be warm and lets that come due for a refresh, says so, waits for a line, fetches
twice, and prints what each call got and how long it took. Standard library and the one client only.
"""

import json
import logging
import sys
import time
from collections.abc import Callable

FALLBACK = "the code's own text"
Fetch = Callable[[], str]


def promptuary(host: str, key: str, folder: str, name: str) -> Fetch:
    """Use Promptuary's own client at its defaults, except for content that is due at once."""
    from promptuary_client import Promptuary  # noqa: PLC0415 - each library is in an environment of its own.

    client = Promptuary(host, api_key=key, cache_dir=folder, ttl=0)
    return lambda: client.get(name, fallback=FALLBACK).source


def posthog(host: str, key: str, token: str, name: str) -> Fetch:
    """Use the `posthog` package. A time to live of a microsecond is over at once; zero would switch its cool-down off."""
    from posthog.ai.prompts import Prompts  # noqa: PLC0415 - the same.

    client = Prompts(personal_api_key=key, project_api_key=token, host=host, default_cache_ttl_seconds=1e-6)  # type: ignore[arg-type]
    return lambda: client.get(name, fallback=FALLBACK, with_metadata=True).source


def langfuse(host: str, key: str, _token: str, name: str) -> Fetch:
    """Use the `langfuse` package, its tracing switched off."""
    from langfuse import Langfuse  # type: ignore[import-not-found]  # noqa: PLC0415 - the same.

    client = Langfuse(public_key=key, secret_key=key, host=host, tracing_enabled=False)

    def fetch() -> str:
        # Its clock of the cache has whole seconds, so one second is the shortest time to live.
        found = client.get_prompt(name, fallback=FALLBACK, cache_ttl_seconds=1)
        return "fallback" if found.is_fallback else "cache or server"

    return fetch


LIBRARIES = {"promptuary-client": promptuary, "posthog": posthog, "langfuse": langfuse}


def main() -> None:
    """Run as the arguments say."""
    library, host, key, token, state, folder, name = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    fetch = LIBRARIES[library](host, key, folder if library == "promptuary-client" else token, name)
    if state == "warm":
        fetch()
        time.sleep(1.2)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in ("first", "later"):
        started = time.perf_counter()
        try:
            found = fetch()
        except Exception as error:  # noqa: BLE001 - whatever a library raises is what its caller gets.
            found = f"raises {type(error).__name__}"
        print(json.dumps([found, time.perf_counter() - started]), flush=True)


if __name__ == "__main__":
    main()
