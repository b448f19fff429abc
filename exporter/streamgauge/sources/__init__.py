"""The only code that talks to the outside: one folder or file a system, each returning snapshots (see ``source``)."""
