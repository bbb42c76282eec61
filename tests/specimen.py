"""Specimen pages: the parts of the pages with made-up contents, in a real Chromium, for tests and for one's own eyes.

``python tests/specimen.py FOLDER`` writes pictures of all of them, by day and by night, narrow, middling and wide.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
from chromium import HOST, chromium, open_context, open_page
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined
from markupsafe import Markup
from ports import free_port
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from promptuary.web import templating
from promptuary.web.assets import Assets

TEMPLATES = Path(__file__).parent / "web/specimen"
NAMES = tuple(sorted(path.stem for path in TEMPLATES.glob("*.html") if not path.stem.startswith("_")))
WIDTHS = (360, 1280, 2560)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

_NOW = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)
_ADA = SimpleNamespace(id=1, email="ada@example.com", first_name="Ada", last_name="Lovelace")
_PROJECTS = [SimpleNamespace(id=1, name="Support assistant"), SimpleNamespace(id=2, name="Shop, in all languages")]
_PROMPT = """# Role

You answer customers of {{company}} in {{language}}. Be exact, be brief, and never promise what the terms do not.

## How to answer

1. Say **first** what was asked, then what follows from it.
2. Quote the paragraph of the terms you rely on, as in `§ 4`.
3. If you do not know, say so and hand over to a person.

> Customers are in a hurry. So is the reader of your answer.

## What was asked

{{question}}
"""


def _made_up() -> dict[str, object]:
    """Return what all specimen pages are filled with."""
    people = ["Ada Lovelace", "Grace Hopper", "Ægir Þórsson", "Łukasz Żółć"]
    prompts = [
        SimpleNamespace(
            name=name, latest=latest, labels=labels, author=people[number % 4], at=_NOW - timedelta(hours=7**number % 5000)
        )
        for number, (name, latest, labels) in enumerate(
            [
                ("support-reply", 12, [("production", 11), ("staging", 12)]),
                ("code-review", 3, [("production", 3)]),
                ("travel-agent-system", 41, [("production", 38), ("staging", 41), ("experiment-7b", 40)]),
                ("summarise_thread", 1, []),
                ("shop-product-description-for-the-autumn-catalogue-of-outdoor-goods", 204, [("production", 203)]),
                ("tutor", 7, [("beta-testers-in-the-north-of-the-country", 6)]),
                ("sql-from-question", 19, []),
            ]
        )
    ]
    return {"ada": _ADA, "people": people, "prompts": prompts, "text": _PROMPT, "now": _NOW}


def _relative(moment: datetime) -> str:
    hours = (_NOW - moment) // timedelta(hours=1)
    return f"{hours // 24} days ago" if hours >= 48 else f"{hours} hours ago" if hours > 1 else "just now"


def create_specimen() -> Starlette:
    """Return the specimen pages as an application, with the same policy as the pages themselves."""
    assets = Assets.load()
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), PackageLoader("promptuary.web")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= templating.environment().filters
    environment.filters |= {"relative": _relative, "exact": lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S UTC")}
    environment.filters["marked"] = lambda part: Markup('<span class="variable">{}</span>').format(part) if "{{" in part else part
    environment.tests["search_in"] = lambda name, needle: needle in name
    environment.globals |= assets.globals | {"root": ""}

    async def show(request: Request) -> Response:
        name = request.path_params["name"]
        if request.query_params.get("search") == "sign me out":
            return RedirectResponse("/sign-in", 303)
        context = {
            "account": None if name == "sign-in" else _ADA,
            "project": None if name == "sign-in" else _PROJECTS[0],
            "projects": [] if name == "sign-in" else _PROJECTS,
            "project_count": 0 if name == "sign-in" else len(_PROJECTS),
            "role": None if name == "sign-in" else SimpleNamespace(value="editor"),
            "can_write": True,
            "can_manage": False,
            "may_found_projects": True,
            "waiting_requests": 2,
            "notice": request.query_params.get("notice", ""),
            "path": f"/projects/1/{'prompts' if name != 'activity' else 'activity'}/",
            "query": request.query_params,
        }
        html = environment.get_template(f"{name}.html").render(context | _made_up())
        return HTMLResponse(html, headers={"Content-Security-Policy": POLICY})

    async def take(request: Request) -> Response:
        return RedirectResponse(f"/{request.query_params['then']}", 303)

    return Starlette(
        routes=[
            Route("/static/{name:path}", assets.respond),
            Route("/send", take, methods=["POST"]),
            Route("/{name}", show),
        ]
    )


@contextmanager
def running_specimen() -> Iterator[str]:
    """Serve the specimen pages, and give their address. It is no address of this machine, so browsers take it for a distant one."""
    port = free_port()
    options = ["--factory", "--ws=none", f"--port={port}", "--log-level=warning"]
    with subprocess.Popen(
        [sys.executable, "-m", "uvicorn", *options, "specimen:create_specimen"], cwd=Path(__file__).parent
    ) as server:
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as client:
                client.get(f"http://127.0.0.1:{port}/list").raise_for_status()
            yield f"http://{HOST}:{port}"
        finally:
            server.terminate()


def _write_pictures(folder: Path, names: tuple[str, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with running_specimen() as origin, chromium() as browser:
        for width in WIDTHS:
            for theme in ("light", "dark"):
                context = open_context(browser, origin, width=width, theme=theme)
                for name in names:
                    page, complaints = open_page(context, f"/{name}?notice=Published+version+12.")
                    page.wait_for_timeout(300)
                    page.screenshot(path=folder / f"{name}-{width}-{theme}.png", full_page=True)
                    print(name, width, theme, complaints)  # noqa: T201 - it says how far it is.
                    page.close()
                context.close()


if __name__ == "__main__":
    _write_pictures(Path(sys.argv[1]), tuple(sys.argv[2:]) or NAMES)
