"""Reads a Kafka cluster through kafka-python's own request messages, in batches.

- ``connection``: owns the connections, counts requests, bounds them in time; the only module with private calls.
- ``security``: librdkafka's property names to kafka-python's.
- ``tokens``: tokens for OAUTHBEARER, fetched beside the cycle: from ``oidc`` (an endpoint) or ``msk`` (AWS IAM).
- ``metadata``, ``groups``, ``offsets``: one kind of request each, to values.
- ``source``: the order of a cycle, and what is read more rarely.
"""
