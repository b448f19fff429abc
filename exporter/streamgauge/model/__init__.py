"""What the readings mean. Pure: values in, values out, the clock passed in; no I/O, no threads, no logging.

- ``snapshot``: what a source saw (the sources return it).
- ``history``: when each end offset was seen, kept from reading to reading.
- ``remembered``: those histories, put together from what an earlier process has saved.
- ``saving``: how that saving is doing.
- ``lag``: records and seconds from a snapshot and the histories.
- ``search``: what a record's timestamp says of when it was appended.
- ``bisection``: how that timestamp is found.
- ``tails``: whether the last few offsets that a group has not committed are records at all.
- ``throughput``: counters of appended and consumed records, and their rates.
- ``status``: what a group is doing on a topic, in one word.
- ``conduct``: what is remembered of it for that.
- ``forecast``: how long until a group has caught up, or loses data.
- ``membership``: rebalances, and members that come and go.
- ``topics``, ``groups``, ``group_topics``: what is remembered of each from reading to reading.
- ``departed``: remembers those that went away, for a while.
- ``cluster``: one snapshot in, one reading out; holds the state of the above.
- ``reading``: the answer, which metrics and web show and nobody changes any more.
- ``alerts``: what Alertmanager's alerts and silences mean together.
- ``source_status``: how a source is doing.
- ``reload_status``: how the configuration was last read.
- ``websocket_counts``: how many WebSockets there are, and their messages.
- ``refusals``: how many requests the web has refused, and why.
- ``invalid_events``: how many reported events nobody could read.
- ``jobs``: batch work: what was told of runs and phases, in any order, and what it means; and applications.
"""
