"""``promptuary admin demo``: seed data to try things with."""

from promptuary.cli.admin.context import opened_database
from promptuary.cli.output import AsJson, say, show_record
from promptuary.registry import demo as seed


def demo(as_json: AsJson = False) -> None:
    """Create a demo project with a dozen prompts with histories and labels, and print a key for it."""
    with opened_database(creates=True) as database, database.write() as tx:
        seeded = seed.seed(tx)
    record = {
        "project": seeded.project.id,
        "name": seeded.project.name,
        "api_token": seeded.project.api_token,
        "prompts": seeded.prompt_count,
        "versions": seeded.version_count,
        "api_key": seeded.api_key,
    }
    show_record(record, as_json=as_json, note="The key is not shown again.")
    if not as_json:
        say(f"Try: promptuary serve, then GET /api/projects/{seeded.project.id}/llm_prompts/ with the key.")
