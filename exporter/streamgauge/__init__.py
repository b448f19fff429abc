"""Streamgauge reads data pipelines: throughput, lag and phase.

Data flows one way, and so do the imports::

    sources/  ->  model/  ->  metrics/  ->  web/
     outside      meaning     Prometheus    people and programs

- ``sources``: the only code that talks to the outside. A source returns a snapshot: what the outside said, and when.
- ``model``: pure. Snapshots in, readings out, the clock passed in. It also owns the value types of both.
- ``metrics``: readings to metric families, families to bytes.
- ``state``: what of the model outlives a restart.
- ``jobs``: the store of runs. Jobs come to us: what they report enters by ``web`` and becomes readings here.
- ``web``: serves the bytes, the JSON API and the pages.

``app`` puts them together (the one composition root), ``cli`` starts ``app``, ``config`` is the whole schema;
``reload`` reads it again while the exporter runs, and ``clusters`` follows it; ``job_publisher`` renders what ``jobs``
knows.
"""

__version__ = "0.1.0"
