"""Reading what `/metrics` says, with the parser of Prometheus' own library."""

from dataclasses import dataclass

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

LIST = "/api/projects/{project_id}/llm_prompts/"
FETCH = f"{LIST}name/{{prompt_name}}/"


@dataclass(frozen=True)
class Scraped:
    """All samples of a scrape."""

    text: str

    @property
    def families(self) -> list[Metric]:
        return list(text_string_to_metric_families(self.text))

    def value(self, name: str, **labels: str) -> float:
        """The sum of a sample's values over all series that have the labels; 0 when there are none."""
        return sum(
            sample.value
            for family in self.families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def requests(self) -> dict[tuple[str, str, str], float]:
        """How many requests there were, by method, route and status, but for those that tests wait and look with."""
        [family] = [family for family in self.families if family.name == "promptuary_requests"]
        counts = {
            (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value for sample in family.samples
        }
        return {key: count for key, count in counts.items() if key[1] not in {"/_readyz/", "/metrics/"}}
