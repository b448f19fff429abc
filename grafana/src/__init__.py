"""The dashboards as typed code: what is asked, how it looks, where it stands, and the JSON that Grafana reads.

    queries.py -> panels.py -> layout.py -> dashboard.py -> __main__.py -> grafana/dashboards/*.json
    what is       one function  who stands   variables,      writes
    asked         a kind        where        annotations

``look.py`` is the one table of colours, units and thresholds; ``links.py`` the one of addresses. Each dashboard is a
module of its own: ``overview.py``, ``group.py``, ``topic.py``, ``cluster.py``, ``jobs.py``, ``job_run.py``,
``application.py``, ``exporter.py``; what two of them show alike stands in ``shared.py`` and ``job_store.py``. What is
asked about jobs is in ``job_queries.py``; ``comparison.py`` has the kinds of panel that only they have.
"""
