"""Pages of the list, with many prompts."""

from urllib.parse import urlencode

from bench.dataset import KEY, sqlite_dataset
from bench.loads import ALONE, Load, in_turns, with_connections
from bench.pace import FEW_CONNECTIONS, Bench
from bench.results import Goal, Topic
from bench.servers import running_promptuary

_PAGE = 100
_GOAL_MILLISECONDS = 25


def measure(bench: Bench) -> Topic:
    """Measure pages of the list in several orders, from the front and from deep inside, and of one label."""
    dataset = sqlite_dataset(bench)
    deep, last = dataset.prompts // 2, dataset.prompts - _PAGE
    pages: dict[str, dict[str, object]] = {
        "newest first": {},
        f"newest first, offset {deep:,}": {"offset": deep},
        f"newest first, offset {last:,}": {"offset": last},
        "by name": {"order_by": "name"},
        f"by name, offset {deep:,}": {"order_by": "name", "offset": deep},
        "by -updated_at": {"order_by": "-updated_at"},
        "by -prompt_size_bytes": {"order_by": "-prompt_size_bytes"},
        "label=production": {"label": "production"},
        f"label=production, offset {deep:,}": {"label": "production", "offset": deep},
    }
    with running_promptuary(bench.subfolder("lists"), database_url=dataset.url, key=KEY) as promptuary:
        loads = [
            Load(
                name,
                f"{promptuary.prompts}?{urlencode({'content': 'none', 'limit': _PAGE} | page)}",
                promptuary.headers,
                status=200,
            )
            for name, page in pages.items()
        ]
        loads = [with_connections(load, connections) for connections in FEW_CONNECTIONS for load in loads]
        outcomes = in_turns(loads, bench.pace.rounds, bench.pace.short_seconds)
    named = {load.name: outcome for load, outcome in zip(loads, outcomes, strict=True)}
    return Topic(
        name="lists",
        heading="Pages of the list",
        remark=f"{dataset.described} A page of {_PAGE} with `content=none`, on SQLite.",
        rows={name: outcome.latencies() for name, outcome in named.items()},
        goals=tuple(
            Goal(f"list page, {name}: p95", outcome.p95, _GOAL_MILLISECONDS, unit=" ms", is_minimum=False)
            for name, outcome in named.items()
            if name.endswith(ALONE)
        ),
    )
