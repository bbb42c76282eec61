"""Static files: named by their content, compressed, kept for ever, and nothing else of the file system."""

import asyncio
import gzip
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from promptuary.web.assets import Assets
from promptuary.web.bundle import STATIC, is_built

STYLE = b".version { font-variant-numeric: tabular-nums; }\n"
SCRIPT = b"import('./editor.EEEEEEEE.js');\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as the package has one, without a bundle."""
    styles = tmp_path / "css"
    styles.mkdir()
    for path in (STATIC / "css").glob("*.css"):
        (styles / path.name).write_bytes(path.read_bytes())
    (tmp_path / "favicon.svg").write_bytes((STATIC / "favicon.svg").read_bytes())
    (tmp_path / "secret.txt").write_text("not for anybody")
    return tmp_path


@pytest.fixture
def bundled(folder: Path) -> Path:
    """The same folder with a small bundle in it."""
    bundle = folder / "build"
    bundle.mkdir()
    (bundle / "manifest.json").write_text('{"app.js": "app.AAAAAAAA.js"}')
    (bundle / "app.AAAAAAAA.js").write_bytes(SCRIPT)
    (bundle / "editor.EEEEEEEE.js").write_bytes(b"export const editor = 1;\n" * 50)
    for name in re.findall(r'url\("([^"]+)"\)', (folder / "css/fonts.css").read_text()):
        (bundle / name).write_bytes(name.encode())
    return folder


def _get(assets: Assets, path: str, *, method: str = "GET", encodings: str = "identity") -> httpx.Response:
    application = Starlette(routes=[Route("/static/{name:path}", assets.respond)])

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://promptuary") as client:
            return await client.request(method, path, headers={"Accept-Encoding": encodings})

    return asyncio.run(send())


def _raw_get(assets: Assets, path: str) -> tuple[int, bytes]:
    """Ask for a path exactly as it is given, which clients would tidy up."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    application = Starlette(routes=[Route("/static/{name:path}", assets.respond)])
    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b"", "root_path": ""}
    asyncio.run(application(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def test_a_file_is_kept_for_ever_under_a_name_that_tells_its_content(folder: Path) -> None:
    before = Assets.load(folder)
    assert re.fullmatch(r"/static/app\.[0-9a-f]{16}\.css", before.url("app.css"))
    assert Assets.load(folder).url("app.css") == before.url("app.css")

    answer = _get(before, before.url("app.css"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"

    with (folder / "css/parts.css").open("ab") as style_sheet:
        style_sheet.write(STYLE)
    assert Assets.load(folder).url("app.css") != before.url("app.css")


def test_the_style_sheet_has_all_files_in_their_order(folder: Path) -> None:
    assets = Assets.load(folder)
    style_sheet = _get(assets, assets.url("app.css")).text
    openings = [style_sheet.index((folder / "css" / name).read_text()[:60]) for name in ("tokens.css", "base.css", "editor.css")]
    assert openings == sorted(openings)
    on_disk = {path.stem for path in (STATIC / "css").glob("*.css")}
    assert all((STATIC / "css" / f"{name}.css").read_text()[:60] in style_sheet for name in on_disk - {"fonts"})


def test_without_a_bundle_the_style_sheet_names_no_other_file(folder: Path) -> None:
    assets = Assets.load(folder)
    assert not assets.has_bundle
    assert "url(" not in _get(assets, assets.url("app.css")).text
    assert assets.globals == {"asset": assets.url, "has_bundle": False}
    with pytest.raises(KeyError):
        assets.url("app.js")


def test_scripts_keep_the_names_by_which_they_name_each_other(bundled: Path) -> None:
    assets = Assets.load(bundled)
    assert assets.has_bundle
    assert assets.url("app.js") == "/static/app.AAAAAAAA.js"
    answer = _get(assets, "/static/editor.EEEEEEEE.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_the_style_sheet_names_faces_by_their_addresses(bundled: Path) -> None:
    assets = Assets.load(bundled)
    addresses = re.findall(r'url\("([^"]+)"\)', _get(assets, assets.url("app.css")).text)
    assert len(addresses) >= 4
    answers = [_get(assets, address) for address in addresses]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["content-type"] for answer in answers} == {"font/woff2"}


@pytest.mark.parametrize("encodings", ["gzip", "br, gzip;q=0.5", "*", "GZIP", "deflate;q=0, gzip"])
def test_who_takes_gzip_gets_it(folder: Path, encodings: str) -> None:
    assets = Assets.load(folder)
    plain = _get(assets, assets.url("app.css"))
    packed = _get(assets, assets.url("app.css"), encodings=encodings)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 3
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("encodings", ["identity", "br", "gzip;q=0", "gzip; q=0.0", "*;q=0", "gzip;q=0, *", ""])
def test_who_does_not_take_gzip_gets_the_file_itself(folder: Path, encodings: str) -> None:
    assets = Assets.load(folder)
    answer = _get(assets, assets.url("app.css"), encodings=encodings)
    assert "content-encoding" not in answer.headers
    assert len(answer.content) == int(answer.headers["content-length"])


def test_faces_are_not_compressed_twice(bundled: Path) -> None:
    assets = Assets.load(bundled)
    answer = _get(assets, assets.url("literata-latin.woff2"), encodings="gzip")
    assert "content-encoding" not in answer.headers
    assert answer.content == b"literata-latin.woff2"


def test_head_tells_the_length_and_sends_nothing(folder: Path) -> None:
    assets = Assets.load(folder)
    answer = _get(assets, assets.url("app.css"), method="HEAD")
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-length"] == _get(assets, assets.url("app.css")).headers["content-length"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/app.css",
        "/static/app.0000000000000000.css",
        "/static/secret.txt",
        "/static/../secret.txt",
        "/static/../../../../../../etc/passwd",
        "/static/..\\secret.txt",
        "/static//etc/passwd",
        "/static/css/tokens.css",
        "/static/build/manifest.json",
        "/static/manifest.json",
        "/static/\0",
        "/static/\udcff",
    ],
)
def test_nothing_else_is_served(bundled: Path, path: str) -> None:
    status, body = _raw_get(Assets.load(bundled), path)
    assert (status, body) == (404, b"There is no such file.\n")


def test_a_file_that_comes_later_is_not_served(folder: Path) -> None:
    assets = Assets.load(folder)
    (folder / "late.svg").write_text("<svg/>")
    assert _raw_get(assets, "/static/late.svg")[0] == 404


def test_a_missing_file_is_not_kept(folder: Path) -> None:
    assert _get(Assets.load(folder), "/static/app.css").headers["cache-control"] == "no-store"


def test_the_files_of_the_package_are_small() -> None:
    assets = Assets.load()
    assert len(gzip.compress(_get(assets, assets.url("app.css")).content)) < 12_000


@pytest.mark.skipif(not is_built(), reason="The bundle is not built; `make frontend` needs npm.")
class TestBundle:
    """The bundle that `make frontend` built."""

    def test_reading_pages_load_a_few_kilobytes_of_scripts(self) -> None:
        assets = Assets.load()
        script = _get(assets, assets.url("app.js"), encodings="gzip")
        loaded = [
            script,
            *(_get(assets, f"/static/{name}", encodings="gzip") for name in re.findall(r'from"\./([^"]+)"', script.text)),
        ]
        assert {answer.status_code for answer in loaded} == {200}
        assert sum(int(answer.headers["content-length"]) for answer in loaded) < 10_000

    def test_faces_are_smaller_than_120_kilobytes_together(self) -> None:
        faces = list((STATIC / "build").glob("*.woff2"))
        assert len(faces) == 6
        assert sum(face.stat().st_size for face in faces) < 120_000

    def test_a_page_on_which_one_writes_is_smaller_than_300_kilobytes(self) -> None:
        files = [path.read_bytes() for path in (STATIC / "build").iterdir() if path.suffix in {".js", ".woff2"}]
        packed = [min(len(gzip.compress(content)), len(content)) for content in files]
        assert sum(packed) < 280_000

    def test_the_licences_of_what_it_is_made_of_are_beside_it(self) -> None:
        licences = (STATIC / "build/licences.txt").read_text()
        assert "SIL OPEN FONT LICENSE" in licences
        assert re.search(r"^@codemirror/view \d", licences, re.MULTILINE)
        assert re.search(r"^@fontsource-variable/literata \d", licences, re.MULTILINE)
