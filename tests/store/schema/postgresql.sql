alembic_version.version_num character varying(32) NOT NULL;
changes.sequence bigint NOT NULL DEFAULT nextval('changes_sequence_seq'::regclass);
changes.kind character varying(40) NOT NULL;
changes.project_id integer;
changes.prompt_id character varying(36) COLLATE C;
changes.prompt_name character varying(255);
changes.before text;
changes.after text;
changes.actor_user_id integer;
changes.actor_key_id character varying(36) COLLATE C;
changes.at timestamp with time zone NOT NULL;
changes.request_id character varying(128);
fetches.version_id character varying(36) COLLATE C NOT NULL;
fetches.day date NOT NULL;
fetches.key_id character varying(36) COLLATE C NOT NULL;
fetches.label character varying(128) COLLATE C NOT NULL;
fetches.count bigint NOT NULL;
fetches.last_fetched_at timestamp with time zone NOT NULL;
keys.id character varying(36) COLLATE C NOT NULL;
keys.user_id integer NOT NULL;
keys.label text NOT NULL;
keys.value_hash character varying(64) NOT NULL;
keys.mask character varying(20) NOT NULL;
keys.scopes text NOT NULL;
keys.project_ids text;
keys.created_at timestamp with time zone NOT NULL;
keys.last_used_at timestamp with time zone;
keys.revoked_at timestamp with time zone;
labels.id character varying(36) COLLATE C NOT NULL;
labels.prompt_id character varying(36) COLLATE C NOT NULL;
labels.name character varying(128) COLLATE C NOT NULL;
labels.version_id character varying(36) COLLATE C NOT NULL;
labels.created_by_id integer;
labels.created_at timestamp with time zone NOT NULL;
labels.updated_at timestamp with time zone NOT NULL;
labels.recorded_author text;
last_fetches.version_id character varying(36) COLLATE C NOT NULL;
last_fetches.last_fetched_at timestamp with time zone NOT NULL;
list_entries.prompt_id character varying(36) COLLATE C NOT NULL;
list_entries.label character varying(128) COLLATE C NOT NULL;
list_entries.project_id integer NOT NULL;
list_entries.version_id character varying(36) COLLATE C NOT NULL;
list_entries.search_text_id bigint NOT NULL;
list_entries.name character varying(255) COLLATE C NOT NULL;
list_entries.version integer NOT NULL;
list_entries.latest_version integer NOT NULL;
list_entries.size_bytes integer NOT NULL;
list_entries.created_by_id integer;
list_entries.created_at timestamp with time zone NOT NULL;
list_entries.first_version_created_at timestamp with time zone NOT NULL;
members.project_id integer NOT NULL;
members.user_id integer NOT NULL;
members.role character varying(16) NOT NULL;
members.created_at timestamp with time zone NOT NULL;
projects.id integer NOT NULL DEFAULT nextval('projects_id_seq'::regclass);
projects.name text NOT NULL;
projects.api_token character varying(80) COLLATE C NOT NULL;
projects.created_at timestamp with time zone NOT NULL;
prompts.id character varying(36) COLLATE C NOT NULL;
prompts.project_id integer NOT NULL;
prompts.name character varying(255) COLLATE C NOT NULL;
prompts.latest_version integer NOT NULL;
prompts.created_at timestamp with time zone NOT NULL;
prompts.archived_at timestamp with time zone;
recent_fetches.project_id integer NOT NULL;
recent_fetches.prompt_id character varying(36) COLLATE C NOT NULL;
recent_fetches.first_day date NOT NULL;
recent_fetches.total bigint NOT NULL;
recent_fetches.last_fetched_at timestamp with time zone NOT NULL;
search_text_words.search_text_id bigint NOT NULL;
search_text_words.project_id integer NOT NULL;
search_text_words.word_numbers integer[] NOT NULL;
search_texts.id bigint NOT NULL DEFAULT nextval('search_texts_id_seq'::regclass);
search_texts.prompt_id character varying(36) COLLATE C NOT NULL;
search_texts.version_id character varying(36) COLLATE C NOT NULL;
search_texts.name text NOT NULL;
search_texts.text text NOT NULL;
search_words.id integer NOT NULL;
search_words.word text COLLATE C NOT NULL;
sessions.id character varying(36) COLLATE C NOT NULL;
sessions.user_id integer NOT NULL;
sessions.value_hash character varying(64) NOT NULL;
sessions.address text NOT NULL;
sessions.user_agent text NOT NULL;
sessions.notice text;
sessions.created_at timestamp with time zone NOT NULL;
sessions.last_seen_at timestamp with time zone NOT NULL;
sessions.expires_at timestamp with time zone NOT NULL;
sign_in_links.value_hash character varying(64) NOT NULL;
sign_in_links.user_id integer NOT NULL;
sign_in_links.is_first_start boolean NOT NULL;
sign_in_links.created_at timestamp with time zone NOT NULL;
sign_in_links.expires_at timestamp with time zone NOT NULL;
sign_in_links.is_operators boolean;
sign_in_links.project_id integer;
sign_in_links.made_by_id integer;
users.id integer NOT NULL DEFAULT nextval('users_id_seq'::regclass);
users.uuid character varying(36) COLLATE C NOT NULL;
users.email character varying(254) COLLATE C NOT NULL;
users.first_name text NOT NULL;
users.last_name text NOT NULL;
users.role_at_organization text;
users.password_hash text;
users.is_active boolean NOT NULL;
users.current_project_id integer;
users.created_at timestamp with time zone NOT NULL;
users.invited_to_id integer;
users.address_changed_at timestamp with time zone;
versions.id character varying(36) COLLATE C NOT NULL;
versions.prompt_id character varying(36) COLLATE C NOT NULL;
versions.version integer NOT NULL;
versions.content text NOT NULL;
versions.config text;
versions.description text;
versions.size_bytes integer NOT NULL;
versions.outline text NOT NULL;
versions.created_by_id integer;
versions.created_at timestamp with time zone NOT NULL;
versions.recorded_author text;
alembic_version CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
changes CONSTRAINT pk_changes PRIMARY KEY (sequence);
fetches CONSTRAINT pk_fetches PRIMARY KEY (version_id, day, key_id, label);
keys CONSTRAINT fk_keys_user_id_users FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;
keys CONSTRAINT pk_keys PRIMARY KEY (id);
keys CONSTRAINT uq_keys_value_hash UNIQUE (value_hash);
labels CONSTRAINT fk_labels_created_by_id_users FOREIGN KEY (created_by_id) REFERENCES users(id) ON DELETE SET NULL;
labels CONSTRAINT fk_labels_prompt_id_prompts FOREIGN KEY (prompt_id) REFERENCES prompts(id) ON DELETE CASCADE;
labels CONSTRAINT fk_labels_version_id_versions FOREIGN KEY (version_id) REFERENCES versions(id) ON DELETE CASCADE;
labels CONSTRAINT pk_labels PRIMARY KEY (id);
labels CONSTRAINT uq_labels_prompt_id_name UNIQUE (prompt_id, name);
last_fetches CONSTRAINT pk_last_fetches PRIMARY KEY (version_id);
list_entries CONSTRAINT fk_list_entries_prompt_id_prompts FOREIGN KEY (prompt_id) REFERENCES prompts(id) ON DELETE CASCADE;
list_entries CONSTRAINT fk_list_entries_search_text_id_search_texts FOREIGN KEY (search_text_id) REFERENCES search_texts(id) ON DELETE CASCADE;
list_entries CONSTRAINT pk_list_entries PRIMARY KEY (prompt_id, label);
list_entries CONSTRAINT uq_list_entries_search_text_id_label UNIQUE (search_text_id, label);
members CONSTRAINT ck_members_role CHECK (((role)::text = ANY ((ARRAY['viewer'::character varying, 'editor'::character varying, 'admin'::character varying])::text[])));
members CONSTRAINT fk_members_project_id_projects FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE;
members CONSTRAINT fk_members_user_id_users FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;
members CONSTRAINT pk_members PRIMARY KEY (project_id, user_id);
projects CONSTRAINT pk_projects PRIMARY KEY (id);
projects CONSTRAINT uq_projects_api_token UNIQUE (api_token);
prompts CONSTRAINT ck_prompts_latest_version CHECK ((latest_version >= 1));
prompts CONSTRAINT fk_prompts_project_id_projects FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE;
prompts CONSTRAINT pk_prompts PRIMARY KEY (id);
recent_fetches CONSTRAINT pk_recent_fetches PRIMARY KEY (project_id, prompt_id);
search_text_words CONSTRAINT pk_search_text_words PRIMARY KEY (search_text_id);
search_texts CONSTRAINT fk_search_texts_prompt_id_prompts FOREIGN KEY (prompt_id) REFERENCES prompts(id) ON DELETE CASCADE;
search_texts CONSTRAINT fk_search_texts_version_id_versions FOREIGN KEY (version_id) REFERENCES versions(id) ON DELETE CASCADE;
search_texts CONSTRAINT pk_search_texts PRIMARY KEY (id);
search_texts CONSTRAINT uq_search_texts_version_id UNIQUE (version_id);
search_words CONSTRAINT uq_search_words_word UNIQUE (word);
sessions CONSTRAINT fk_sessions_user_id_users FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;
sessions CONSTRAINT pk_sessions PRIMARY KEY (id);
sessions CONSTRAINT uq_sessions_value_hash UNIQUE (value_hash);
sign_in_links CONSTRAINT fk_sign_in_links_user_id_users FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;
sign_in_links CONSTRAINT pk_sign_in_links PRIMARY KEY (value_hash);
users CONSTRAINT fk_users_current_project_id_projects FOREIGN KEY (current_project_id) REFERENCES projects(id) ON DELETE SET NULL;
users CONSTRAINT pk_users PRIMARY KEY (id);
users CONSTRAINT uq_users_email UNIQUE (email);
users CONSTRAINT uq_users_uuid UNIQUE (uuid);
versions CONSTRAINT ck_versions_version CHECK ((version >= 1));
versions CONSTRAINT fk_versions_created_by_id_users FOREIGN KEY (created_by_id) REFERENCES users(id) ON DELETE SET NULL;
versions CONSTRAINT fk_versions_prompt_id_prompts FOREIGN KEY (prompt_id) REFERENCES prompts(id) ON DELETE CASCADE;
versions CONSTRAINT pk_versions PRIMARY KEY (id);
versions CONSTRAINT uq_versions_prompt_id_version UNIQUE (prompt_id, version);
CREATE UNIQUE INDEX alembic_version_pkc ON public.alembic_version USING btree (version_num);
CREATE INDEX ix_changes_project_id_sequence ON public.changes USING btree (project_id, sequence);
CREATE INDEX ix_changes_prompt_id_sequence ON public.changes USING btree (prompt_id, sequence);
CREATE INDEX ix_fetches_day ON public.fetches USING btree (day);
CREATE INDEX ix_keys_user_id ON public.keys USING btree (user_id);
CREATE INDEX ix_labels_name ON public.labels USING btree (name);
CREATE INDEX ix_labels_version_id ON public.labels USING btree (version_id);
CREATE INDEX ix_list_entries_author ON public.list_entries USING btree (project_id, label, created_by_id, created_at, version_id);
CREATE INDEX ix_list_entries_created_at ON public.list_entries USING btree (project_id, label, created_at, version_id);
CREATE INDEX ix_list_entries_first_version ON public.list_entries USING btree (project_id, label, first_version_created_at, version_id);
CREATE INDEX ix_list_entries_latest_version ON public.list_entries USING btree (project_id, label, latest_version, version_id);
CREATE INDEX ix_list_entries_name ON public.list_entries USING btree (project_id, label, name, version_id);
CREATE INDEX ix_list_entries_project ON public.list_entries USING btree (project_id, label);
CREATE INDEX ix_list_entries_size ON public.list_entries USING btree (project_id, label, size_bytes, version_id);
CREATE INDEX ix_list_entries_version ON public.list_entries USING btree (project_id, label, version, version_id);
CREATE INDEX ix_members_user_id ON public.members USING btree (user_id);
CREATE INDEX ix_search_text_words_numbers ON public.search_text_words USING gin (word_numbers) WITH (fastupdate=off);
CREATE INDEX ix_search_texts_prompt_id ON public.search_texts USING btree (prompt_id);
CREATE INDEX ix_search_words_trigrams ON public.search_words USING gin (search_trigrams_of(word)) WITH (fastupdate=off);
CREATE INDEX ix_sessions_user_id ON public.sessions USING btree (user_id);
CREATE INDEX ix_sign_in_links_user_id ON public.sign_in_links USING btree (user_id);
CREATE UNIQUE INDEX pk_changes ON public.changes USING btree (sequence);
CREATE UNIQUE INDEX pk_fetches ON public.fetches USING btree (version_id, day, key_id, label);
CREATE UNIQUE INDEX pk_keys ON public.keys USING btree (id);
CREATE UNIQUE INDEX pk_labels ON public.labels USING btree (id);
CREATE UNIQUE INDEX pk_last_fetches ON public.last_fetches USING btree (version_id);
CREATE UNIQUE INDEX pk_list_entries ON public.list_entries USING btree (prompt_id, label);
CREATE UNIQUE INDEX pk_members ON public.members USING btree (project_id, user_id);
CREATE UNIQUE INDEX pk_projects ON public.projects USING btree (id);
CREATE UNIQUE INDEX pk_prompts ON public.prompts USING btree (id);
CREATE UNIQUE INDEX pk_recent_fetches ON public.recent_fetches USING btree (project_id, prompt_id);
CREATE UNIQUE INDEX pk_search_text_words ON public.search_text_words USING btree (search_text_id);
CREATE UNIQUE INDEX pk_search_texts ON public.search_texts USING btree (id);
CREATE UNIQUE INDEX pk_sessions ON public.sessions USING btree (id);
CREATE UNIQUE INDEX pk_sign_in_links ON public.sign_in_links USING btree (value_hash);
CREATE UNIQUE INDEX pk_users ON public.users USING btree (id);
CREATE UNIQUE INDEX pk_versions ON public.versions USING btree (id);
CREATE UNIQUE INDEX uq_keys_value_hash ON public.keys USING btree (value_hash);
CREATE UNIQUE INDEX uq_labels_prompt_id_name ON public.labels USING btree (prompt_id, name);
CREATE UNIQUE INDEX uq_list_entries_search_text_id_label ON public.list_entries USING btree (search_text_id, label);
CREATE UNIQUE INDEX uq_projects_api_token ON public.projects USING btree (api_token);
CREATE UNIQUE INDEX uq_prompts_active_name ON public.prompts USING btree (project_id, name) WHERE (archived_at IS NULL);
CREATE UNIQUE INDEX uq_search_texts_version_id ON public.search_texts USING btree (version_id);
CREATE UNIQUE INDEX uq_search_words_word ON public.search_words USING btree (word);
CREATE UNIQUE INDEX uq_sessions_value_hash ON public.sessions USING btree (value_hash);
CREATE UNIQUE INDEX uq_users_email ON public.users USING btree (email);
CREATE UNIQUE INDEX uq_users_uuid ON public.users USING btree (uuid);
CREATE UNIQUE INDEX uq_versions_prompt_id_version ON public.versions USING btree (prompt_id, version);
CREATE TRIGGER search_words_listed AFTER INSERT ON public.list_entries FOR EACH ROW WHEN (((new.label)::text = ''::text)) EXECUTE FUNCTION search_words_follow();
CREATE TRIGGER search_words_moved AFTER UPDATE OF search_text_id ON public.list_entries FOR EACH ROW WHEN (((new.label)::text = ''::text)) EXECUTE FUNCTION search_words_follow();
CREATE TRIGGER search_words_unlisted AFTER DELETE ON public.list_entries FOR EACH ROW WHEN (((old.label)::text = ''::text)) EXECUTE FUNCTION search_words_follow();
CREATE OR REPLACE FUNCTION public.search_filled_up(numbers integer[])
 RETURNS integer[]
 LANGUAGE sql
 IMMUTABLE
AS $function$
      SELECT CASE WHEN cardinality(numbers) BETWEEN 1 AND 511
        THEN numbers || array_fill(numbers[cardinality(numbers)], ARRAY[512 - cardinality(numbers)])
        ELSE numbers END
    $function$;
CREATE OR REPLACE FUNCTION public.search_texts_with(numbers integer[], project integer)
 RETURNS bigint[]
 LANGUAGE sql
 STABLE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'off'
 SET jit TO 'off'
AS $function$
      SELECT ARRAY(SELECT search_text_id FROM search_text_words WHERE (word_numbers && numbers[1:16] OR word_numbers && numbers[17:32] OR word_numbers && numbers[33:48] OR word_numbers && numbers[49:64] OR word_numbers && numbers[65:80] OR word_numbers && numbers[81:96] OR word_numbers && numbers[97:112] OR word_numbers && numbers[113:128] OR word_numbers && numbers[129:144] OR word_numbers && numbers[145:160] OR word_numbers && numbers[161:176] OR word_numbers && numbers[177:192] OR word_numbers && numbers[193:208] OR word_numbers && numbers[209:224] OR word_numbers && numbers[225:240] OR word_numbers && numbers[241:256]) AND project_id = project)
    $function$;
CREATE OR REPLACE FUNCTION public.search_trigrams_of(word text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE
AS $function$
      SELECT array_agg(DISTINCT substr(word, place, 3)) FROM generate_series(1, length(word) - 2) AS place
    $function$;
CREATE OR REPLACE FUNCTION public.search_word_numbers(words text[])
 RETURNS integer[]
 LANGUAGE sql
 STABLE
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
      SELECT ARRAY(SELECT id FROM search_words WHERE word = ANY (words) ORDER BY id)
    $function$;
CREATE OR REPLACE FUNCTION public.search_words_follow()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO '$user', 'public'
 SET enable_seqscan TO 'off'
AS $function$
      DECLARE
        numbers integer[];
        new_words text[];
      BEGIN
        IF TG_OP <> 'INSERT' THEN
          DELETE FROM search_text_words WHERE search_text_id = old.search_text_id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
          SELECT array_agg(search_words.id), array_agg(listed_word) FILTER (WHERE search_words.id IS NULL)
          INTO numbers, new_words
          FROM search_texts
          CROSS JOIN unnest(search_words_in(name || ' ' || text)) AS listed_word
          LEFT JOIN search_words ON word = listed_word
          WHERE search_texts.id = new.search_text_id;
          IF new_words IS NOT NULL THEN
            PERFORM pg_advisory_xact_lock(7116002);
            INSERT INTO search_words (word)
            SELECT new_word FROM unnest(new_words) AS new_word
            WHERE NOT EXISTS (SELECT FROM search_words WHERE word = new_word);
            numbers := numbers || search_word_numbers(new_words);
          END IF;
          INSERT INTO search_text_words
          SELECT new.search_text_id, new.project_id,
            search_filled_up(ARRAY(SELECT number FROM unnest(numbers) AS number WHERE number IS NOT NULL ORDER BY number));
        END IF;
        RETURN NULL;
      END
    $function$;
CREATE OR REPLACE FUNCTION public.search_words_in(folded text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE
AS $function$
      WITH found AS MATERIALIZED (
        SELECT DISTINCT word FROM regexp_split_to_table(folded COLLATE "C", '[\u0001-/:-`{-\u007f]+') AS word
        WHERE length(word) >= 3
      )
      SELECT ARRAY(
        SELECT word FROM found WHERE length(word) <= 64
        UNION
        SELECT piece
        FROM found CROSS JOIN LATERAL (
          SELECT half[1] || lead(half[1]) OVER (ORDER BY number) AS piece
          FROM regexp_matches(word, '.{1,64}', 'g') WITH ORDINALITY AS halves(half, number)
        ) AS pieces
        WHERE length(word) > 64 AND piece IS NOT NULL
      )
    $function$;
