"""The caller of a request to the PostHog API: where its key or session may be, and what it may do."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from urllib.parse import parse_qsl

from starlette.requests import Request

from promptuary.api import errors
from promptuary.api.callers import bearer_of, caller_with_key, caller_with_session
from promptuary.api.posthog.bodies import find_key_in_beginning, parse_body, parse_form_fields
from promptuary.api.services import Services
from promptuary.http.cookies import read_session_cookie
from promptuary.http.origin import READING_METHODS, is_from_elsewhere
from promptuary.http.public_path import path_of
from promptuary.http.scope import REQUEST_ID, SENT_METHOD
from promptuary.model.access import Actor, Permission, require_scope
from promptuary.model.accounts import Key
from promptuary.model.errors import SignInRefused
from promptuary.registry import access, sessions
from promptuary.store.engine.database import Transaction


class Credentials:
    """The key or session of a request. ``raw_body`` may be the beginning of its body, if only the caller is to be found."""

    def __init__(self, request: Request, raw_body: bytes) -> None:
        self.note_use: Callable[[], None] | None = None
        """Records the use of the key or session, after `enter`; `None` if that is not due."""
        self._request = request
        self._services: Services = request.app.state.services
        self._raw_body = raw_body

    @cached_property
    def raw_query(self) -> dict[str, str]:
        """The query as sent; of parameters of one name the last."""
        return dict(parse_qsl(self._request.scope["query_string"].decode(errors="replace"), keep_blank_values=True))

    def enter(self, tx: Transaction, permission: Permission) -> Actor:
        """Authenticate, authorise and count the request; return who acts in which project."""
        actor = self._enter_signed_in(tx, permission) if self._key is None else self._enter_with_key(tx, permission, *self._key)
        self._services.limits.count_request(actor.key_id or f"user {actor.user_id}", permission)
        return actor

    def identify(self, tx: Transaction, permission: Permission) -> access.Caller:
        """Authenticate and count a request that is about no project; return its caller. Raises `MissingScope`."""
        caller = self._identify_signed_in(tx) if self._key is None else self._identify_with_key(tx, *self._key)
        require_scope(caller.scopes, permission)
        self._services.limits.count_request(caller.key_id or f"user {caller.user_id}", permission)
        return caller

    @property
    def request_id(self) -> str:
        """The request's ID, for the change log."""
        return str(self._request.scope[REQUEST_ID])

    @property
    def may_name_caller(self) -> bool:
        """`True` if the part of the request that has arrived may contain credentials."""
        return self._first_key is not None or self._cookie is not None

    def find_caller(self) -> str | None:
        """Return who sends a request whose body has only begun to arrive; `None` for strangers."""
        with self._services.database.read() as tx:
            key = None if self._first_key is None else access.find_key(tx, self._first_key[1])
            if key is not None:
                return key.id
            caller = caller_with_session(tx, self._cookie, self._services.session_limits)
            return None if caller is None else f"user {caller.user_id}"

    def refuse_stranger(self) -> None:
        """Raise what a stranger is answered whose body is too large to be read."""
        if self._first_key is None:
            raise errors.not_authenticated()
        self._count_bad_key()
        raise errors.invalid_key(self._first_key[0])

    def access_check(self, permission: Permission, actor: Actor) -> Callable[[Transaction], object]:
        """Return what raises a refusal as soon as the caller may not do this any more.

        It lives as long as an open answer, and must not hold the request.
        """
        credential, reference, token = self._key, str(actor.project_id), self._project_token()
        cookie, limits = self._cookie, self._services.session_limits

        def check(tx: Transaction) -> None:
            caller = caller_with_session(tx, cookie, limits) if credential is None else caller_with_key(tx, credential[1])
            if caller is None:
                raise SignInRefused
            access.enter(tx, caller, reference=reference, api_token=token, permission=permission)

        return check

    @cached_property
    def _key(self) -> tuple[str, str] | None:
        """The place of the key, and the key. Only the first place with a key counts; `None` if there is none."""
        if sent_key := bearer_of(self._request.headers):
            return "Authorization header", sent_key
        sent = self._lenient_body.get("personal_api_key")
        if sent is not None and sent != "":
            return "body", str(sent)
        if sent := self.raw_query.get("personal_api_key"):
            return "query string", sent
        return None

    @cached_property
    def _first_key(self) -> tuple[str, str] | None:
        """The place of the key, and the key, as far as it is known without the whole body."""
        if sent_key := bearer_of(self._request.headers):
            return "Authorization header", sent_key
        if sent_key := find_key_in_beginning(self._raw_body, self._content_type):
            return "body", sent_key
        if sent_key := self.raw_query.get("personal_api_key"):
            return "query string", sent_key
        return None

    @cached_property
    def _lenient_body(self) -> dict[str, object]:
        """The body's object, for the key it may hold; a body that cannot be read is reported later, to known callers."""
        try:
            body = parse_body(self._raw_body, self._content_type)
        except errors.ApiError:
            return {}
        return body if isinstance(body, dict) else {}

    def _enter_with_key(self, tx: Transaction, permission: Permission, place: str, value: str) -> Actor:
        entered = access.enter_with_key(
            tx,
            value,
            reference=self._request.path_params["project_id"],
            api_token=self._project_token(),
            permission=permission,
            request_id=self.request_id,
        )
        if entered is None:
            self._count_bad_key()
            raise errors.invalid_key(place)
        key, actor = entered
        self._plan_note(key)
        return actor

    def _identify_with_key(self, tx: Transaction, place: str, value: str) -> access.Caller:
        key = access.find_key(tx, value)
        if key is None:
            self._count_bad_key()
            raise errors.invalid_key(place)
        self._plan_note(key)
        return access.caller_of(key)

    def _plan_note(self, key: Key) -> None:
        if access.is_use_worth_noting(key, self._services.database.clock()):
            self.note_use = partial(access.try_to_note_use, self._services.database, key.id)

    def _count_bad_key(self) -> None:
        self._services.limits.count_bad_key(self._request.client.host if self._request.client else "")

    def _enter_signed_in(self, tx: Transaction, permission: Permission) -> Actor:
        return access.enter(
            tx,
            self._identify_signed_in(tx),
            reference=self._request.path_params["project_id"],
            api_token=self._project_token(),
            permission=permission,
            request_id=self.request_id,
        )

    def _identify_signed_in(self, tx: Transaction) -> access.Caller:
        """Let the user in who is signed in on the pages, for scripts of the pages and for API addresses opened in a browser."""
        value = self._cookie
        signed_in = None if value is None else sessions.find_session(tx, value, limits=self._services.session_limits)
        if signed_in is None:
            raise errors.not_authenticated()
        if self._request.method not in READING_METHODS and is_from_elsewhere(
            self._request.scope, public_url=self._services.public_url
        ):
            raise errors.sent_from_elsewhere()
        if sessions.is_worth_noting(signed_in.session, self._services.database.clock()):
            self.note_use = partial(sessions.note_seen, self._services.database, signed_in.session)
        return access.Caller(signed_in.user.id)

    def _project_token(self) -> str | None:
        if self._request.scope.get(SENT_METHOD, self._request.method) in READING_METHODS:
            sent: Mapping[str, str | None] = self.raw_query
        else:
            try:
                sent = parse_form_fields(self._raw_body, self._content_type)
            except errors.ApiError:
                return None
        return sent.get("token") or sent.get("api_key")

    @property
    def _cookie(self) -> str | None:
        return read_session_cookie(self._request.scope, root=path_of(self._services.public_url))

    @property
    def _content_type(self) -> str:
        return self._request.headers.get("content-type", "")
