"""A request on its way through a view: who is signed in, in which project, what they sent, and the answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl, quote, urlsplit

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from promptuary.http.body import Bodies
from promptuary.http.cookies import read_session_cookie, write_session_cookie
from promptuary.http.heavy_work import HeavyWork
from promptuary.http.public_path import path_of
from promptuary.http.rate_limits import SignInLimits
from promptuary.http.scope import REQUEST_ID
from promptuary.model.access import Actor, Permission, Role, Scope
from promptuary.model.accounts import Browser, Membership, NewSession, Project, SessionLimits, SignedIn, User
from promptuary.model.errors import ProjectNotFound
from promptuary.registry import access, administration, request_options, sessions
from promptuary.store.engine.database import Database
from promptuary.web.account.password_queue import PasswordQueue
from promptuary.web.assets import Assets
from promptuary.web.errors import SignInNeeded
from promptuary.web.forms import Form, parse_form
from promptuary.web.projects.last_project import read_last_project, write_last_project
from promptuary.web.templating import render
from promptuary.web.urls import Links


@dataclass(frozen=True, slots=True)
class WebServices:
    """Services of the views; one set for each application."""

    database: Database
    public_url: str
    assets: Assets
    session_limits: SessionLimits
    sign_in_limits: SignInLimits
    passwords: PasswordQueue
    bodies: Bodies
    heavy_work: HeavyWork
    threads: CapacityLimiter
    """Maximum concurrent pages. A separate limit, so that programs do not wait for them."""
    rendered: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    """Pages of errors that show nothing of a request, by title, detail and advice."""


class PageRequest:
    """One request. ``raw_body`` is what was sent with it."""

    def __init__(self, request: Request, raw_body: bytes = b"") -> None:
        self.request = request
        self.services: WebServices = request.app.state.services
        self._raw_body = raw_body
        # The value that the session's cookie is to have from now on, empty for none; `None` leaves it as it is.
        self._cookie: str | None = None

    @property
    def database(self) -> Database:
        return self.services.database

    @property
    def path(self) -> Mapping[str, str]:
        """The parameters of the path."""
        return self.request.path_params

    @property
    def request_id(self) -> str:
        """The request's id, by which the log tells more."""
        return str(self.request.scope[REQUEST_ID])

    @property
    def browser(self) -> Browser:
        """Data of the browser for a new session."""
        return Browser(self.request.client.host if self.request.client else "", self.request.headers.get("user-agent", ""))

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The query as sent; of parameters of one name the last."""
        return dict(parse_qsl(self.request.scope["query_string"].decode(errors="replace"), keep_blank_values=True))

    @cached_property
    def form(self) -> Form:
        """The form that was sent. Raises `WebError` for what is none."""
        return parse_form(self._raw_body, self.request.headers.get("content-type", ""))

    @property
    def signed_in(self) -> SignedIn | None:
        """The signed-in user with the session; `None` without one."""
        return self._context.signed_in

    @property
    def account(self) -> User:
        """The signed-in user. Other clients are redirected to sign in, and return afterwards."""
        return self.require_signed_in().user

    @property
    def caller(self) -> access.Caller:
        """The signed-in user, for verbs that are about no project."""
        return access.Caller(self.account.id)

    def require_signed_in(self) -> SignedIn:
        """Return who is signed in, and by which session. Strangers are sent to sign in."""
        if self.signed_in is None:
            raise SignInNeeded(
                _address(self.request) if self.request.method in {"GET", "HEAD"} else came_from(self.request, self.root)
            )
        return self.signed_in

    async def find_caller(self, _beginning: bytes) -> str | None:
        """Return who sends a form that has only begun to arrive; `None` for strangers."""
        if read_session_cookie(self.request.scope, root=self.root) is None:
            return None
        signed_in = await anyio.to_thread.run_sync(lambda: self.signed_in, limiter=self.services.threads)
        return None if signed_in is None else f"user {signed_in.user.id}"

    @property
    def memberships(self) -> list[Membership]:
        """The projects of the signed-in user, with roles."""
        return self._context.memberships

    @property
    def project(self) -> Project:
        """The project that the path names. Raises `ProjectNotFound` for one that is not the visitor's."""
        here = _find(self.memberships, self.path)
        if here is None:
            raise ProjectNotFound
        return here.project

    @property
    def links(self) -> Links:
        """The addresses of the project's pages."""
        return Links(self.project.id, self.root)

    @property
    def root(self) -> str:
        """The path under which browsers reach the pages; empty if that is the host itself."""
        return path_of(self.services.public_url)

    @property
    def address(self) -> str:
        """The address under which programs reach this server."""
        return self.services.public_url or str(self.request.base_url).rstrip("/")

    def enter(self, permission: Permission) -> Actor:
        """Authorise the signed-in user for the project that the path names. Raises `ProjectNotFound`, `PermissionDenied`."""
        caller = self.caller
        # One address for each page: no other spelling of the id, and no "@current", whose page would change under its reader.
        if not _PROJECT_ID.fullmatch(self.path["project_id"]):
            raise ProjectNotFound
        with self.database.read() as tx:
            return access.enter(tx, caller, reference=self.path["project_id"], permission=permission, request_id=self.request_id)

    def page(self, template: str, status: int = 200, *, headers: Mapping[str, str] | None = None, **context: object) -> Response:
        """Return a page. Every template also gets what all pages show; see `_shown_always`."""
        html = render(template, {**self._shown_always(self._context), **context})
        if self.signed_in and self.signed_in.session.notice:
            self._keep_notice(self.signed_in.session.id, None)
        return HTMLResponse(html, status, headers)

    def anonymous_page(
        self, template: str, status: int, *, headers: Mapping[str, str] | None = None, **context: object
    ) -> Response:
        """Return a page that needs no database, and so shows no user."""
        html = render(template, {**self._shown_always(_Context(None, [])), **context})
        return HTMLResponse(html, status, headers)

    def redirect(self, path: str, notice: str = "") -> Response:
        """Lead on to another page, as every form does that has changed something. The page tells the notice, once."""
        if notice and self.signed_in:
            self._keep_notice(self.signed_in.session.id, notice)
        return RedirectResponse(path, 303)

    def sign_in(self, new: NewSession, path: str, notice: str = "") -> Response:
        """Begin a session in this browser and lead on to a page, which tells the notice."""
        self._cookie = new.value
        if notice:
            self._keep_notice(new.session.id, notice)
        return RedirectResponse(path, 303)

    def sign_out(self, path: str) -> Response:
        """Take the session's value away from this browser and lead on to a page."""
        self._cookie = ""
        return RedirectResponse(path, 303)

    def finish(self, response: Response) -> Response:
        """Add to a view's answer what its visitor's session needs."""
        if self._cookie is not None:
            lasts = self.services.session_limits.longest
            response.headers.append(
                "Set-Cookie", write_session_cookie(self.request.scope, self._cookie, lasts=lasts, root=self.root)
            )
        here = _find(self._context.memberships, self.path) if "_context" in self.__dict__ else None
        if here is not None and here.project.id != read_last_project(self.request.scope):
            response.headers.append("Set-Cookie", write_last_project(self.request.scope, here.project.id, root=self.root))
        # A page that did not look up the session has no session to renew.
        context: _Context | None = self.__dict__.get("_context")
        signed_in = context.signed_in if context else None
        if signed_in and sessions.is_worth_noting(signed_in.session, self.database.clock()):
            response.background = BackgroundTask(sessions.note_seen, self.database, signed_in.session)
        return response

    def _keep_notice(self, session_id: str, notice: str | None) -> None:
        with self.database.write() as tx:
            sessions.leave_notice(tx, session_id, notice)

    @cached_property
    def _context(self) -> "_Context":
        """The signed-in user and the project, read once."""
        value = read_session_cookie(self.request.scope, root=self.root)
        if value is None:
            return _Context(None, [])
        with self.database.read() as tx:
            signed_in = sessions.find_session(tx, value, limits=self.services.session_limits)
            if signed_in is None:
                return _Context(None, [])
            memberships = administration.list_own_projects(tx, signed_in.user)
            here = _find(memberships, self.path) or _find_last(memberships, self.request)
            waiting = 0 if here is None else request_options.count_waiting(tx, _as_actor(signed_in.user, here))
            return _Context(signed_in, memberships, waiting)

    def _shown_always(self, context: "_Context") -> dict[str, object]:
        here = _find(context.memberships, self.path) or _find_last(context.memberships, self.request)
        return {
            **self.services.assets.globals,
            "account": context.signed_in.user if context.signed_in else None,
            "project": here.project if here else None,
            "links": Links(here.project.id, self.root) if here else None,
            "root": self.root,
            "projects": _list_for_menu(context.memberships, here),
            "project_count": len(context.memberships),
            "may_found_projects": any(each.role is Role.ADMIN for each in context.memberships),
            "role": here.role if here else None,
            "can_write": here is not None and here.role.includes(Permission.WRITE.role),
            "can_manage": here is not None and here.role.includes(Permission.MANAGE.role),
            "waiting_requests": context.waiting,
            "notice": (context.signed_in.session.notice or "") if context.signed_in else "",
            "path": self.request.url.path,
            "now": self.database.clock(),
        }


@dataclass(frozen=True, slots=True)
class _Context:
    signed_in: SignedIn | None
    memberships: list[Membership]
    waiting: int = 0
    """Change requests of the project that wait for the user."""


View = Callable[[PageRequest], Response]

MAX_PROJECTS_IN_MENU = 10
"""Maximum projects that the menu of every page lists."""

_PROJECT_ID = re.compile(r"[1-9][0-9]*")


def _as_actor(user: User, here: Membership) -> Actor:
    return Actor(here.project.id, here.role, frozenset({Scope.ALL}), user.id)


def _find(memberships: list[Membership], path: Mapping[str, str]) -> Membership | None:
    return next((each for each in memberships if str(each.project.id) == path.get("project_id")), None)


def _list_for_menu(memberships: list[Membership], here: Membership | None) -> list[Project]:
    """List the projects in the menu: all of a few; of many the current one and the first others, as the menu has a search."""
    if len(memberships) <= MAX_PROJECTS_IN_MENU:
        return [each.project for each in memberships]
    others = [each for each in memberships if each != here]
    return [each.project for each in [*([here] if here else []), *others][:MAX_PROJECTS_IN_MENU]]


def came_from(request: Request, root: str) -> str:
    """Return the address of the page whose form was sent, empty if the browser does not tell or it is of another site."""
    try:
        page = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return ""
    if page.netloc != request.url.netloc or not page.path.startswith(f"{root}/projects/"):
        return ""
    return page.path.removeprefix(root) + (f"?{page.query}" if page.query else "")


def _find_last(memberships: list[Membership], request: Request) -> Membership | None:
    last = read_last_project(request.scope)
    return next((each for each in memberships if each.project.id == last), None)


def _address(request: Request) -> str:
    query = request.scope["query_string"].decode("ascii", "replace")
    return quote(request.scope["path"], safe="/@:") + (f"?{query}" if query else "")
