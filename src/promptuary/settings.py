"""All settings with defaults and descriptions. `docs/settings.md` has the same table; a test compares them.

Settings come from the environment (``PROMPTUARY_...``) and from a file ``.env`` in the working directory.
"""

import re
import sys
from datetime import timedelta
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from promptuary.model.accounts import SessionLimits
from promptuary.model.references import MAX_DEPTH

PREFIX = "PROMPTUARY_"

_NOT_IN_URLS = re.compile(r"[\s\x00-\x1f\x7f\"<>\\^`{|}]")
"""Matches what URLs have in encoded form only."""


def _names_server(url: str) -> bool:
    """Return `True` for the URL of an HTTP server: with a host, and a port that can be one if there is any."""
    try:
        parts = urlsplit(url)
        has_address = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return has_address and parts.scheme in {"http", "https"} and _NOT_IN_URLS.search(url) is None


def _checked_public_url(value: str) -> str:
    if value and not (_names_server(value) and "?" not in value and "#" not in value):
        message = "must look like https://prompts.example.com"
        raise ValueError(message)
    return value.rstrip("/")


def _checked_rate(value: str) -> str:
    # Imported here because commands leave the setting at its default and should not load the library.
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


def _checked_networks(value: str) -> str:
    try:
        _read_networks(value)
    except ValueError:
        message = "must look like 10.0.0.0/8,fd00::/8"
        raise ValueError(message) from None
    return value


def _read_networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(network.strip()) for network in value.split(",") if network.strip())


def _checked_proxy(value: str) -> str:
    if value and not _names_server(value):
        message = "must look like http://proxy.example.com:3128"
        raise ValueError(message)
    return value


Rate = Annotated[str, AfterValidator(_checked_rate)]


class Settings(BaseSettings):
    """All settings. Construct it without arguments to read them from the environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        # Editors of Windows may begin the file with a byte order mark.
        env_file_encoding="utf-8-sig",
        extra="ignore",
        frozen=True,
        # Validating the defaults would load the rate limit library, which commands do not need.
        validate_default=False,
    )

    data_dir: Path = Field(
        default=Path("promptuary-data"),
        description="Folder of the SQLite database. Created if missing.",
    )
    database_url: str = Field(
        default="",
        description="Database URL: `sqlite:///path/to/file.db` or `postgresql://user:password@host/database`. "
        "Empty: the SQLite file `promptuary.db` in the data folder.",
    )
    database_pool_size: int = Field(
        default=10,
        ge=1,
        le=1000,
        description="Maximum database connections for the requests of one worker. On PostgreSQL, a worker opens two more to "
        "follow changes, and a third while change streams are open or it sends to webhooks.",
    )
    cache_megabytes: int = Field(
        default=256,
        ge=0,
        le=1_000_000,
        description="Maximum size of each worker's response cache, in MB. Cached responses are never stale. 0 disables the cache.",
    )
    change_log_days: int = Field(
        default=400,
        ge=1,
        le=100_000,
        description="Delete entries of the change log after this many days.",
    )
    max_streams: int = Field(
        default=10_000,
        ge=0,
        le=1_000_000,
        description="Maximum open change streams per worker; further requests get 503.",
    )
    max_streams_per_key: int = Field(
        default=1000,
        ge=0,
        le=1_000_000,
        description="Maximum open change streams per worker for one API key or signed-in user; further requests get 503. "
        "0 disables the limit.",
    )
    max_agent_streams_per_key: int = Field(
        default=20,
        ge=0,
        le=1_000_000,
        description="Maximum open MCP streams per worker for one API key; further requests get 503. All keys together may open "
        "100. 0 disables the limit per key.",
    )
    references: Literal["on", "off"] = Field(
        default="on",
        description="`on`: tags in prompts are references, which programs get as the texts of other prompts. `off`: tags are plain "
        "text.",
    )
    reference_depth: int = Field(
        default=MAX_DEPTH,
        ge=1,
        le=MAX_DEPTH,
        description="Maximum length of a chain of references in new versions. 1: a referenced prompt cannot have references.",
    )
    usage_seconds: int = Field(
        default=10,
        ge=1,
        le=3600,
        description="Interval, in seconds, at which fetch counts are written to the database. A crash loses the counts since the "
        "last write.",
    )
    usage_days: int = Field(
        default=400,
        ge=1,
        le=100_000,
        description="Delete fetch counts after this many days.",
    )
    session_idle_days: int = Field(default=14, ge=1, le=1000, description="Sign users out after this many days of inactivity.")
    session_days: int = Field(
        default=90, ge=1, le=1000, description="Sign users out this many days after they signed in, even if they are active."
    )
    public_url: Annotated[str, AfterValidator(_checked_public_url)] = Field(
        default="",
        description="URL at which clients reach the server, such as `https://prompts.example.com`. Links in responses begin with "
        "it. If it has a path, the server works under that path, and the proxy must remove the path from requests. Empty: the "
        "address that each request was sent to.",
    )
    trust_forwarded: bool = Field(
        default=False,
        description="Use the last value of `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`. Enable it only behind a "
        "proxy that sets these headers.",
    )
    drain_seconds: float = Field(
        default=2,
        ge=0,
        le=3600,
        description="Seconds for which a server continues to serve after `SIGTERM` while `/_readyz` answers 503. Must exceed the "
        "time that load balancers take to notice. 0 stops immediately.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Minimum log level: `debug`, `info`, `warning` or `error`."
    )
    log_format: Literal["auto", "text", "json"] = Field(
        default="auto", description="Log format: `text`, `json`, or `auto` (text on a terminal, JSON otherwise)."
    )
    log_requests: bool = Field(default=True, description="Write an access log: one line for each request.")
    metrics: bool = Field(default=True, description="Serve Prometheus metrics at `/metrics`.")
    metrics_token: Annotated[str, AfterValidator(_checked_token)] = Field(
        default="",
        description="Token required by `/metrics`, sent as `Authorization: Bearer`. Empty: any client may read the metrics. They "
        "contain no names, keys or prompts.",
    )
    traces: Annotated[Literal["off", "otlp"], AfterValidator(_checked_traces)] = Field(
        default="off",
        description="`otlp` sends a trace of each request to the OpenTelemetry collector that the variables `OTEL_...` configure; "
        "install `promptuary[otel]`. `off` disables traces.",
    )
    rate_limit_storage: Annotated[str, AfterValidator(_checked_storage)] = Field(
        default="memory://",
        description="Storage of the rate limit counters: `memory://` (each worker counts for itself), `redis://host:6379` or "
        "`valkey://host:6379` (shared by all workers; install `promptuary[redis]` or `promptuary[valkey]`).",
    )
    rate_limit_reads: Rate = Field(
        default="", description="Maximum reads per API key, such as `480/minute`. Empty disables the limit."
    )
    rate_limit_writes: Rate = Field(default="600/minute", description="Maximum writes per API key. Empty disables the limit.")
    rate_limit_bad_keys: Rate = Field(
        default="300/minute",
        description="Maximum requests with invalid keys per client address; further ones get 429. Requests with valid keys are not "
        "affected. Empty disables the limit.",
    )
    rate_limit_sign_ins: Rate = Field(
        default="10/minute",
        description="Maximum failed sign-ins per client address and account, and wrong codes of logins with a browser per user; "
        "further attempts have to wait. Empty disables the limit.",
    )
    rate_limit_all_sign_ins: Rate = Field(
        default="300/minute",
        description="Maximum failed sign-ins from all addresses together. Further attempts from addresses with a failed sign-in "
        "have to wait; other addresses are not affected. Empty disables the limit.",
    )

    webhooks: Literal["on", "off"] = Field(
        default="on",
        description="`on`: send events to webhooks. `off`: this server sends none, such as a copy for tests; others on the same "
        "database may.",
    )
    outbound_allowed_networks: Annotated[str, AfterValidator(_checked_networks)] = Field(
        default="",
        description="Private networks that webhooks may reach, such as `10.0.0.0/8,fd00::/8`. Empty: public addresses only.",
    )
    outbound_proxy: Annotated[str, AfterValidator(_checked_proxy)] = Field(
        default="",
        description="Proxy for requests to webhooks, such as `http://proxy.example.com:3128`. It resolves names, and has to refuse "
        "those that must not be reached. Empty: none; variables such as `HTTPS_PROXY` are ignored.",
    )

    @property
    def allowed_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Private networks that outgoing requests may reach."""
        return _read_networks(self.outbound_allowed_networks)

    @property
    def session_limits(self) -> SessionLimits:
        """Limits of the lifetime of sessions."""
        return SessionLimits(idle=timedelta(days=self.session_idle_days), longest=timedelta(days=self.session_days))

    @property
    def allowed_reference_depth(self) -> int:
        """Maximum length of a chain of references; 0: there are no references."""
        return self.reference_depth if self.references == "on" else 0

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
    """Return `True` if logs are lines of text, not JSON."""
    return settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
