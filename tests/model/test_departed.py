"""What is remembered of things that went away."""

from streamgauge.model import departed
from streamgauge.model.departed import REMEMBER_SECONDS, Departed


def test_what_comes_back_is_what_went_away() -> None:
    """A state that was kept is recalled once."""
    gone: Departed[str] = Departed()
    gone.keep("orders", "state", 10.0)

    assert gone.recall("orders") == "state"
    assert gone.recall("orders") is None
    assert gone.recall("never here") is None


def test_what_goes_away_twice_is_what_it_was_last() -> None:
    """The newer state takes the older one's place."""
    gone: Departed[str] = Departed()
    gone.keep("orders", "old", 10.0)
    gone.keep("orders", "new", 20.0)

    assert len(gone) == 1
    assert gone.recall("orders") == "new"


def test_the_old_is_forgotten_when_more_goes_away() -> None:
    """What went away ``REMEMBER_SECONDS`` ago is let go of as soon as something else is kept."""
    gone: Departed[str] = Departed()
    gone.keep("first", "state", 0.0)
    gone.keep("second", "state", REMEMBER_SECONDS - 1)
    assert len(gone) == 2
    gone.keep("third", "state", REMEMBER_SECONDS)

    assert gone.recall("first") is None
    assert gone.recall("second") == "state"
    assert gone.recall("third") == "state"


def test_going_away_again_starts_the_time_anew() -> None:
    """What went away again is as new as the rest."""
    gone: Departed[str] = Departed()
    gone.keep("first", "state", 0.0)
    gone.keep("second", "state", 1.0)
    gone.keep("first", "state", REMEMBER_SECONDS)
    gone.keep("third", "state", REMEMBER_SECONDS + 1)

    assert gone.recall("second") is None
    assert gone.recall("first") == "state"


def test_only_so_many_are_remembered() -> None:
    """Above the capacity the oldest go first, so that names that never come back cost little."""
    gone: Departed[int] = Departed()
    for number in range(departed.CAPACITY + 5):
        gone.keep(f"group-{number}", number, 10.0)

    assert len(gone) == departed.CAPACITY
    assert gone.recall("group-4") is None
    assert gone.recall("group-5") == 5
