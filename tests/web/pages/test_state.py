"""What a visitor has chosen stands in the address."""

from starlette.datastructures import QueryParams

from streamgauge.web.pages.state import PageState, read_state, row_key


def test_without_choices_the_address_is_bare() -> None:
    """And stays so."""
    assert read_state(QueryParams("")) == PageState()
    assert PageState().hidden_fields() == []


def test_choices_are_read_and_carried_on() -> None:
    """The last of each wins: that is the button that was pressed."""
    state = read_state(QueryParams("q=Pay&sort=lag&sort=-lag&topics=-rate&limit=1000&open=a&open=b&close=a&open=b"))
    assert state == PageState("Pay", "-lag", "-rate", 1000, ("b",))
    assert state.hidden_fields() == [("sort", "-lag"), ("topics", "-rate"), ("limit", "1000"), ("open", "b")]


def test_groups_are_sorted_by_status_and_topics_by_size_too() -> None:
    """Either way round."""
    state = read_state(QueryParams("sort=-status&topics=size"))
    assert (state.sort, state.topic_sort) == ("-status", "size")


def test_nonsense_counts_as_not_chosen() -> None:
    """A page is no place for errors about its address."""
    assert read_state(QueryParams("sort=colour&topics=--name&limit=7&unknown=1")) == PageState()


def test_what_is_carried_on_is_bounded() -> None:
    """The last that were opened stay open."""
    many = "&".join(f"open={number}" for number in range(99))
    state = read_state(QueryParams(f"q={'x' * 999}&{many}"))
    assert len(state.text) == 256
    assert (len(state.opened), state.opened[-1]) == (50, "98")


def test_the_filter_ignores_case() -> None:
    """And is no expression: every character is itself."""
    assert PageState("STRASSE").matches("straße.x")
    assert not PageState("a.c").matches("abc")


def test_no_two_rows_share_a_key() -> None:
    """Slashes in names do not move between them."""
    assert row_key("a/b", "c") != row_key("a", "b/c")
