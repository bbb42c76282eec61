"""The texts of the demo project."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DemoVersion:
    """A version: prompt, config and note."""

    prompt: object
    note: str
    config: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class DemoPrompt:
    """A prompt: its versions from the first to the latest, and where its labels point."""

    name: str
    versions: list[DemoVersion]
    labels: dict[str, int] = field(default_factory=dict)


PROMPTS: list[DemoPrompt] = []
