"""Publishes versions at a steady rate until its standard input ends, and then tells what it did.

A process of its own, so that it costs the measured ones nothing but what it asks of the server. It needs the standard library only.
"""

import http.client
import json
import select
import sys
import time


def main() -> None:
    """Publish to one prompt after the other, at a fixed rate; print ``ready`` first and a line of JSON last."""
    host, prefix, key, prompts, rate, text = sys.argv[1:]
    connection = http.client.HTTPConnection(host)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    latest = [0] * int(prompts)
    published = 0
    print("ready", flush=True)
    started = time.monotonic()
    while not _is_over(started + published / float(rate)):
        number = published % len(latest)
        if not latest[number]:
            latest[number] = _latest_version(connection, f"{prefix}{number}/", headers)
        body = f'{{"base_version": {latest[number]}, "prompt": "{text} {published}"}}'
        _ask(connection, "PATCH", f"{prefix}{number}/", body=body.encode(), headers=headers)
        latest[number] += 1
        published += 1
    print(json.dumps({"published": published, "seconds": time.monotonic() - started}))


def _is_over(moment: float) -> bool:
    """Wait until a moment, or until standard input ends."""
    return bool(select.select([sys.stdin], [], [], max(0.0, moment - time.monotonic()))[0])


def _latest_version(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> int:
    version: int = json.loads(_ask(connection, "GET", path, body=None, headers=headers))["version"]
    return version


def _ask(connection: http.client.HTTPConnection, method: str, path: str, *, body: bytes | None, headers: dict[str, str]) -> bytes:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        sys.exit(f"{method} {path} got {answer.status}: {content.decode()}")
    return content


if __name__ == "__main__":
    main()
