"""The event loop against days worked out by hand, and against a second, plain one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.simulator.desks import Crowd, serve

NINE = 9 * 3600
TEN = 10 * 3600
PATIENT = 10**6


def walk_ins(*arrived, seconds=600, patience=PATIENT):
    count = len(arrived)
    return Crowd(arrived, [-1] * count, [patience] * count, [seconds] * count)


def test_one_desk_calls_walk_ins_in_the_order_of_their_arrival():
    served = serve(walk_ins(NINE, NINE + 60, NINE + 1500), [[(NINE, TEN)]], TEN)
    assert served.called == [NINE, NINE + 600, NINE + 1500]


def test_nobody_is_called_before_the_desk_opens():
    served = serve(walk_ins(NINE - 900, NINE - 300), [[(NINE, TEN)]], TEN)
    assert served.called == [NINE, NINE + 600]


def test_two_desks_serve_two_people_at_a_time():
    desks = [[(NINE, TEN)], [(NINE, TEN)]]
    served = serve(walk_ins(NINE, NINE, NINE), desks, TEN)
    assert sorted(served.called) == [NINE, NINE, NINE + 600]
    assert sorted(served.desk[:2]) == [0, 1]


def test_who_has_an_appointment_is_called_before_who_came_first():
    crowd = Crowd(
        [NINE, NINE + 10, NINE + 20],
        [-1, -1, NINE + 300],
        [PATIENT] * 3,
        [600] * 3,
    )
    served = serve(crowd, [[(NINE, TEN)]], TEN)
    assert served.called == [NINE, NINE + 1200, NINE + 600]


def test_who_comes_sixteen_minutes_late_queues_like_a_walk_in():
    late = NINE + 16 * 60
    crowd = Crowd([NINE, NINE + 1, late], [-1, -1, NINE], [PATIENT] * 3, [1200] * 3)
    served = serve(crowd, [[(NINE, TEN)]], TEN)
    assert served.called == [NINE, NINE + 1200, NINE + 2400]


def test_who_runs_out_of_patience_leaves_and_is_not_called():
    served = serve(
        walk_ins(NINE, NINE + 1, seconds=1800, patience=900), [[(NINE, TEN)]], TEN
    )
    assert served.called == [NINE, -1]
    assert served.left == [-1, NINE + 901]


def four_appointments_and_a_walk_in(seconds):
    crowd = Crowd(
        [NINE, NINE, NINE, NINE, NINE + 1],
        [NINE, NINE, NINE, NINE, -1],
        [PATIENT] * 5,
        [seconds] * 5,
    )
    return serve(crowd, [[(NINE, NINE + 4 * 3600)]], NINE + 4 * 3600)


def test_who_waits_for_an_hour_is_taken_before_every_third_appointment():
    # After three calls 3 900 s are over: the walk-in is before the last appointment.
    served = four_appointments_and_a_walk_in(seconds=1300)
    assert served.called == [NINE, NINE + 1300, NINE + 2600, NINE + 5200, NINE + 3900]


def test_who_waits_for_less_than_an_hour_is_not():
    served = four_appointments_and_a_walk_in(seconds=600)
    assert served.called == [NINE, NINE + 600, NINE + 1200, NINE + 1800, NINE + 2400]


def test_a_desk_on_its_break_calls_nobody():
    half = NINE + 1800
    desk = [(NINE, half), (half + 600, TEN)]
    served = serve(walk_ins(NINE, half + 60), [desk], TEN)
    assert served.called == [NINE, half + 600]


def test_whoever_has_a_ticket_at_closing_time_is_still_served():
    served = serve(walk_ins(TEN - 60, TEN - 30), [[(NINE, TEN)]], TEN)
    assert served.called == [TEN - 60, TEN + 540]


def test_a_desk_that_closes_early_leaves_the_others_to_serve():
    desks = [[(NINE, NINE + 600)], [(NINE, TEN)]]
    served = serve(walk_ins(NINE, NINE, NINE + 700, NINE + 700), desks, TEN)
    assert served.called[2:] == [NINE + 700, NINE + 1300]
    assert set(served.desk[2:]) == {1}


def test_no_tickets_are_given_when_the_queue_reaches_an_hour_beyond_closing():
    # 600 s each at one desk: the thirteenth in the queue would be called two hours on.
    served = serve(walk_ins(*[NINE] * 15), [[(NINE, TEN)]], TEN)
    assert served.turned_away == {13, 14}
    assert served.sold_out_from == NINE
    assert served.called[12] == TEN + 3600
    assert served.called[13] == -1


@given(
    st.lists(
        st.tuples(st.integers(0, 3600), st.integers(1, 900)), min_size=1, max_size=40
    ),
    st.integers(1, 4),
)
def test_the_loop_agrees_with_taking_the_desk_that_is_free_first(people, desks):
    people.sort()
    crowd = Crowd(
        [NINE + arrived for arrived, _ in people],
        [-1] * len(people),
        [PATIENT] * len(people),
        [seconds for _, seconds in people],
    )
    served = serve(crowd, [[(NINE, NINE + 10**5)]] * desks, NINE + 10**5)
    free = [NINE] * desks
    for number, (arrived, seconds) in enumerate(people):
        free.sort()
        called = max(free[0], NINE + arrived)
        assert served.called[number] == called
        free[0] = called + seconds


@pytest.mark.parametrize("desks", [1, 3])
def test_an_empty_day_ends(desks):
    served = serve(walk_ins(), [[(NINE, TEN)]] * desks, TEN)
    assert served.called == []
