"""The store of runs: takes events, keeps what they mean in SQLite or PostgreSQL, and answers what is asked of it.

- ``store``: the front: events in, readings out; one thread writes.
- ``receipt``: what became of events that were given to it.
- ``queries``: pages of runs, samples, notes and histories, from any thread.
- ``records``: what those are made of.
- ``rules``: how long what is kept, and how much of it.
- ``slos``: what jobs and phases are held against, and when they are due.
"""
