"""The visits: whether they are the size, the shape and the story that was meant."""

from datetime import date, timedelta

import numpy as np
import pytest

from data.simulator.opening import intervals
from data.simulator.ticket_plan import TICKET_OFFICES
from data.simulator.tickets import LEFT, NO_SHOW, SERVED, simulate_day

SEED = 115


def days(first, last):
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def visits_of(office, first, last):
    found = (
        simulate_day(SEED, TICKET_OFFICES[office], day) for day in days(first, last)
    )
    return [day for day in found if day is not None]


def waits(visits):
    """Minutes from the appointment, or from coming later, to the call."""
    called = np.concatenate([day.called for day in visits])
    since = np.concatenate([np.maximum(d.arrived, d.appointment) for d in visits])
    served = np.concatenate([day.outcome for day in visits]) == SERVED
    return np.maximum(0, called - since)[served] / 60


@pytest.fixture(scope="module")
def year():
    return {
        office: visits_of(office, date(2025, 1, 1), date(2025, 12, 31))
        for office in TICKET_OFFICES
    }


def count(visits):
    return sum(len(day.outcome) for day in visits)


def test_a_year_has_about_three_hundred_thousand_visits(year):
    assert 260_000 < sum(count(visits) for visits in year.values()) < 330_000


@pytest.mark.parametrize(
    ("office", "least", "most"),
    [
        ("einwohnermeldeamt", 140_000, 170_000),
        ("kfz-zulassung", 55_000, 70_000),
        ("auslaenderbehoerde", 34_000, 44_000),
        ("standesamt", 11_000, 16_000),
        ("wohngeld", 11_000, 16_000),
        ("bauordnung", 3_500, 6_000),
    ],
)
def test_each_office_has_its_size(year, office, least, most):
    assert least < count(year[office]) < most


def test_no_shows_and_people_who_leave_stay_within_what_is_known(year):
    for office, visits in year.items():
        outcome = np.concatenate([day.outcome for day in visits])
        booked = np.concatenate([day.appointment for day in visits]) >= 0
        no_show = (outcome == NO_SHOW).sum() / booked.sum()
        assert 0.03 < no_show < 0.25, office
        assert 0.005 < (outcome == LEFT).mean() < 0.13, office


def test_only_who_had_an_appointment_fails_to_appear(year):
    for visits in year.values():
        for day in visits:
            assert (day.appointment[day.outcome == NO_SHOW] >= 0).all()
            assert (day.arrived[day.outcome == NO_SHOW] == -1).all()


def test_times_follow_one_another(year):
    for visits in year.values():
        for day in visits:
            served = day.outcome == SERVED
            assert (day.arrived[served] <= day.called[served]).all()
            assert (day.called[served] < day.shown[served]).all()
            assert (day.shown[served] < day.finished[served]).all()
            assert (day.called[~served] == -1).all()
            assert day.finished.max() < 86_400


def test_the_immigration_office_sees_people_by_appointment_only(year):
    assert all((day.appointment >= 0).all() for day in year["auslaenderbehoerde"])


def test_nobody_is_served_on_closed_days():
    vehicles = TICKET_OFFICES["kfz-zulassung"]
    closed = (
        date(2026, 10, 3),  # Day of German Unity, a Saturday
        date(2026, 6, 4),  # Corpus Christi, a holiday in Hesse
        date(2026, 11, 22),  # a Sunday
        date(2026, 3, 11),  # water damage
        date(2025, 12, 24),
    )
    assert [simulate_day(SEED, vehicles, day) for day in closed] == [None] * 5
    assert simulate_day(SEED, vehicles, date(2026, 3, 16)) is not None


def test_calls_begin_with_the_opening_hours_and_end_soon_after_them(year):
    for office, visits in year.items():
        whole_year = days(date(2025, 1, 1), date(2025, 12, 31))
        open_days = [day for day in whole_year if intervals(office, day)]
        assert len(open_days) == len(visits)
        for on, day in zip(open_days, visits, strict=True):
            hours = intervals(office, on)
            called = day.called[day.called >= 0]
            assert called.min() >= hours[0][0]
            assert called.max() <= hours[-1][1] + 2 * 3600


def test_the_new_appointment_system_lets_waits_drop_at_the_registration_office():
    office = "einwohnermeldeamt"
    before = waits(visits_of(office, date(2025, 3, 1), date(2025, 5, 31)))
    after = waits(visits_of(office, date(2026, 3, 1), date(2026, 5, 31)))
    assert np.median(before) > 12
    assert np.median(after) < np.median(before) / 3
    assert after.mean() < before.mean() / 2
    assert (after <= 15).mean() > (before <= 15).mean() + 0.2


def test_waits_elsewhere_stay_as_they_were():
    before = waits(visits_of("kfz-zulassung", date(2025, 9, 1), date(2025, 11, 30)))
    after = waits(visits_of("kfz-zulassung", date(2026, 9, 1), date(2026, 11, 18)))
    assert 0.6 < after.mean() / before.mean() < 1.6


def test_mondays_bring_more_people_per_hour_than_fridays(year):
    def per_hour(weekday):
        people = hours = 0
        for day in days(date(2025, 1, 1), date(2025, 12, 31)):
            if day.weekday() == weekday and (open_ := intervals("kfz-zulassung", day)):
                people += len(
                    simulate_day(SEED, TICKET_OFFICES["kfz-zulassung"], day).outcome
                )
                hours += sum(closes - opens for opens, closes in open_) / 3600
        return people / hours

    assert per_hour(0) > 1.08 * per_hour(4)


def test_more_walk_ins_come_in_the_morning_than_at_noon(year):
    arrived = np.concatenate(
        [day.arrived[day.appointment < 0] for day in year["einwohnermeldeamt"]]
    )
    morning = ((arrived >= 8 * 3600) & (arrived < 9 * 3600)).sum()
    # At noon the office is open on three days, in the morning on five.
    noon = ((arrived >= 12.5 * 3600) & (arrived < 13.5 * 3600)).sum() * 5 / 3
    assert morning > 1.25 * noon


def test_the_worst_hours_without_an_appointment_are_long_but_not_absurd():
    """The last eight weeks: what the page says about when to go."""
    by_hour: dict[tuple[int, int], list[float]] = {}
    for day in days(date(2026, 9, 21), date(2026, 11, 15)):
        visits = simulate_day(SEED, TICKET_OFFICES["einwohnermeldeamt"], day)
        if visits is None:
            continue
        walk_in = (visits.outcome == SERVED) & (visits.appointment < 0)
        for came, called in zip(
            visits.arrived[walk_in], visits.called[walk_in], strict=True
        ):
            hour = day.weekday(), int(came) // 3600
            by_hour.setdefault(hour, []).append((called - came) / 60)
    medians = {
        hour: float(np.median(found))
        for hour, found in by_hour.items()
        if len(found) >= 20
    }
    assert 25 <= max(medians.values()) <= 40
    assert max(v for (weekday, _), v in medians.items() if weekday == 0) >= 25
    assert min(medians.values()) <= 6
