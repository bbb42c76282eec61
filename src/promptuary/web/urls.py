"""Addresses of the pages of one project."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class Links:
    """Builds the addresses of a project's pages. Query parameters that are `None` or empty are left out.

    ``root`` is the path under which the server is reached.
    """

    project_id: int
    root: str = ""

    def prompts(self, **query: object) -> str:
        """Lead to the list of prompts."""
        return self._address("prompts", **query)

    def new_prompt(self) -> str:
        """Lead to the form for a new prompt."""
        return self._address("new-prompt")

    def prompt(self, name: str, **query: object) -> str:
        """Lead to one prompt, at its latest version or the one chosen by ``version`` or ``label``."""
        return self._address("prompts", name, **query)

    def part(self, name: str, part: str, **query: object) -> str:
        """Lead to a page or an action of one prompt, such as ``edit`` or ``labels/set``."""
        return self._address("prompts", name, *part.split("/"), **query)

    def references(self, **query: object) -> str:
        """Lead to the prompts that a text can refer to."""
        return self._address("references", **query)

    def archive(self, **query: object) -> str:
        """Lead to the list of archived prompts."""
        return self._address("archive", **query)

    def archived(self, version_id: str, **query: object) -> str:
        """Lead to the archived prompt that a version belongs to."""
        return self._address("archive", version_id, **query)

    def activity(self, **query: object) -> str:
        """Lead to what was done in the project."""
        return self._address("activity", **query)

    def releases(self, **query: object) -> str:
        """Lead to the page on which prompts are released, with the list of releases."""
        return self._address("release", **query)

    def release(self, release_id: str) -> str:
        """Lead to one release."""
        return self._address("release", release_id)

    def release_undo(self, release_id: str) -> str:
        """Lead to the review of undoing a release."""
        return self._address("release", release_id, "undo")

    def requests(self, **query: object) -> str:
        """Lead to the change requests of the project."""
        return self._address("requests", **query)

    def new_request(self, **query: object) -> str:
        """Lead to the form for a new change request, of some moves if the query names them."""
        return self._address("new-request", **query)

    def request(self, request_id: int, part: str = "") -> str:
        """Lead to a change request, or to an action of it, such as ``approve``."""
        return self._address("requests", str(request_id), *filter(None, [part]))

    def label_rules(self) -> str:
        """Lead to the rules that protect labels."""
        return self._address("settings", "labels")

    def settings(self) -> str:
        """Lead to the project's settings."""
        return self._address("settings")

    def changes(self, name: str) -> str:
        """Lead to the stream of changes of one prompt, for scripts."""
        return f"{self.root}/api/projects/{self.project_id}/llm_prompts/changes/?{urlencode({'name': name})}"

    def webhooks(self) -> str:
        """Lead to the project's webhooks."""
        return self._address("settings", "webhooks")

    def webhook(self, webhook_id: str, **query: object) -> str:
        """Lead to a webhook with its deliveries."""
        return self._address("settings", "webhooks", webhook_id, **query)

    def of_webhook(self, webhook_id: str, action: str) -> str:
        """Lead to an action of a webhook."""
        return self._address("settings", "webhooks", webhook_id, action)

    def _address(self, *segments: str, **query: object) -> str:
        path = "".join(f"/{quote(segment, safe='')}" for segment in ("projects", str(self.project_id), *segments))
        sent = {name: value for name, value in query.items() if value is not None and value != ""}
        return f"{self.root}{path}/?{urlencode(sent)}" if sent else f"{self.root}{path}/"
