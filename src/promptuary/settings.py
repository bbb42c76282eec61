"""Every setting, its default and its meaning. `docs/settings.md` is written from here; a test compares.

Settings come from the environment (``PROMPTUARY_...``) and from a file ``.env`` in the working directory.
"""

import sys
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from promptuary.model.accounts import SessionLimits

PREFIX = "PROMPTUARY_"


def _checked_public_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment):
        message = "must look like https://prompts.example.com"
        raise ValueError(message)
    return value.rstrip("/")


def _checked_rate(value: str) -> str:
    # Commands leave it at its default, and do without the library.
    from limits import parse  # noqa: PLC0415

    try:
        if value:
            parse(value)
    except ValueError:
        message = "must look like 600/minute"
        raise ValueError(message) from None
    return value


def _checked_storage(value: str) -> str:
    from limits.errors import ConfigurationError  # noqa: PLC0415 - the same
    from limits.storage import storage_from_string  # noqa: PLC0415

    try:
        storage_from_string(value)
    except ConfigurationError:
        message = (
            "must be memory://, redis://host:6379 or valkey://host:6379, the latter with promptuary[redis] or promptuary[valkey] "
            "installed"
        )
        raise ValueError(message) from None
    return value


def _checked_token(value: str) -> str:
    if not (value.isascii() and value.isprintable()) or " " in value:
        message = "must be ASCII characters without spaces"
        raise ValueError(message)
    return value


def _can_trace() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def _checked_traces(value: str) -> str:
    if value == "otlp" and not _can_trace():
        message = "must be off, or otlp with promptuary[otel] installed"
        raise ValueError(message)
    return value


Rate = Annotated[str, AfterValidator(_checked_rate)]


class Settings(BaseSettings):
    """All settings. Construct it without arguments to read them from the environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        extra="ignore",
        frozen=True,
        # The defaults are good, and to check them loads what counts rate limits, which commands do without.
        validate_default=False,
    )

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
        description="Most connections that the requests of one worker hold to the database. On PostgreSQL it holds two more, "
        "by which it hears of changes, and two while somebody follows changes by a stream.",
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
    max_streams: int = Field(
        default=10_000,
        ge=0,
        le=1_000_000,
        description="Most streams of changes that one worker keeps open; beyond, callers get 503.",
    )
    max_streams_per_key: int = Field(
        default=1000,
        ge=0,
        le=1_000_000,
        description="Maximum streams of changes that one worker keeps open for one key, or for one user who is signed in; "
        "beyond, callers get 503. 0 disables.",
    )
    max_agent_streams_per_key: int = Field(
        default=20,
        ge=0,
        le=1_000_000,
        description="Maximum streams of MCP that one worker keeps open for one key, of 100 for all; beyond, callers get 503. "
        "0 disables.",
    )
    usage_seconds: int = Field(
        default=10,
        ge=1,
        le=3600,
        description="Seconds between two writes of what was counted of fetches: the most that a crash can lose.",
    )
    usage_days: int = Field(
        default=400,
        ge=1,
        le=100_000,
        description="Days after which counts of fetches are deleted.",
    )
    session_idle_days: int = Field(
        default=14, ge=1, le=1000, description="Days after which somebody who has not opened a page has to sign in again."
    )
    session_days: int = Field(
        default=90, ge=1, le=1000, description="Days after which everybody has to sign in again, counted from the last time."
    )
    public_url: Annotated[str, AfterValidator(_checked_public_url)] = Field(
        default="",
        description="Address under which clients reach the server, such as `https://prompts.example.com`; links in answers "
        "begin with it, and everything else with its path, if it has one, which the proxy takes off. Empty: the address that the "
        "request was sent to.",
    )
    trust_forwarded: bool = Field(
        default=False,
        description="Believe the last value of `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`, "
        "also if they come in several lines. Only behind a proxy that sets them.",
    )
    drain_seconds: float = Field(
        default=2,
        ge=0,
        le=3600,
        description="How long a server that is asked to stop (`SIGTERM`) serves on while `/_readyz` tells load balancers to go "
        "elsewhere. Longer than they take to notice. 0: stop at once.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe messages that are logged: `debug`, `info`, `warning` or `error`."
    )
    log_format: Literal["auto", "text", "json"] = Field(
        default="auto", description="`text`, `json`, or `auto`: text on a terminal, JSON otherwise."
    )
    log_requests: bool = Field(default=True, description="Log a line for every request.")
    metrics: bool = Field(default=True, description="Serve metrics for Prometheus at `/metrics`.")
    metrics_token: Annotated[str, AfterValidator(_checked_token)] = Field(
        default="",
        description="Token that `/metrics` asks for, sent as `Authorization: Bearer`. Empty: everybody who reaches the server may "
        "read the metrics, which hold no names, keys or prompts.",
    )
    traces: Annotated[Literal["off", "otlp"], AfterValidator(_checked_traces)] = Field(
        default="off",
        description="`otlp`: send a trace of each request to an OpenTelemetry collector; the variables `OTEL_...` say where "
        "(install `promptuary[otel]`). `off`: send none.",
    )
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
    rate_limit_sign_ins: Rate = Field(
        default="10/minute",
        description="Attempts to sign in that may fail, from one address and for one account, before there is a pause. "
        "Empty: any number.",
    )

    rate_limit_all_sign_ins: Rate = Field(
        default="300/minute",
        description="Attempts to sign in that may fail from all addresses together. Beyond, addresses from which one has failed "
        "have to wait; all others still get in. Empty: any number.",
    )

    @property
    def session_limits(self) -> SessionLimits:
        """How long sessions last."""
        return SessionLimits(idle=timedelta(days=self.session_idle_days), longest=timedelta(days=self.session_days))

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


def writes_text(settings: Settings) -> bool:
    """Tell whether logs are lines of text, not JSON."""
    return settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
