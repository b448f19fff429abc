"""The parts of ``benchmarks/accuracy.py``: what is played, what was true of it, what was served, and how they differ.

- ``lives``: scripts, plain values: what a topic's producer and a group's consumer do, and when.
- ``players``: producers and consumers that play them on a real Kafka, and note what they did.
- ``truth``: from those notes, what lag may have been at an instant; pure.
- ``served``: the exporter's pages, read while it runs.
- ``comparison``: served against true, and the table of it; pure.
"""
