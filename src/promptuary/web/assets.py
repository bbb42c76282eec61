"""The style sheet, scripts and fonts of the pages: read once, named by their content, cached by browsers permanently.

The style sheet is one file, put together from `static/css`. Scripts and fonts come from `static/build`, which `make frontend`
writes; without it pages work with system fonts and without scripts.
"""

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from promptuary.web.bundle import STATIC, manifest_of

PREFIX = "/static/"

STYLE_SHEETS = (
    "fonts",
    "tokens",
    "base",
    "layout",
    "fields",
    "parts",
    "listings",
    "navigation",
    "prompt-text",
    "difference",
    "editor",
    "cards",
)
"""Parts of the style sheet, in the order in which later rules win."""

_FOR_EVER = "public, max-age=31536000, immutable"
_CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_COMPRESSED_ALREADY = frozenset({".woff2"})
_URL = re.compile(r'url\("([^":]+)"\)')
_REFUSED = re.compile(r"\s*(?:0|0\.0{0,3})\s*")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent. ``gzipped`` is `None` where compression gains nothing."""

    content_type: str
    content: bytes
    gzipped: bytes | None


class Assets:
    """The files below ``/static/``. Names are looked up among those read at the start; no request reaches the file system."""

    def __init__(self, *, addresses: dict[str, str], served: dict[str, Asset], has_bundle: bool, root: str) -> None:
        self.has_bundle = has_bundle
        """`True` if there are scripts and fonts."""
        self._addresses = MappingProxyType(addresses)
        self._root = root
        self._served = MappingProxyType(served)

    @classmethod
    def load(cls, folder: Path = STATIC, *, root: str = "") -> "Assets":
        """Read and compress everything below a folder. ``root`` is the path under which browsers reach the server."""
        gathered = _Gathered(root)
        manifest = manifest_of(folder)
        has_bundle = manifest.is_file()
        if has_bundle:
            gathered.add_bundle(manifest.parent, json.loads(manifest.read_bytes()))
        for path in sorted(folder.glob("*.svg")):
            gathered.add(path.name, path.read_bytes())
        sheets = [folder / "css" / f"{name}.css" for name in STYLE_SHEETS if has_bundle or name != "fonts"]
        gathered.add("app.css", gathered.with_addresses("\n".join(sheet.read_text("utf-8") for sheet in sheets)).encode())
        return cls(addresses=gathered.addresses, served=gathered.served, has_bundle=has_bundle, root=root)

    def url(self, name: str) -> str:
        """Return the address of a file by the name that templates know it by, such as ``app.css``."""
        return self._root + self._addresses[name]

    @property
    def globals(self) -> dict[str, object]:
        """Functions for templates."""
        return {"asset": self.url, "has_bundle": self.has_bundle}

    async def respond(self, request: Request) -> Response:
        """Answer a request for a file below ``/static/``."""
        asset = self._served.get(request.scope["path"].removeprefix(PREFIX))
        if asset is None:
            return PlainTextResponse("There is no such file.\n", 404, {"Cache-Control": "no-store"})
        headers = {"Cache-Control": _FOR_EVER, "Content-Type": asset.content_type, "X-Content-Type-Options": "nosniff"}
        content = asset.content
        if asset.gzipped is not None:
            headers["Vary"] = "Accept-Encoding"
            if _takes_gzip(request.headers.getlist("accept-encoding")):
                headers["Content-Encoding"] = "gzip"
                content = asset.gzipped
        headers["Content-Length"] = str(len(content))
        return Response(b"" if request.method == "HEAD" else content, headers=headers)


class _Gathered:
    """Files read so far: addresses by name, and files by served name."""

    def __init__(self, root: str) -> None:
        self._root = root
        self.addresses: dict[str, str] = {}
        self.served: dict[str, Asset] = {}

    def add(self, name: str, content: bytes) -> None:
        """Add a file under a name that tells its content."""
        stem, _, extension = name.rpartition(".")
        fingerprint = hashlib.sha256(content).hexdigest()[:16]
        self._serve(name, f"{stem}.{fingerprint}.{extension}", content)

    def add_bundle(self, folder: Path, entries: dict[str, str]) -> None:
        """Add what `make frontend` built. Its scripts name each other, so they keep the names that it gave them by content."""
        names = {built: name for name, built in entries.items()}
        for path in sorted(folder.iterdir()):
            if path.suffix == ".js":
                self._serve(names.get(path.name, path.name), path.name, path.read_bytes())
            elif path.suffix in _CONTENT_TYPES:
                self.add(path.name, path.read_bytes())

    def with_addresses(self, style_sheet: str) -> str:
        """Return a style sheet with the names of files in it replaced by their addresses."""
        return _URL.sub(lambda found: f'url("{self._root}{self.addresses[found[1]]}")', style_sheet)

    def _serve(self, name: str, served_name: str, content: bytes) -> None:
        extension = Path(name).suffix
        gzipped = None if extension in _COMPRESSED_ALREADY else _compressed(content)
        self.addresses[name] = PREFIX + served_name
        self.served[served_name] = Asset(_CONTENT_TYPES[extension], content, gzipped)


@cache
def _compressed(content: bytes) -> bytes | None:
    """Return a content compressed as far as it goes, or `None` where that gains nothing; once, as it takes long."""
    gzipped = gzip.compress(content, 9, mtime=0)
    return gzipped if len(gzipped) < len(content) else None


def _takes_gzip(values: list[str]) -> bool:
    """Return `True` if ``Accept-Encoding`` allows gzip (RFC 9110, section 12.5.3)."""
    allowed: dict[str, bool] = {}
    for value in ",".join(values).lower().split(","):
        coding, _, parameter = value.partition(";")
        weight = parameter.strip().removeprefix("q=")
        allowed[coding.strip()] = not (parameter and _REFUSED.fullmatch(weight))
    return allowed.get("gzip", allowed.get("*", False))
