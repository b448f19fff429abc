"""Schemas of the messages that kafka-python lacks, in the format of Kafka's own message definitions (KIP-848)."""
