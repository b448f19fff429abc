"""Readings to metric families, families to bytes.

- ``family``: what a family is, and how a sample is written.
- ``kafka_cluster``, ``kafka_topics``, ``kafka_groups``: families, each declared beside what fills it.
- ``memory``: what is remembered, and whether it is saved.
- ``series_budget``: which parts are served at topic level when there are too many series.
- ``kafka``: one cluster's reading to lines.
- ``job_runs``, ``job_phases``, ``applications``: families of jobs and applications, beside what fills them.
- ``jobs``: the reading of all jobs and applications to lines, within a budget.
- ``job_store``: what is about the store of runs.
- ``exporter``: what is about us.
- ``catalogue``: every family; the reference page, the seams test and the HELP texts come from it.
- ``reference``: the reference page.
- ``exposition``: joins ready parts into the page that is scraped.
"""
