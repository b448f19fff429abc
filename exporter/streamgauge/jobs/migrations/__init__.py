"""Changes of the tables, in order, run by Alembic when the store opens its database."""
