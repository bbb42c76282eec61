"""`docs/webhooks.md` names all events, and its programs verify messages."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from promptuary.model.webhooks import EVENT_TYPES, RESET, TEST, make_secret, sign

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
PROGRAMS: dict[str, Any] = {}
for _program in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
    exec(_program, PROGRAMS)  # noqa: S102 - the programs of the page
READERS: list[Callable[..., Any]] = [PROGRAMS["read_event"], PROGRAMS["read_event_by_hand"]]


def signed(secrets: list[str], body: bytes, age: int = 0) -> dict[str, str]:
    timestamp = int(time.time()) - age
    signature = sign(secrets, message="msg_1", timestamp=timestamp, body=body)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(timestamp), "webhook-signature": signature}


def test_the_table_has_all_events() -> None:
    assert re.findall(r"^\| `([a-z._]+)` \|", PAGE, re.MULTILINE) == [*EVENT_TYPES, RESET, TEST]


def test_the_example_is_json() -> None:
    [example] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert json.loads(example)["type"] in EVENT_TYPES


@pytest.mark.parametrize("read", READERS)
def test_the_programs_accept_what_is_signed_and_nothing_else(read: Callable[..., Any]) -> None:
    secret, former, body = make_secret(), make_secret(), b'{"type":"test"}'
    assert read(secret, signed([secret], body), body) == {"type": "test"}
    assert read(former, signed([secret, former], body), body) == {"type": "test"}
    for headers, sent in ((signed([former], body), body), (signed([secret], body), b"{}"), (signed([secret], body, 3600), body)):
        with pytest.raises((ValueError, WebhookVerificationError)):
            read(secret, headers, sent)
