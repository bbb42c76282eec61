"""`docs/operations.md` and the dashboard name metrics, labels and label values that there are."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from promptuary.metrics.layout import EXPOSED, LABEL_VALUES, metrics_as_markdown

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "operations.md").read_text()
DASHBOARD: Any = json.loads((DOCS / "grafana" / "promptuary.json").read_text())

PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
QUERIES += [variable["definition"] for variable in DASHBOARD["templating"]["list"] if "definition" in variable]
RULES = re.search(r"^groups:\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

OF_ANY_SCRAPE = {"instance", "job", "le"}


def sample_names() -> set[str]:
    endings = {"histogram": ("_bucket", "_count", "_sum")}
    return {metric.name + ending for metric in EXPOSED for ending in endings.get(metric.kind, ("",))}


def named_metrics(text: str) -> set[str]:
    return set(re.findall(r"\b(?:promptuary|process)_\w+", text))


def test_the_page_has_the_table_that_the_code_makes() -> None:
    assert [line for line in PAGE.splitlines() if line.startswith("|")] == metrics_as_markdown().splitlines()


def test_the_alerts_name_metrics_that_there_are() -> None:
    assert RULES is not None
    named = named_metrics(RULES[1])
    assert len(named) >= 6
    assert named <= sample_names()


@pytest.mark.parametrize("query", QUERIES)
def test_the_dashboard_names_metrics_labels_and_values_that_there_are(query: str) -> None:
    assert named_metrics(query)
    assert named_metrics(query) <= sample_names()
    labels = {label for metric in EXPOSED for label in metric.labels} | OF_ANY_SCRAPE
    assert {label for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(", ")} <= labels
    for label, sign, value in re.findall(r'(\w+)(=~?)"([^"$]*)"', query):
        known = LABEL_VALUES[label]
        assert any(re.fullmatch(value, each) for each in known) if sign == "=~" else value in known


def test_the_dashboard_shows_every_metric() -> None:
    shown = {name for query in QUERIES for name in named_metrics(query)}
    families = {metric.name for metric in EXPOSED if any(name.startswith(metric.name) for name in shown)}
    assert families == {metric.name for metric in EXPOSED}


def test_the_dashboard_can_be_pointed_at_any_data_source_and_server() -> None:
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == ["datasource", "job", "instance"]
    assert {panel["datasource"]["uid"] for panel in PANELS} == {"${datasource}"}
    assert all('instance=~"$instance"' in target["expr"] for panel in PANELS for target in panel["targets"])
    identifiers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identifiers)) == len(identifiers)
