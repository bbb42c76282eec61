"""A request on its way through a handler: who calls, what they sent, and the answer."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends
from pydantic import ValidationError
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from promptuary.api import errors
from promptuary.api.bodies import MAX_BODY_BYTES, parse_body, parse_form_fields
from promptuary.api.inputs import Body, Schema
from promptuary.api.throttling import Throttle
from promptuary.model.access import Actor, Permission
from promptuary.model.accounts import Key
from promptuary.registry import access
from promptuary.request_log import REQUEST_ID
from promptuary.store.database import Database

QuerySchema = TypeVar("QuerySchema", bound=Schema)
BodySchema = TypeVar("BodySchema", bound=Body)

_BEARER = re.compile(r"Bearer\s+(\S.*)", re.IGNORECASE)
_MAX_DRAINED_BYTES = 8 * MAX_BODY_BYTES
_READING_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers work with; one set an application."""

    database: Database
    throttle: Throttle
    public_url: str


class Call:
    """One request. Its methods raise the errors of their step; a handler calls them in the contract's order of checks."""

    def __init__(self, request: Request, raw_body: bytes) -> None:
        self.request = request
        self.services: Services = request.app.state.services
        self._raw_body = raw_body
        self._used_key: Key | None = None

    @property
    def database(self) -> Database:
        """The database."""
        return self.services.database

    @property
    def path(self) -> Mapping[str, str]:
        """The parameters of the path."""
        return self.request.path_params

    @cached_property
    def raw_query(self) -> dict[str, str]:
        """The query as sent; of parameters of one name the last."""
        return dict(parse_qsl(self.request.scope["query_string"].decode(errors="replace"), keep_blank_values=True))

    def enter(self, permission: Permission) -> Actor:
        """Authenticate, authorise and count the request; return who acts in which project."""
        place, value = self._credential
        with self.database.read() as tx:
            key = self._authenticated(access.find_key(tx, value), place)
            actor = access.enter_project(
                tx,
                key,
                reference=self.path["project_id"],
                api_token=self._project_token(),
                permission=permission,
                request_id=self.request.scope[REQUEST_ID],
            )
            if access.is_use_worth_noting(key, tx.clock()):
                self._used_key = key
        self.services.throttle.count_request(key.id, permission)
        return actor

    def query(self, schema: type[QuerySchema]) -> QuerySchema:
        """Validate the query. Parameters with a blank value count as absent."""
        return _validated(schema, {name: value for name, value in self.raw_query.items() if value.strip(" \t")})

    def body(self, schema: type[BodySchema]) -> BodySchema:
        """Parse and validate the body."""
        return _validated(schema, parse_body(self._raw_body, self._content_type))

    def answer(self, body: object, status: int = 200) -> Response:
        """Return a JSON answer."""
        return self._finish(errors.json_response(body, status))

    def answer_tagged(self, body: object) -> Response:
        """Return a JSON answer with a strong entity tag: clients may keep it, and ask whether it still holds."""
        response = errors.json_response(body, headers={"Cache-Control": "no-cache"})
        response.headers["ETag"] = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
        return self._finish(response)

    def answer_nothing(self) -> Response:
        """Return a 204."""
        return self._finish(Response(status_code=204))

    @property
    def _content_type(self) -> str:
        return self.request.headers.get("content-type", "")

    @cached_property
    def _credential(self) -> tuple[str, str]:
        """Where the key was sent, and the key. Only the first place that has one counts."""
        if match := _BEARER.fullmatch(self.request.headers.get("authorization", "").strip()):
            return "Authorization header", match[1].strip()
        sent = self._lenient_body.get("personal_api_key")
        if sent is not None and sent != "":
            return "body", str(sent)
        if sent := self.raw_query.get("personal_api_key"):
            return "query string", sent
        raise errors.not_authenticated()

    @cached_property
    def _lenient_body(self) -> dict[str, object]:
        """The body's object, for the key it may hold; a body that cannot be read is reported later, to known callers."""
        try:
            body = parse_body(self._raw_body, self._content_type)
        except errors.ApiError:
            return {}
        return body if isinstance(body, dict) else {}

    def _authenticated(self, key: Key | None, place: str) -> Key:
        if key is None:
            self.services.throttle.count_bad_key(self.request.client.host if self.request.client else "")
            raise errors.invalid_key(place)
        return key

    def _project_token(self) -> str | None:
        if self.request.scope.get("original_method", self.request.method) in _READING_METHODS:
            sent: Mapping[str, str | None] = self.raw_query
        else:
            try:
                sent = parse_form_fields(self._raw_body, self._content_type)
            except errors.ApiError:
                return None
        return sent.get("token") or sent.get("api_key")

    def _finish(self, response: Response) -> Response:
        if self._used_key is not None:
            response.background = BackgroundTask(access.try_to_note_use, self.database, self._used_key.id)
        return response


def _validated(schema: type[QuerySchema], value: object) -> QuerySchema:
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        raise errors.validation_failed(error) from None


async def _read_call(request: Request) -> Call:
    if not _accepts_json(request.headers.get("accept", "")):
        raise errors.not_acceptable()
    return Call(request, await _read_body(request))


async def _read_body(request: Request) -> bytes:
    """Return the body; refuse one that is too large, but read most such bodies to the end, else clients see a broken connection."""
    kept = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MAX_BODY_BYTES:
            kept += chunk
        elif size > _MAX_DRAINED_BYTES:
            break
    if size > MAX_BODY_BYTES:
        raise errors.request_too_large(MAX_BODY_BYTES)
    return bytes(kept)


def _accepts_json(accept: str) -> bool:
    ranges = [part.partition(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    return not ranges or any(media_range in {"*/*", "application/*", "application/json"} for media_range in ranges)


CurrentCall = Annotated[Call, Depends(_read_call)]
