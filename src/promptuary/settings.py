"""Every setting, its default and its meaning. `docs/settings.md` is written from here; a test compares.

Settings come from the environment (``PROMPTUARY_...``) and from a file ``.env`` in the working directory.
"""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from limits import parse
from limits.errors import ConfigurationError
from limits.storage import storage_from_string
from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "PROMPTUARY_"


def _checked_public_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment):
        message = "must look like https://prompts.example.com"
        raise ValueError(message)
    return value.rstrip("/")


def _checked_rate(value: str) -> str:
    try:
        if value:
            parse(value)
    except ValueError:
        message = "must look like 600/minute"
        raise ValueError(message) from None
    return value


def _checked_storage(value: str) -> str:
    try:
        storage_from_string(value)
    except ConfigurationError:
        message = (
            "must be memory://, redis://host:6379 or valkey://host:6379, the latter with promptuary[redis] or promptuary[valkey] "
            "installed"
        )
        raise ValueError(message) from None
    return value


Rate = Annotated[str, AfterValidator(_checked_rate)]


class Settings(BaseSettings):
    """All settings. Construct it without arguments to read them from the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(
        default=Path("promptuary-data"),
        description="Folder of the SQLite database. Created when missing.",
    )
    database_url: str = Field(
        default="",
        description="Where the data is: `sqlite:///path/to/file.db` or `postgresql://user:password@host/database`. "
        "Empty: `promptuary.db` in the data folder.",
    )
    database_pool_size: int = Field(
        default=10,
        ge=1,
        le=1000,
        description="Most connections that one worker holds to the database.",
    )
    cache_megabytes: int = Field(
        default=256,
        ge=0,
        le=1_000_000,
        description="Most memory in which each worker keeps answers to fetches, in MB. They are never stale. 0: keep none.",
    )
    change_log_days: int = Field(
        default=400,
        ge=1,
        le=100_000,
        description="Days after which entries of the change log are deleted.",
    )
    public_url: Annotated[str, AfterValidator(_checked_public_url)] = Field(
        default="",
        description="Address under which clients reach the server, such as `https://prompts.example.com`; links in answers "
        "begin with it. Empty: the address that the request was sent to.",
    )
    trust_forwarded: bool = Field(
        default=False,
        description="Believe the last value of `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`. "
        "Only behind a proxy that sets them.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe messages that are logged: `debug`, `info`, `warning` or `error`."
    )
    log_format: Literal["auto", "text", "json"] = Field(
        default="auto", description="`text`, `json`, or `auto`: text on a terminal, JSON otherwise."
    )
    log_requests: bool = Field(default=True, description="Log a line for every request.")
    rate_limit_storage: Annotated[str, AfterValidator(_checked_storage)] = Field(
        default="memory://",
        description="Where rate limits are counted: `memory://` (each worker for itself), `redis://host:6379` or "
        "`valkey://host:6379` (all workers together; install `promptuary[redis]` or `promptuary[valkey]`).",
    )
    rate_limit_reads: Rate = Field(default="", description="Reads allowed per key, such as `480/minute`. Empty: any number.")
    rate_limit_writes: Rate = Field(default="600/minute", description="Writes allowed per key. Empty: any number.")
    rate_limit_bad_keys: Rate = Field(
        default="300/minute",
        description="Requests with an invalid key that an address may send before it gets 429 for them. Valid keys are not "
        "affected. Empty: any number.",
    )

    @property
    def resolved_database_url(self) -> str:
        """The database URL with its default filled in."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'promptuary.db').absolute()}"


def settings_as_markdown() -> str:
    """Return the table of all settings for the documentation."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_shown_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | meaning |", "| --- | --- | --- |", *rows])


def _shown_default(default: object) -> str:
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    return f"`{shown}`" if shown else "empty"
