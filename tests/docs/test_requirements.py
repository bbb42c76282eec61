"""The locked requirements agree with each other: what is tested is what is built and what is in the image."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "requirements"


def locked(name: str) -> set[tuple[str, str]]:
    """Return the names and versions of a file."""
    return set(re.findall(r"^([a-z0-9-]+)==(\S+)", (FOLDER / f"{name}.txt").read_text(), re.MULTILINE))


def test_wheels_are_built_with_what_a_checkout_has() -> None:
    assert "hatchling" in dict(locked("build"))
    assert locked("build") <= locked("run")


def test_the_image_has_what_a_checkout_has_except_what_builds_wheels() -> None:
    tools = locked("build") - locked("container")
    assert "hatchling" in dict(tools)
    assert locked("run") - tools <= locked("container")


def test_the_image_has_the_extras_at_the_versions_that_the_tests_run_with() -> None:
    image, tested = locked("container"), dict(locked("dev"))
    assert {"mcp", "opentelemetry-exporter-otlp-proto-http", "redis", "valkey"} <= set(dict(image))
    assert {package for package in image if package[0] in tested} <= locked("dev")
