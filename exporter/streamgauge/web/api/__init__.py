"""The JSON API under `/api/v1`: clusters, groups and topics, filtered, sorted, paged, as JSON or CSV."""
