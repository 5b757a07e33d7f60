"""Alembic's entrance: it is given a connection, inside a transaction."""

from alembic import context

from tidegate.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite cannot alter most things in place.
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
