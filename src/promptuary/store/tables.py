"""The tables, in portable column types. `migrations` builds the same schema step by step; a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from promptuary.store.column_types import Count, JsonText, UtcDateTime, Word

_TextId = Word(36)
_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

projects = Table(
    "projects",
    metadata,
    Column("id", Count, primary_key=True),
    Column("name", Text, nullable=False),
    Column("api_token", Word(80), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

users = Table(
    "users",
    metadata,
    Column("id", Count, primary_key=True),
    Column("uuid", _TextId, nullable=False, unique=True),
    # Addresses are stored in lower case, so that one person cannot have two accounts.
    Column("email", Word(254), nullable=False, unique=True),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("role_at_organization", Text),
    Column("password_hash", Text),
    Column("is_active", Boolean(create_constraint=False), nullable=False),
    Column("current_project_id", Count, ForeignKey("projects.id", ondelete="SET NULL")),
    Column("created_at", UtcDateTime, nullable=False),
    # The project that made the account by an invitation; `NULL`: the operator vouches for it. No foreign key: the deletion of a
    # project must not make the operator vouch for its accounts.
    Column("invited_to_id", Count),
    # Time at which the user chose another, unverified address.
    Column("address_changed_at", UtcDateTime),
    sqlite_autoincrement=True,
)

members = Table(
    "members",
    metadata,
    Column("project_id", Count, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Count, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("role", String(16), CheckConstraint("role IN ('viewer', 'editor', 'admin')", name="role"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("id", _TextId, primary_key=True),
    Column("user_id", Count, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", Text, nullable=False),
    # SHA-256 of the value, in hex. A slow hash would add nothing: the value has 256 random bits.
    Column("value_hash", String(64), nullable=False, unique=True),
    Column("mask", String(20), nullable=False),
    Column("scopes", JsonText, nullable=False),
    Column("project_ids", JsonText),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)

# Not part of backups: a restored one has no sessions.
sessions = Table(
    "sessions",
    metadata,
    Column("id", _TextId, primary_key=True),
    Column("user_id", Count, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    # SHA-256 of the cookie's value, as for keys.
    Column("value_hash", String(64), nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("notice", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

# Not part of backups, either.
sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("value_hash", String(64), primary_key=True),
    Column("user_id", Count, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("is_first_start", Boolean(create_constraint=False), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    # Who made it: the operator, or an admin for a project. A link of which neither is known opens nothing.
    Column("is_operators", Boolean(create_constraint=False)),
    Column("project_id", Count),
    Column("made_by_id", Count),
)

# Not part of backups, either. Logins of commands with a browser, until a key was collected.
device_authorizations = Table(
    "device_authorizations",
    metadata,
    Column("device_code_hash", String(64), primary_key=True),
    Column("user_code_hash", String(64), nullable=False, unique=True),
    Column("device_name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("network", Text, nullable=False, index=True),
    Column("state", String(10), CheckConstraint("state IN ('pending', 'approved', 'denied')", name="state"), nullable=False),
    Column("interval_seconds", Count, nullable=False),
    # The user who has approved it, and what they chose for the key.
    Column("user_id", Count, ForeignKey("users.id", ondelete="CASCADE"), index=True),
    Column("scopes", JsonText),
    Column("project_ids", JsonText),
    Column("polled_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

prompts = Table(
    "prompts",
    metadata,
    Column("id", _TextId, primary_key=True),
    Column("project_id", Count, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("name", Word(255), nullable=False),
    Column("latest_version", Count, CheckConstraint("latest_version >= 1", name="latest_version"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("archived_at", UtcDateTime),
)

_active = text("archived_at IS NULL")

Index(
    "uq_prompts_active_name",
    prompts.c.project_id,
    prompts.c.name,
    unique=True,
    sqlite_where=_active,
    postgresql_where=_active,
)

versions = Table(
    "versions",
    metadata,
    Column("id", _TextId, primary_key=True),
    Column("prompt_id", _TextId, ForeignKey("prompts.id", ondelete="CASCADE"), nullable=False),
    Column("version", Count, CheckConstraint("version >= 1", name="version"), nullable=False),
    Column("content", Text, nullable=False),
    Column("config", Text),
    Column("description", Text),
    # Bytes of `content` and its headings, both derived from it.
    Column("size_bytes", Count, nullable=False),
    Column("outline", JsonText, nullable=False),
    Column("created_by_id", Count, ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", UtcDateTime, nullable=False),
    # Address and name of the author elsewhere, if an import brought the version and no member here has the address.
    Column("recorded_author", JsonText),
    # The contract of the variables, if there is one.
    Column("variables", Text),
    UniqueConstraint("prompt_id", "version"),
)

labels = Table(
    "labels",
    metadata,
    Column("id", _TextId, primary_key=True),
    Column("prompt_id", _TextId, ForeignKey("prompts.id", ondelete="CASCADE"), nullable=False),
    Column("name", Word(128), nullable=False, index=True),
    Column("version_id", _TextId, ForeignKey("versions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_by_id", Count, ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    # As for versions.
    Column("recorded_author", JsonText),
    UniqueConstraint("prompt_id", "name"),
)

# A row for every different reference of a version, derived from its content. A reference has a version, or a label; 0 and the empty
# text say that it has none. `name` is that of the prompt meant, which may not exist.
version_references = Table(
    "version_references",
    metadata,
    Column("version_id", _TextId, ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Word(255), primary_key=True),
    Column("version", Count, primary_key=True, autoincrement=False),
    Column("label", Word(128), primary_key=True),
    Column("project_id", Count, nullable=False),
    Column("occurrences", Count, CheckConstraint("occurrences >= 1", name="occurrences"), nullable=False),
    Index("ix_version_references_name", "project_id", "name"),
)

# A row for every move of a label, kept for ever: from no position to a version, to another one, to none. The empty label stands for
# the latest version, of which only imports are recorded: all other versions say by themselves since when they are the latest.
label_moves = Table(
    "label_moves",
    metadata,
    Column("id", _SEQUENCE, primary_key=True),
    Column("prompt_id", _TextId, ForeignKey("prompts.id", ondelete="CASCADE"), nullable=False),
    Column("label", Word(128), nullable=False),
    Column("from_version", Count),
    Column("to_version", Count),
    Column("kind", String(20), nullable=False),
    Column("reason", Text),
    Column("release_id", _TextId, index=True),
    # The request that was merged by it; no foreign key, as the history outlives what it tells of.
    Column("change_request_id", Count),
    Column("created_by_id", Count, ForeignKey("users.id", ondelete="SET NULL")),
    Column("key_id", _TextId),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_label_moves_label", "prompt_id", "label", "id"),
    sqlite_autoincrement=True,
)

# A row for every time in which a prompt was active, with the name that it had then. It ends when the prompt is archived.
prompt_periods = Table(
    "prompt_periods",
    metadata,
    Column("id", _SEQUENCE, primary_key=True),
    Column("prompt_id", _TextId, ForeignKey("prompts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("project_id", Count, nullable=False),
    Column("name", Word(255), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("ix_prompt_periods_name", "project_id", "name", "started_at"),
    sqlite_autoincrement=True,
)

# Who may move which labels of a project. A pattern is the name of a label in which `*` stands for any characters.
label_rules = Table(
    "label_rules",
    metadata,
    Column("id", Count, primary_key=True),
    Column("project_id", Count, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("pattern", Word(128), nullable=False),
    Column("role", String(16), CheckConstraint("role IN ('editor', 'admin')", name="role"), nullable=False),
    Column("approvals", Count, CheckConstraint("approvals BETWEEN 0 AND 5", name="approvals"), nullable=False),
    Column("allows_own_approval", Boolean(create_constraint=False), nullable=False),
    Column("breaking_needs_admin", Boolean(create_constraint=False), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("project_id", "pattern"),
    sqlite_autoincrement=True,
)

# Proposed moves of labels. A revision is another set of moves, or the same after a look at what they do by now. Each approval is of
# one revision.
change_requests = Table(
    "change_requests",
    metadata,
    Column("id", Count, primary_key=True),
    Column("project_id", Count, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("state", String(10), CheckConstraint("state IN ('open', 'merged', 'closed')", name="state"), nullable=False),
    Column("revision", Count, nullable=False),
    Column("merges_itself", Boolean(create_constraint=False), nullable=False),
    Column("created_by_id", Count, ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("ended_by_id", Count, ForeignKey("users.id", ondelete="SET NULL")),
    Column("ended_at", UtcDateTime),
    Column("revised_by_id", Count),
    Index("ix_change_requests_state", "project_id", "state", "id"),
    sqlite_autoincrement=True,
)

change_request_moves = Table(
    "change_request_moves",
    metadata,
    Column("request_id", Count, ForeignKey("change_requests.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("prompt_id", _TextId, ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("label", Word(128), primary_key=True),
    Column("from_version", Count),
    Column("to_version", Count),
)

change_request_approvals = Table(
    "change_request_approvals",
    metadata,
    Column("request_id", Count, ForeignKey("change_requests.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("revision", Count, primary_key=True, autoincrement=False),
    Column("user_id", Count, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("created_at", UtcDateTime, nullable=False),
)

change_request_comments = Table(
    "change_request_comments",
    metadata,
    Column("id", _SEQUENCE, primary_key=True),
    Column("request_id", Count, ForeignKey("change_requests.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("created_by_id", Count, ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

# What search looks in: a row for every version that a list can show, with folded texts. Derived, see `store.lists.entries`.
search_texts = Table(
    "search_texts",
    metadata,
    Column("id", _SEQUENCE, primary_key=True),
    Column("prompt_id", _TextId, ForeignKey("prompts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("version_id", _TextId, ForeignKey("versions.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),
    sqlite_autoincrement=True,
)

# What lists are made of: a row for every active prompt at its latest version, under the empty label, and one for each of its labels
# at the labelled version. An index for each order, so that a page is found without sorting. Derived, see `store.lists.entries`.
list_entries = Table(
    "list_entries",
    metadata,
    Column("prompt_id", _TextId, ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True),
    Column("label", Word(128), primary_key=True),
    Column("project_id", Count, nullable=False),
    Column("version_id", _TextId, nullable=False),
    Column("search_text_id", _SEQUENCE, ForeignKey("search_texts.id", ondelete="CASCADE"), nullable=False),
    Column("name", Word(255), nullable=False),
    Column("version", Count, nullable=False),
    Column("latest_version", Count, nullable=False),
    Column("size_bytes", Count, nullable=False),
    Column("created_by_id", Count),
    Column("created_at", UtcDateTime, nullable=False),
    Column("first_version_created_at", UtcDateTime, nullable=False),
    # Unique, as it is anyway, so that SQLite prefers it when a search has found few texts.
    UniqueConstraint("search_text_id", "label"),
    # Narrow, to count by.
    Index("ix_list_entries_project", "project_id", "label"),
    Index("ix_list_entries_name", "project_id", "label", "name", "version_id"),
    Index("ix_list_entries_created_at", "project_id", "label", "created_at", "version_id"),
    Index("ix_list_entries_version", "project_id", "label", "version", "version_id"),
    Index("ix_list_entries_latest_version", "project_id", "label", "latest_version", "version_id"),
    Index("ix_list_entries_size", "project_id", "label", "size_bytes", "version_id"),
    Index("ix_list_entries_first_version", "project_id", "label", "first_version_created_at", "version_id"),
    Index("ix_list_entries_author", "project_id", "label", "created_by_id", "created_at", "version_id"),
)

# No foreign keys: counts are written a while after the fetch, and a version may be gone by then. A day is one of UTC; an empty
# key or label says that there was none.
fetches = Table(
    "fetches",
    metadata,
    Column("version_id", _TextId, primary_key=True),
    Column("day", Date, primary_key=True, index=True),
    Column("key_id", _TextId, primary_key=True),
    Column("label", Word(128), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("last_fetched_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

# Derived from `fetches`, and kept when its rows are trimmed.
last_fetches = Table(
    "last_fetches",
    metadata,
    Column("version_id", _TextId, primary_key=True),
    Column("last_fetched_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

# Fetches of a version as a part of other prompts, by the version that was fetched. No foreign keys, as above.
part_fetches = Table(
    "part_fetches",
    metadata,
    Column("version_id", _TextId, primary_key=True),
    Column("day", Date, primary_key=True, index=True),
    Column("parent_version_id", _TextId, primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What `fetches` adds up to, prompt by prompt, on the recent days that begin with `first_day`. Derived, see `store.recent_fetches`.
recent_fetches = Table(
    "recent_fetches",
    metadata,
    Column("project_id", Count, primary_key=True, autoincrement=False),
    Column("prompt_id", _TextId, primary_key=True),
    Column("first_day", Date, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("last_fetched_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

# No foreign keys: the log outlives what it tells of.
changes = Table(
    "changes",
    metadata,
    Column("sequence", _SEQUENCE, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("project_id", Count),
    Column("prompt_id", _TextId),
    Column("prompt_name", String(255)),
    Column("before", JsonText),
    Column("after", JsonText),
    Column("actor_user_id", Count),
    Column("actor_key_id", _TextId),
    Column("at", UtcDateTime, nullable=False),
    Column("request_id", String(128)),
    Index(None, "project_id", "sequence"),
    Index(None, "prompt_id", "sequence"),
    sqlite_autoincrement=True,
)

# The secrets are stored as they are, because messages are signed with them.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", _TextId, primary_key=True),
    Column("project_id", Count, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("format", String(16), CheckConstraint("format IN ('json', 'slack')", name="format"), nullable=False),
    # The chosen events, label and pattern of names; an empty list and `NULL`: all.
    Column("events", JsonText, nullable=False),
    Column("label", Word(128)),
    Column("prompt_name", Word(255)),
    Column("secret", String(80), nullable=False),
    Column("former_secret", String(80)),
    Column("former_secret_until", UtcDateTime),
    Column("is_enabled", Boolean(create_constraint=False), nullable=False),
    Column("disabled_at", UtcDateTime),
    Column("disabled_reason", String(16), CheckConstraint("disabled_reason IN ('failing', 'gone')", name="disabled_reason")),
    # The last entry of the change log whose events were queued.
    Column("cursor_sequence", BigInteger, nullable=False),
    Column("cursor_at", UtcDateTime),
    Column("failures", Count, nullable=False),
    Column("failing_since", UtcDateTime),
    Column("next_attempt_at", UtcDateTime),
    Column("created_by_id", Count, ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

# Messages to endpoints, in the order in which they are sent; and what became of them.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", _SEQUENCE, primary_key=True),
    Column("webhook_id", _TextId, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("message_id", String(64), nullable=False),
    Column("type", String(40), nullable=False),
    Column("payload", Text, nullable=False),
    Column("format", String(16), nullable=False),
    Column("is_manual", Boolean(create_constraint=False), nullable=False),
    Column("state", String(16), CheckConstraint("state IN ('pending', 'delivered', 'failed')", name="state"), nullable=False),
    Column("attempts", Count, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("attempted_at", UtcDateTime),
    Column("status", Count),
    Column("answer", Text),
    Column("error", Text),
    Column("duration_ms", Count),
    Index(None, "webhook_id", "id"),
    Index(None, "state", "webhook_id", "id"),
    sqlite_autoincrement=True,
)

# Work that one worker of all servers does at a time, and until when it has it. Not part of backups.
leases = Table(
    "leases",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("holder", String(80), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
