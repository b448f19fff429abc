"""Streamgauge reads data pipelines: throughput, lag and phase.

Data flows one way, and so do the imports::

    sources/  ->  model/  ->  metrics/  ->  web/
     outside      meaning     Prometheus    people and programs

- ``sources``: the only code that talks to the outside. A source returns a snapshot: what the outside said, and when.
- ``model``: pure. Snapshots in, readings out, the clock passed in. It also owns the value types of both.
- ``metrics``: readings to metric families, families to bytes.
- ``state``: what of the model outlives a restart.
- ``web``: serves the bytes, the JSON API and the pages.

``app`` puts them together (the one composition root), ``cli`` starts ``app``, ``config`` is the whole schema;
``reload`` reads it again while the exporter runs, and ``clusters`` follows it.
"""

__version__ = "0.1.0"
