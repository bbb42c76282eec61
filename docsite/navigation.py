"""The navigation of the site. Pages that do not exist yet are left out; a page in no section is an error."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


class Unlisted(Exception):
    """A page of `docs/` is in no section."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the site: its title in the navigation, its file on the site, and the file of the repository it comes from.

    A page without a ``source`` is generated, and shown if ``needs`` exists.
    """

    title: str
    target: str
    source: str = ""
    needs: str = ""

    def is_there(self, root: Path) -> bool:
        """Return `True` if the repository has the source of the page."""
        return (root / (self.source or self.needs)).exists()


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the navigation."""

    title: str
    pages: Sequence[Page]


def _doc(title: str, name: str) -> Page:
    return Page(title, name, f"docs/{name}")


CLIENT = "clients/python/src/promptuary_client"
DECISIONS = "docs/decisions"

START = Page("Get started", "index.md", "docs/start.md")
LOCATIONS = Page("All commands", "commands.md", needs="docs/cli.md")
ENDPOINTS = Page("All endpoints", "endpoints.md", needs="docs/api.md")
REFUSALS = Page("Errors", "refusals.md", needs="docs/api.md")
CLIENT_REFERENCE = Page("Classes and functions", "client/reference.md", needs=CLIENT)

_SECTIONS = [
    Section("Start", [START, Page("Promptuary", "promptuary.md", "README.md"), _doc("Concepts", "concepts.md")]),
    Section(
        "Write",
        [
            _doc("Guide for authors", "guide.md"),
            _doc("Release with confidence", "releasing.md"),
            _doc("Protect labels and review changes", "protected-labels.md"),
        ],
    ),
    Section(
        "Use",
        [
            _doc("Programs", "programs.md"),
            _doc("Recipes", "recipes.md"),
            Page("Client library", "client/index.md", "clients/python/README.md"),
            CLIENT_REFERENCE,
            _doc("Clients under fault", "clients-under-fault.md"),
            _doc("Files and CI", "files.md"),
            _doc("MCP", "mcp.md"),
            _doc("Webhooks", "webhooks.md"),
            _doc("Migration from PostHog", "migration.md"),
        ],
    ),
    Section("REST API", [_doc("The API", "api.md"), ENDPOINTS, REFUSALS]),
    Section("Command line", [_doc("The command line", "cli.md"), LOCATIONS]),
    Section(
        "Run",
        [
            _doc("Deployment", "deployment.md"),
            _doc("Operations", "operations.md"),
            _doc("Settings", "settings.md"),
            _doc("Security", "security.md"),
            _doc("Performance", "performance.md"),
        ],
    ),
    Section(
        "Project",
        [
            Page("Changelog", "changelog.md", "CHANGELOG.md"),
            _doc("Versioning and stability", "versioning.md"),
            _doc("Packages and releases", "distribution.md"),
            Page("Architecture", "architecture.md", "ARCHITECTURE.md"),
            Page("Contributing", "contributing.md", "CONTRIBUTING.md"),
        ],
    ),
]


def list_sections(root: Path) -> list[Section]:
    """Return the sections with the pages that are there, the decisions last. Raises `Unlisted`."""
    present = [Section(section.title, [page for page in section.pages if page.is_there(root)]) for section in _SECTIONS]
    sections = [*present, Section("Decisions", list(_decisions(root)))]
    listed = {page.source for section in sections for page in section.pages}
    unlisted = [name for path in sorted((root / "docs").rglob("*.md")) if (name := str(path.relative_to(root))) not in listed]
    if unlisted:
        raise Unlisted(f"{unlisted[0]} has no place on the site. Give it one in docsite/navigation.py.")
    return sections


def _decisions(root: Path) -> Iterator[Page]:
    yield Page("All decisions", "decisions/index.md", f"{DECISIONS}/README.md")
    for path in sorted((root / DECISIONS).glob("[0-9]*.md")):
        title = path.read_text().partition("\n")[0].removeprefix("# ")
        yield Page(title, f"decisions/{path.name}", f"{DECISIONS}/{path.name}")
