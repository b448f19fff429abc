"""One snapshot in, one reading out; holds what must be remembered in between."""

from streamgauge.model.groups import Groups
from streamgauge.model.reading import ClusterReading
from streamgauge.model.snapshot import ClusterSnapshot
from streamgauge.model.topics import Topics


class ClusterModel:
    """What one cluster's snapshots mean. Made for one thread.

    Args:
        cluster: the cluster's name.
        history_points: points of end offset history kept a partition.
    """

    def __init__(self, cluster: str, history_points: int) -> None:
        self._cluster = cluster
        self._topics = Topics(history_points)
        self._groups = Groups()

    def update(self, snapshot: ClusterSnapshot) -> ClusterReading:
        """Take one snapshot; snapshots come in the order of time."""
        topics = self._topics.update(snapshot)
        groups = self._groups.update(snapshot, self._topics.states)
        return ClusterReading(
            cluster=self._cluster,
            read_at=snapshot.read_at,
            brokers=snapshot.brokers,
            controller=snapshot.controller,
            topics=topics,
            groups=groups,
        )
