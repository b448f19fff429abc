"""One snapshot in, one reading out; holds what must be remembered in between."""

from collections.abc import Iterator

from streamgauge.model.group_topics import Questions
from streamgauge.model.groups import GroupRules, Groups
from streamgauge.model.reading import ClusterReading
from streamgauge.model.remembered import RememberedEnds, RememberedTopic
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

    def hold_against(self, rules: GroupRules) -> None:
        """Hold the conduct of groups against other rules from the next snapshot on; what is remembered stays."""
        self._groups.rules = rules

    def update(self, snapshot: ClusterSnapshot) -> ClusterReading:
        """Take one snapshot; snapshots come in the order of time."""
        topics = self._topics.update(snapshot)
        questions = Questions([], [])
        groups = self._groups.update(snapshot, self._topics.states, questions)
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
            sought=tuple(questions.sought),
            tails=tuple(dict.fromkeys(questions.tails)),
            searching=snapshot.searching,
            history=self._topics.history_size(),
        )

    def restore(self, remembered: RememberedEnds) -> None:
        """Take up the histories of an earlier process; before the first snapshot."""
        self._topics.restore(remembered)

    def remembered(self) -> Iterator[RememberedTopic]:
        """The histories by topic, which are to outlive the process; to be used up before the next snapshot."""
        return self._topics.remembered()


def _voter_lags(quorum: Quorum | None) -> dict[int, int]:
    """Known only while there is a leader to be behind of; a voter that says less than nothing has not been heard of."""
    end = None if quorum is None or quorum.leader is None else quorum.voters.get(quorum.leader)
    if quorum is None or end is None:
        return {}
    return {node: max(0, end - offset) for node, offset in quorum.voters.items() if offset >= 0}
