CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE change_request_approvals (
	request_id INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_change_request_approvals PRIMARY KEY (request_id, revision, user_id), 
	CONSTRAINT fk_change_request_approvals_request_id_change_requests FOREIGN KEY(request_id) REFERENCES change_requests (id) ON DELETE CASCADE, 
	CONSTRAINT fk_change_request_approvals_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE change_request_comments (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	request_id INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	created_by_id INTEGER, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT fk_change_request_comments_request_id_change_requests FOREIGN KEY(request_id) REFERENCES change_requests (id) ON DELETE CASCADE, 
	CONSTRAINT fk_change_request_comments_created_by_id_users FOREIGN KEY(created_by_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE TABLE change_request_moves (
	request_id INTEGER NOT NULL, 
	prompt_id VARCHAR(36) NOT NULL, 
	label VARCHAR(128) NOT NULL, 
	from_version INTEGER, 
	to_version INTEGER, 
	CONSTRAINT pk_change_request_moves PRIMARY KEY (request_id, prompt_id, label), 
	CONSTRAINT fk_change_request_moves_request_id_change_requests FOREIGN KEY(request_id) REFERENCES change_requests (id) ON DELETE CASCADE, 
	CONSTRAINT fk_change_request_moves_prompt_id_prompts FOREIGN KEY(prompt_id) REFERENCES prompts (id) ON DELETE CASCADE
);

CREATE TABLE change_requests (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	title TEXT NOT NULL, 
	description TEXT NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	revision INTEGER NOT NULL, 
	merges_itself BOOLEAN NOT NULL, 
	created_by_id INTEGER, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	ended_by_id INTEGER, 
	ended_at DATETIME, revised_by_id INTEGER, 
	CONSTRAINT ck_change_requests_state CHECK (state IN ('open', 'merged', 'closed')), 
	CONSTRAINT fk_change_requests_project_id_projects FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT fk_change_requests_created_by_id_users FOREIGN KEY(created_by_id) REFERENCES users (id) ON DELETE SET NULL, 
	CONSTRAINT fk_change_requests_ended_by_id_users FOREIGN KEY(ended_by_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE TABLE changes (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR(40) NOT NULL, 
	project_id INTEGER, 
	prompt_id VARCHAR(36), 
	prompt_name VARCHAR(255), 
	"before" TEXT, 
	"after" TEXT, 
	actor_user_id INTEGER, 
	actor_key_id VARCHAR(36), 
	at DATETIME NOT NULL, 
	request_id VARCHAR(128)
);

CREATE TABLE device_authorizations (
	device_code_hash VARCHAR(64) NOT NULL, 
	user_code_hash VARCHAR(64) NOT NULL, 
	device_name TEXT NOT NULL, 
	address TEXT NOT NULL, 
	network TEXT NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	interval_seconds INTEGER NOT NULL, 
	user_id INTEGER, 
	scopes TEXT, 
	project_ids TEXT, 
	polled_at DATETIME, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_device_authorizations PRIMARY KEY (device_code_hash), 
	CONSTRAINT ck_device_authorizations_state CHECK (state IN ('pending', 'approved', 'denied')), 
	CONSTRAINT fk_device_authorizations_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_device_authorizations_user_code_hash UNIQUE (user_code_hash)
);

CREATE TABLE fetches (
	version_id VARCHAR(36) NOT NULL, 
	day DATE NOT NULL, 
	key_id VARCHAR(36) NOT NULL, 
	label VARCHAR(128) NOT NULL, 
	count BIGINT NOT NULL, 
	last_fetched_at DATETIME NOT NULL, 
	CONSTRAINT pk_fetches PRIMARY KEY (version_id, day, key_id, label)
)
 WITHOUT ROWID

;

CREATE TABLE keys (
	id VARCHAR(36) NOT NULL, 
	user_id INTEGER NOT NULL, 
	label TEXT NOT NULL, 
	value_hash VARCHAR(64) NOT NULL, 
	mask VARCHAR(20) NOT NULL, 
	scopes TEXT NOT NULL, 
	project_ids TEXT, 
	created_at DATETIME NOT NULL, 
	last_used_at DATETIME, 
	revoked_at DATETIME, 
	CONSTRAINT pk_keys PRIMARY KEY (id), 
	CONSTRAINT fk_keys_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_keys_value_hash UNIQUE (value_hash)
);

CREATE TABLE label_moves (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	prompt_id VARCHAR(36) NOT NULL, 
	label VARCHAR(128) NOT NULL, 
	from_version INTEGER, 
	to_version INTEGER, 
	kind VARCHAR(20) NOT NULL, 
	reason TEXT, 
	release_id VARCHAR(36), 
	change_request_id INTEGER, 
	created_by_id INTEGER, 
	key_id VARCHAR(36), 
	created_at DATETIME NOT NULL, 
	CONSTRAINT fk_label_moves_prompt_id_prompts FOREIGN KEY(prompt_id) REFERENCES prompts (id) ON DELETE CASCADE, 
	CONSTRAINT fk_label_moves_created_by_id_users FOREIGN KEY(created_by_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE TABLE label_rules (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	pattern VARCHAR(128) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	approvals INTEGER NOT NULL, 
	allows_own_approval BOOLEAN NOT NULL, 
	breaking_needs_admin BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT ck_label_rules_role CHECK (role IN ('editor', 'admin')), 
	CONSTRAINT ck_label_rules_approvals CHECK (approvals BETWEEN 0 AND 5), 
	CONSTRAINT fk_label_rules_project_id_projects FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT uq_label_rules_project_id_pattern UNIQUE (project_id, pattern)
);

CREATE TABLE labels (
	id VARCHAR(36) NOT NULL, 
	prompt_id VARCHAR(36) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	version_id VARCHAR(36) NOT NULL, 
	created_by_id INTEGER, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, recorded_author TEXT, 
	CONSTRAINT pk_labels PRIMARY KEY (id), 
	CONSTRAINT fk_labels_prompt_id_prompts FOREIGN KEY(prompt_id) REFERENCES prompts (id) ON DELETE CASCADE, 
	CONSTRAINT fk_labels_version_id_versions FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE, 
	CONSTRAINT fk_labels_created_by_id_users FOREIGN KEY(created_by_id) REFERENCES users (id) ON DELETE SET NULL, 
	CONSTRAINT uq_labels_prompt_id_name UNIQUE (prompt_id, name)
);

CREATE TABLE last_fetches (
	version_id VARCHAR(36) NOT NULL, 
	last_fetched_at DATETIME NOT NULL, 
	CONSTRAINT pk_last_fetches PRIMARY KEY (version_id)
)
 WITHOUT ROWID

;

CREATE TABLE leases (
	name VARCHAR(40) NOT NULL, 
	holder VARCHAR(80) NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_leases PRIMARY KEY (name)
);

CREATE TABLE list_entries (
	prompt_id VARCHAR(36) NOT NULL, 
	label VARCHAR(128) NOT NULL, 
	project_id INTEGER NOT NULL, 
	version_id VARCHAR(36) NOT NULL, 
	search_text_id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	version INTEGER NOT NULL, 
	latest_version INTEGER NOT NULL, 
	size_bytes INTEGER NOT NULL, 
	created_by_id INTEGER, 
	created_at DATETIME NOT NULL, 
	first_version_created_at DATETIME NOT NULL, 
	CONSTRAINT pk_list_entries PRIMARY KEY (prompt_id, label), 
	CONSTRAINT fk_list_entries_prompt_id_prompts FOREIGN KEY(prompt_id) REFERENCES prompts (id) ON DELETE CASCADE, 
	CONSTRAINT fk_list_entries_search_text_id_search_texts FOREIGN KEY(search_text_id) REFERENCES search_texts (id) ON DELETE CASCADE, 
	CONSTRAINT uq_list_entries_search_text_id_label UNIQUE (search_text_id, label)
);

CREATE TABLE members (
	project_id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_members PRIMARY KEY (project_id, user_id), 
	CONSTRAINT ck_members_role CHECK (role IN ('viewer', 'editor', 'admin')), 
	CONSTRAINT fk_members_project_id_projects FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT fk_members_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE part_fetches (
	version_id VARCHAR(36) NOT NULL, 
	day DATE NOT NULL, 
	parent_version_id VARCHAR(36) NOT NULL, 
	count BIGINT NOT NULL, 
	CONSTRAINT pk_part_fetches PRIMARY KEY (version_id, day, parent_version_id)
)
 WITHOUT ROWID

;

CREATE TABLE projects (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	api_token VARCHAR(80) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT uq_projects_api_token UNIQUE (api_token)
);

CREATE TABLE prompt_periods (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	prompt_id VARCHAR(36) NOT NULL, 
	project_id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	started_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	CONSTRAINT fk_prompt_periods_prompt_id_prompts FOREIGN KEY(prompt_id) REFERENCES prompts (id) ON DELETE CASCADE
);

CREATE TABLE prompts (
	id VARCHAR(36) NOT NULL, 
	project_id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	latest_version INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	archived_at DATETIME, 
	CONSTRAINT pk_prompts PRIMARY KEY (id), 
	CONSTRAINT ck_prompts_latest_version CHECK (latest_version >= 1), 
	CONSTRAINT fk_prompts_project_id_projects FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);

CREATE TABLE recent_fetches (
	project_id INTEGER NOT NULL, 
	prompt_id VARCHAR(36) NOT NULL, 
	first_day DATE NOT NULL, 
	total BIGINT NOT NULL, 
	last_fetched_at DATETIME NOT NULL, 
	CONSTRAINT pk_recent_fetches PRIMARY KEY (project_id, prompt_id)
)
 WITHOUT ROWID

;

CREATE TABLE search_texts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	prompt_id VARCHAR(36) NOT NULL, 
	version_id VARCHAR(36) NOT NULL, 
	name TEXT NOT NULL, 
	text TEXT NOT NULL, 
	CONSTRAINT fk_search_texts_prompt_id_prompts FOREIGN KEY(prompt_id) REFERENCES prompts (id) ON DELETE CASCADE, 
	CONSTRAINT fk_search_texts_version_id_versions FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE, 
	CONSTRAINT uq_search_texts_version_id UNIQUE (version_id)
);

CREATE VIRTUAL TABLE search_texts_index USING fts5(name, text, content='search_texts', content_rowid='id', tokenize='trigram case_sensitive 1');

CREATE TABLE sessions (
	id VARCHAR(36) NOT NULL, 
	user_id INTEGER NOT NULL, 
	value_hash VARCHAR(64) NOT NULL, 
	address TEXT NOT NULL, 
	user_agent TEXT NOT NULL, 
	notice TEXT, 
	created_at DATETIME NOT NULL, 
	last_seen_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (id), 
	CONSTRAINT fk_sessions_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_sessions_value_hash UNIQUE (value_hash)
);

CREATE TABLE sign_in_links (
	value_hash VARCHAR(64) NOT NULL, 
	user_id INTEGER NOT NULL, 
	is_first_start BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, is_operators BOOLEAN, project_id INTEGER, made_by_id INTEGER, 
	CONSTRAINT pk_sign_in_links PRIMARY KEY (value_hash), 
	CONSTRAINT fk_sign_in_links_user_id_users FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE users (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	uuid VARCHAR(36) NOT NULL, 
	email VARCHAR(254) NOT NULL, 
	first_name TEXT NOT NULL, 
	last_name TEXT NOT NULL, 
	role_at_organization TEXT, 
	password_hash TEXT, 
	is_active BOOLEAN NOT NULL, 
	current_project_id INTEGER, 
	created_at DATETIME NOT NULL, invited_to_id INTEGER, address_changed_at DATETIME, 
	CONSTRAINT fk_users_current_project_id_projects FOREIGN KEY(current_project_id) REFERENCES projects (id) ON DELETE SET NULL, 
	CONSTRAINT uq_users_uuid UNIQUE (uuid), 
	CONSTRAINT uq_users_email UNIQUE (email)
);

CREATE TABLE version_references (
	version_id VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	version INTEGER NOT NULL, 
	label VARCHAR(128) NOT NULL, 
	project_id INTEGER NOT NULL, 
	occurrences INTEGER NOT NULL, 
	CONSTRAINT pk_version_references PRIMARY KEY (version_id, name, version, label), 
	CONSTRAINT ck_version_references_occurrences CHECK (occurrences >= 1), 
	CONSTRAINT fk_version_references_version_id_versions FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE
);

CREATE TABLE versions (
	id VARCHAR(36) NOT NULL, 
	prompt_id VARCHAR(36) NOT NULL, 
	version INTEGER NOT NULL, 
	content TEXT NOT NULL, 
	config TEXT, 
	description TEXT, 
	size_bytes INTEGER NOT NULL, 
	outline TEXT NOT NULL, 
	created_by_id INTEGER, 
	created_at DATETIME NOT NULL, recorded_author TEXT, variables TEXT, 
	CONSTRAINT pk_versions PRIMARY KEY (id), 
	CONSTRAINT ck_versions_version CHECK (version >= 1), 
	CONSTRAINT fk_versions_prompt_id_prompts FOREIGN KEY(prompt_id) REFERENCES prompts (id) ON DELETE CASCADE, 
	CONSTRAINT fk_versions_created_by_id_users FOREIGN KEY(created_by_id) REFERENCES users (id) ON DELETE SET NULL, 
	CONSTRAINT uq_versions_prompt_id_version UNIQUE (prompt_id, version)
);

CREATE TABLE webhook_deliveries (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	webhook_id VARCHAR(36) NOT NULL, 
	message_id VARCHAR(64) NOT NULL, 
	type VARCHAR(40) NOT NULL, 
	payload TEXT NOT NULL, 
	format VARCHAR(16) NOT NULL, 
	is_manual BOOLEAN NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	attempts INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	attempted_at DATETIME, 
	status INTEGER, 
	answer TEXT, 
	error TEXT, 
	duration_ms INTEGER, 
	CONSTRAINT ck_webhook_deliveries_state CHECK (state IN ('pending', 'delivered', 'failed')), 
	CONSTRAINT fk_webhook_deliveries_webhook_id_webhooks FOREIGN KEY(webhook_id) REFERENCES webhooks (id) ON DELETE CASCADE
);

CREATE TABLE webhooks (
	id VARCHAR(36) NOT NULL, 
	project_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	url TEXT NOT NULL, 
	format VARCHAR(16) NOT NULL, 
	events TEXT NOT NULL, 
	label VARCHAR(128), 
	prompt_name VARCHAR(255), 
	secret VARCHAR(80) NOT NULL, 
	former_secret VARCHAR(80), 
	former_secret_until DATETIME, 
	is_enabled BOOLEAN NOT NULL, 
	disabled_at DATETIME, 
	disabled_reason VARCHAR(16), 
	cursor_sequence BIGINT NOT NULL, 
	cursor_at DATETIME, 
	failures INTEGER NOT NULL, 
	failing_since DATETIME, 
	next_attempt_at DATETIME, 
	created_by_id INTEGER, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_webhooks PRIMARY KEY (id), 
	CONSTRAINT ck_webhooks_format CHECK (format IN ('json', 'slack')), 
	CONSTRAINT ck_webhooks_disabled_reason CHECK (disabled_reason IN ('failing', 'gone')), 
	CONSTRAINT fk_webhooks_project_id_projects FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT fk_webhooks_created_by_id_users FOREIGN KEY(created_by_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_change_request_approvals_user_id ON change_request_approvals (user_id);

CREATE INDEX ix_change_request_comments_request_id ON change_request_comments (request_id);

CREATE INDEX ix_change_request_moves_prompt_id ON change_request_moves (prompt_id);

CREATE INDEX ix_change_requests_state ON change_requests (project_id, state, id);

CREATE INDEX ix_changes_project_id_sequence ON changes (project_id, sequence);

CREATE INDEX ix_changes_prompt_id_sequence ON changes (prompt_id, sequence);

CREATE INDEX ix_device_authorizations_expires_at ON device_authorizations (expires_at);

CREATE INDEX ix_device_authorizations_network ON device_authorizations (network);

CREATE INDEX ix_device_authorizations_user_id ON device_authorizations (user_id);

CREATE INDEX ix_fetches_day ON fetches (day);

CREATE INDEX ix_keys_user_id ON keys (user_id);

CREATE INDEX ix_label_moves_label ON label_moves (prompt_id, label, id);

CREATE INDEX ix_label_moves_release_id ON label_moves (release_id);

CREATE INDEX ix_labels_name ON labels (name);

CREATE INDEX ix_labels_version_id ON labels (version_id);

CREATE INDEX ix_list_entries_author ON list_entries (project_id, label, created_by_id, created_at, version_id);

CREATE INDEX ix_list_entries_created_at ON list_entries (project_id, label, created_at, version_id);

CREATE INDEX ix_list_entries_first_version ON list_entries (project_id, label, first_version_created_at, version_id);

CREATE INDEX ix_list_entries_latest_version ON list_entries (project_id, label, latest_version, version_id);

CREATE INDEX ix_list_entries_name ON list_entries (project_id, label, name, version_id);

CREATE INDEX ix_list_entries_project ON list_entries (project_id, label);

CREATE INDEX ix_list_entries_size ON list_entries (project_id, label, size_bytes, version_id);

CREATE INDEX ix_list_entries_version ON list_entries (project_id, label, version, version_id);

CREATE INDEX ix_members_user_id ON members (user_id);

CREATE INDEX ix_part_fetches_day ON part_fetches (day);

CREATE INDEX ix_prompt_periods_name ON prompt_periods (project_id, name, started_at);

CREATE INDEX ix_prompt_periods_prompt_id ON prompt_periods (prompt_id);

CREATE INDEX ix_search_texts_prompt_id ON search_texts (prompt_id);

CREATE INDEX ix_sessions_user_id ON sessions (user_id);

CREATE INDEX ix_sign_in_links_user_id ON sign_in_links (user_id);

CREATE INDEX ix_version_references_name ON version_references (project_id, name);

CREATE INDEX ix_webhook_deliveries_state_webhook_id_id ON webhook_deliveries (state, webhook_id, id);

CREATE INDEX ix_webhook_deliveries_webhook_id_id ON webhook_deliveries (webhook_id, id);

CREATE INDEX ix_webhooks_project_id ON webhooks (project_id);

CREATE UNIQUE INDEX uq_prompts_active_name ON prompts (project_id, name) WHERE archived_at IS NULL;

CREATE TRIGGER search_texts_deleted AFTER DELETE ON search_texts BEGIN
      INSERT INTO search_texts_index(search_texts_index, rowid, name, text) VALUES ('delete', old.id, old.name, old.text);
    END;

CREATE TRIGGER search_texts_inserted AFTER INSERT ON search_texts BEGIN
      INSERT INTO search_texts_index(rowid, name, text) VALUES (new.id, new.name, new.text);
    END;
