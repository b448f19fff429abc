"""Runs the migrations on the connection that it is given; Alembic executes this module, nobody imports it."""

from alembic import context
from sqlalchemy import Connection

from streamgauge.jobs.tables import METADATA

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA)
context.run_migrations()
