"""One snapshot in, one reading out; holds what must be remembered in between."""

from streamgauge.model.groups import GroupRules, Groups
from streamgauge.model.reading import ClusterReading
from streamgauge.model.snapshot import ClusterSnapshot, Quorum
from streamgauge.model.topics import Topics


class ClusterModel:
    """What one cluster's snapshots mean. Made for one thread.

    Args:
        cluster: the cluster's name.
        history_points: points of end offset history kept a partition.
        rules: what the conduct of groups is held against.
    """

    def __init__(self, cluster: str, history_points: int, rules: GroupRules) -> None:
        self._cluster = cluster
        self._topics = Topics(history_points)
        self._groups = Groups(rules)

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
            broker_loads=snapshot.broker_loads,
            log_dirs=snapshot.log_dirs,
            voter_lags=_voter_lags(snapshot.quorum),
        )


def _voter_lags(quorum: Quorum | None) -> dict[int, int]:
    """Known only while there is a leader to be behind of; a voter that says less than nothing has not been heard of."""
    end = None if quorum is None or quorum.leader is None else quorum.voters.get(quorum.leader)
    if quorum is None or end is None:
        return {}
    return {node: max(0, end - offset) for node, offset in quorum.voters.items() if offset >= 0}
