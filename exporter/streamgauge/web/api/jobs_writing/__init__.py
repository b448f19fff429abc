"""How jobs report: batches of events, requests that are made by hand, and OpenLineage.

- ``values``: what texts, numbers and times must be
- ``facts``: the fields of each kind of event, and the facts that they stand for
- ``event_models``: whole events, as the SDK sends them
- ``application_models``: what an application tells of itself
- ``reasons``: why an event is refused, in words
- ``submitting``: hands events to the store and waits until they are on disk
- ``descriptions``: how OpenAPI describes bodies that a route reads by itself
- ``events``: ``POST /events``
- ``report_models``, ``report_table``, ``reports``: the routes for requests that are made by hand
- ``lineage_models``, ``lineage``: ``POST /lineage``
- ``router``: all of their routes
"""
