"""Alembic's entry point. The connection, with its transaction, comes from `promptuary.store.schema`."""

from alembic import context

from promptuary.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
