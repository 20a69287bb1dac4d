"""The wait later today: by hand, by loops, blind to what comes, and judged honestly."""

import math
import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.compute import compute
from metrics.frames import REST_OF_DAY
from metrics.reading import Reading
from metrics.rest_forecast import (
    WEEKS,
    as_learnt,
    as_shown,
    expected,
    forecasts,
    judged,
    lately_of,
    learn,
    verdicts_of,
)
from metrics.rest_of_day import rest_of_day
from metrics.usual_week import MOST_WEEKS

MONDAY = date(2026, 8, 31)
INFINITE = float("inf")
LOOKS = {
    "office": pl.String,
    "week": pl.Int64,
    "day": pl.Date,
    "weekday": pl.Int8,
    "hour": pl.Int8,
    "at": pl.Datetime("us", "UTC"),
    "at_least": pl.Float64,
    "at_most": pl.Float64,
}
WINDOWS = pl.DataFrame(
    {
        "office": ["amt"],
        "window_start": [MONDAY],
        "window_end": [MONDAY + timedelta(weeks=WEEKS, days=-1)],
    }
)


def look(day, hour, minute, wait, at_most=None):
    """Look at the queue; minutes of the day are those of UTC here."""
    return {
        "office": "amt",
        "week": (day - MONDAY).days // 7,
        "day": day,
        "weekday": day.isoweekday(),
        "hour": hour,
        "at": datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC),
        "at_least": float(wait),
        "at_most": float(wait if at_most is None else at_most),
    }


def lately(looks, base=5):
    return lately_of(pl.DataFrame(looks, LOOKS), WINDOWS, base)


def open_days():
    for week in range(WEEKS):
        for day in range(5):
            yield MONDAY + timedelta(weeks=week, days=day)


def verdict(looks, hours_ahead=1, base=5):
    made = forecasts(lately(looks, base))
    assert made is not None
    rows = verdicts_of(judged(made, base)).filter(hours_ahead=hours_ahead)
    return rows.row(0, named=True)


# By hand ------------------------------------------------------------------------------


def test_what_is_unusual_now_stays_in_part():
    """Usual are 20 and 15 minutes; 10 more or less became 9 more and 3 less."""
    looks = [
        look(MONDAY + timedelta(weeks=week), hour, 10, wait)
        for week, waits in enumerate([(10, 12), (20, 15), (30, 24)])
        for hour, wait in zip((8, 9), waits, strict=True)
    ]
    learnt = learn(lately(looks), 3)
    usual = learnt.usual.sort("hour").select("weekday", "hour", "n", "usual_minutes")
    assert usual.rows() == [(1, 8, 3, 20), (1, 9, 3, 15)]
    # 30 + 0 + 90, divided by 100 + 0 + 100.
    assert learnt.shares.rows() == [("amt", 1, 0.6)]
    asked = pl.DataFrame(
        {"office": ["amt"], "weekday": [1], "hour": [9], "hours_ahead": [1]},
        {"office": pl.String, **dict.fromkeys(("weekday", "hour"), pl.Int8)}
        | {"hours_ahead": pl.Int8},
    )
    rows = as_learnt(asked, learnt).with_columns(
        now=pl.lit(40.0), low_minutes=pl.lit(-28.0), high_minutes=pl.lit(6.0)
    )
    told = as_shown(rows.with_columns(expected=expected()), 5)
    # 15 + 0.6 * 20 = 27; 27 - 28 is below 0, and 33 is nearer to 35.
    assert told.select("expected", "wait", "low", "high").rows() == [(27, 25, 0, 35)]


@pytest.mark.parametrize(("then", "share"), [((0, 15, 45), 1.0), ((24, 15, 12), 0.0)])
def test_no_more_stays_of_a_rush_than_there_was_and_no_less_than_nothing(then, share):
    looks = [
        look(MONDAY + timedelta(weeks=week), hour, 10, wait)
        for week, waits in enumerate(zip((10, 20, 30), then, strict=True))
        for hour, wait in zip((8, 9), waits, strict=True)
    ]
    assert learn(lately(looks), 3).shares["share"].to_list() == [share]


def test_an_hour_is_the_middle_of_its_looks_and_one_look_a_quarter_is_judged():
    looks = [
        look(MONDAY, 8, 1, 3),
        look(MONDAY, 8, 14, 12),  # the last of its quarter
        look(MONDAY, 8, 15, 20),
        look(MONDAY, 9, 0, 10),
        look(MONDAY, 9, 30, 11),
        look(MONDAY, 9, 50, 40),
        look(MONDAY, 14, 0, 5),  # too far from any other
    ]
    found = lately(looks)
    hours = dict(found.hours.sort("hour").select("hour", "at_least").iter_rows())
    assert hours == {8: 12, 9: 11, 14: 5}
    pairs = found.pairs.select("from_hour", "hour", "hours_ahead", "now", "came")
    assert sorted(pairs.rows()) == [(8, 9, 1, 10, 11), (8, 9, 1, 20, 11)]


def test_more_than_an_hour_is_no_number():
    looks = [
        look(MONDAY, 8, 0, 60, INFINITE),
        look(MONDAY, 8, 20, 30),
        look(MONDAY, 9, 0, 60, INFINITE),
        look(MONDAY, 9, 20, 60, INFINITE),
        look(MONDAY, 9, 40, 20),
    ]
    pairs = lately(looks).pairs
    # Nothing follows from such a look, and the hour came to at least 60.
    assert pairs.select("now", "came").rows() == [(30, None)]


# By loops -----------------------------------------------------------------------------


def rank(values, p):
    ordered = sorted(values)
    return ordered[max(0, math.ceil(round(p * len(ordered), 9)) - 1)]


def nearest_five(value):
    return 5 * math.floor(value / 5 + 0.5)


class Plain:
    """The same by loops over looks; nothing is shared with it."""

    def __init__(self, looks):
        by_hour, quarters = {}, {}
        for each in looks:
            place = each["week"], each["weekday"], each["hour"]
            by_hour.setdefault(place, []).append(each)
            quarters[place, each["at"].minute // 15] = each
        self.hours = {}
        for place, group in by_hour.items():
            ends = {rank([e[name] for e in group], 0.5) for name in
                    ("at_least", "at_most")}  # fmt: skip
            self.hours[place] = ends.pop() if len(ends) == 1 else None
        self.pairs = [
            (place, ahead, nearest_five(each["at_least"]))
            for (place, _), each in quarters.items()
            if each["at_least"] == each["at_most"]
            for ahead in (1, 2, 3, 4)
            if (*place[:2], place[2] + ahead) in self.hours
        ]

    def usual(self, weekday, hour, before):
        values = [
            INFINITE if value is None else value
            for (week, day, clock), value in self.hours.items()
            if week < before and (day, clock) == (weekday, hour)
        ]
        middle = rank(values, 0.5)
        is_known = len(values) >= 3 and middle < INFINITE
        return math.floor(middle + 0.5) if is_known else None

    def made(self, week, ahead):
        """Make the forecasts of a week: what is said, what came, and the naive ones."""
        top = bottom = 0
        usual = {
            (weekday, hour): self.usual(weekday, hour, week)
            for weekday in range(1, 6)
            for hour in range(8, 12)
        }
        for (when, weekday, hour), step, now in self.pairs:
            came = self.hours[when, weekday, hour + step]
            known = usual[weekday, hour], usual[weekday, hour + step]
            if step == ahead and when < week and came is not None and None not in known:
                top += (now - known[0]) * (came - known[1])
                bottom += (now - known[0]) ** 2
        share = round(min(1, max(0, top / bottom)), 2)
        for (when, weekday, hour), step, now in self.pairs:
            known = (
                usual[weekday, hour],
                usual[weekday, hour + step] if (hour + step < 12) else None,
            )
            if step == ahead and when == week and None not in known:
                said = max(0, known[1] + share * (now - known[0]))
                yield said, self.hours[when, weekday, hour + step], now, known[1]

    def verdict(self, ahead):
        errors, off, held = [], [], []
        for week in range(4, 12):
            rows = list(self.made(week, ahead))
            if week >= 6:
                low = min(0, math.floor(rank(errors, 0.1)))
                high = max(0, math.ceil(rank(errors, 0.9)))
                for said, came, now, usual in rows:
                    ends = nearest_five(max(0, said + low)), nearest_five(said + high)
                    held.append(came is not None and ends[0] <= came <= ends[1])
                    ways = nearest_five(said), now, usual
                    if came is not None:
                        off.append([abs(came - way) for way in ways])
            errors += [row[1] - row[0] for row in rows if row[1] is not None]
        means = [sum(each) / len(off) for each in zip(*off, strict=True)]
        return (*means, 100 * sum(held) / len(held), len(held))


@pytest.mark.parametrize("seed", range(3))
def test_loops_over_the_looks_come_to_the_same(seed):
    chance = random.Random(seed)  # noqa: S311
    looks = []
    for day in open_days():
        rush = chance.gauss(0, 12)
        for hour in range(8, 12):
            for minute in (5, 20, 35, 50):
                wait = round(max(0, 25 + 3 * hour - 27 + rush + chance.gauss(0, 8)))
                looks.append(look(day, hour, minute, min(wait, 45),
                                  INFINITE if wait > 45 else None))  # fmt: skip
    plain = Plain(looks)
    for ahead in (1, 2, 3):
        found = verdict(looks, ahead)
        names = ("error", "error_as_now", "error_as_usual")
        ours = [found[f"{name}_minutes"] for name in names]
        assert (*ours, found["held_percent"], found["judged"]) == pytest.approx(
            plain.verdict(ahead)
        )


# Blind to what comes ------------------------------------------------------------------


def noisy(seed, share=0.6, spread=15.0, *, peak=5):
    """Draw waits of which so much stays from hour to hour; the truth is known."""
    chance = random.Random(seed)  # noqa: S311
    looks = []
    for day in open_days():
        unusual = chance.gauss(0, spread)
        for hour in range(8, 16):
            wait = max(0, 40 + peak * (hour % 3) + unusual)
            looks += [look(day, hour, minute, wait) for minute in (5, 20, 35, 50)]
            fresh = spread * math.sqrt(1 - share**2)
            unusual = share * unusual + chance.gauss(0, fresh)
    return looks


@pytest.mark.parametrize("week", [6, 7, 9, 11])
def test_what_comes_later_changes_no_forecast_before_it(week):
    before = noisy(1)
    later = noisy(2, spread=60.0)
    changed = [
        old if old["week"] < week else new
        for old, new in zip(before, later, strict=True)
    ]
    ours, theirs = lately(before), lately(changed)
    for one, other in zip(learn(ours, week), learn(theirs, week), strict=True):
        keys = [name for name in one.columns if name not in {"n", "share"}]
        assert_frame_equal(one.sort(keys), other.sort(keys))
    told, told_then = (
        judged(made, 5).filter(pl.col("week") < week)
        for each in (ours, theirs)
        if (made := forecasts(each)) is not None
    )
    assert_frame_equal(told, told_then, check_row_order=False)
    # The bands of the week itself are made of errors before it.
    bands, bands_then = (
        judged(made, 5).filter(week=week).select("hours_ahead", "low_minutes",
        "high_minutes").unique().sort("hours_ahead")
        for each in (ours, theirs)
        if (made := forecasts(each)) is not None
    )  # fmt: skip
    assert_frame_equal(bands, bands_then)


# Judged where the truth is known ------------------------------------------------------


def test_where_a_rush_stays_in_part_the_share_is_found_and_it_is_said():
    looks = noisy(3)
    learnt = learn(lately(looks), WEEKS)
    shares = dict(learnt.shares.select("hours_ahead", "share").iter_rows())
    assert shares[1] == pytest.approx(0.6, abs=0.06)
    assert shares[2] == pytest.approx(0.36, abs=0.08)
    found = verdict(looks)
    assert (found["state"], found["reason"]) == ("final", None)
    assert 70 <= found["held_percent"] <= 90
    best = min(found["error_as_now_minutes"], found["error_as_usual_minutes"])
    assert found["error_minutes"] < 0.95 * best
    assert (found["judged_from"], found["judged_days"]) == (date(2026, 10, 12), 30)


def test_where_nothing_stays_nothing_is_said():
    found = verdict(noisy(4, share=0.0))
    assert (found["state"], found["reason"]) == ("no_data", "not_better")


def test_where_everything_stays_it_is_enough_to_look_now():
    found = verdict(noisy(5, share=0.999, peak=0))
    assert (found["state"], found["reason"]) == ("no_data", "not_better")


def test_fewer_than_twenty_days_prove_nothing():
    looks = [each for each in noisy(3) if each["weekday"] <= 3]
    found = verdict(looks)
    assert (found["judged_days"], found["reason"]) == (18, "too_few")


def test_a_band_that_came_to_be_too_narrow_is_not_told():
    """In the last six weeks a rush is three times what it was before."""
    calm, wild = noisy(6, spread=8.0), noisy(6, spread=24.0)
    looks = [a if a["week"] < 6 else b for a, b in zip(calm, wild, strict=True)]
    found = verdict(looks)
    assert found["held_percent"] < 70
    assert found["reason"] == "not_held"


def test_what_came_to_more_than_an_hour_lay_in_no_band():
    whole, more = noisy(3), {"at_least": 60.0, "at_most": INFINITE}
    looks = [each | more if each["at_least"] > 60 else each for each in whole]
    assert verdict(looks)["held_percent"] < verdict(whole)["held_percent"]


# From the warehouse -------------------------------------------------------------------

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
LISTED = [{"kpis": ["queue.*"], "by": ["office"], "grains": ["hour_of_week"]}]


def sample(at, wait, **more):
    return {
        "office": "meldeamt",
        "observed_at": at,
        "wait_minutes": wait,
        "state": "open",
        **more,
    }


def hours_of_meldeamt(seed=0):
    """Look twice an hour from 8 to 12 o'clock in Berlin, which is UTC+2, later +1."""
    chance, rows = random.Random(seed), []  # noqa: S311
    for day in open_days():
        unusual = chance.gauss(0, 15)
        for hour in range(8, 12):
            shift = 2 if day < date(2026, 10, 25) else 1
            at = datetime(day.year, day.month, day.day, hour - shift, 10, tzinfo=UTC)
            rows.append(sample(at, float(round(max(0, 30 + unusual)))))
            rows.append(sample(at + timedelta(minutes=30), rows[-1]["wait_minutes"]))
            unusual = 0.6 * unusual + chance.gauss(0, 12)
    return rows


def test_looks_at_a_queue_become_forecasts(connection, make_city, deliver):
    rows = hours_of_meldeamt()
    no_waits = [
        sample(datetime(2026, 11, 20, 8, 20, tzinfo=UTC), None, state="sold_out"),
        sample(datetime(2026, 11, 20, 8, 25, tzinfo=UTC), 0.0, state="closed"),
        # Saturday, before opening, after closing, and after the last closed week.
        sample(datetime(2026, 11, 21, 8, 0, tzinfo=UTC), 99.0),
        sample(datetime(2026, 11, 20, 6, 0, tzinfo=UTC), 99.0),
        sample(datetime(2026, 11, 20, 11, 30, tzinfo=UTC), 99.0),
        sample(datetime(2026, 11, 24, 9, 0, tzinfo=UTC), 99.0),
    ]
    deliver("queue_samples", rows, until=NOW)
    alone = compute(connection, make_city(), NOW).frames["rest_of_day"]
    deliver("queue_samples", no_waits, until=NOW)
    frame = compute(connection, make_city(), NOW).frames["rest_of_day"]
    assert frame.schema == REST_OF_DAY
    assert_frame_equal(frame, alone)
    # Hours 9, 10 and 11 of five days can be told of 1, 2 and 3 hours before.
    assert frame.height == 5 * (1 + 2 + 3)
    assert set(frame["window_start"]) == {MONDAY}
    assert set(frame["window_end"]) == {date(2026, 11, 22)}
    nine = frame.filter(weekday=1, hour=9, hours_ahead=1).row(0, named=True)
    mondays = [r for r in rows if r["observed_at"].weekday() == 0]
    local = {
        hour: sorted(
            r["wait_minutes"]
            for r in mondays[::2]
            if r["observed_at"].hour + (2 if r["observed_at"] < SHIFT else 1) == hour
        )
        for hour in (8, 9)
    }
    assert (nine["usual_now_minutes"], nine["usual_minutes"]) == (
        local[8][5],
        local[9][5],
    )
    assert (nine["state"], nine["n"]) == ("final", 12)


SHIFT = datetime(2026, 10, 25, tzinfo=UTC)


def test_a_closed_day_on_which_the_display_goes_on_is_left_out(
    connection, make_city, deliver
):
    rows = hours_of_meldeamt()
    day = date(2026, 11, 18)
    reason = {"de": "Ausflug", "en": "Outing"}
    closure = {"first_on": day, "last_on": day, "reason": reason}
    city = make_city(closure=[closure])
    shown = [
        row | {"wait_minutes": 99.0} if row["observed_at"].date() == day else row
        for row in rows
    ]
    deliver("queue_samples", shown, until=NOW)
    found = rest_of_day(Reading(connection, city, NOW))
    assert set(found["judged_days"]) == {29}
    wednesday = found.filter(weekday=3)
    assert set(wednesday["n"]) == {11}
    assert (wednesday["usual_minutes"] < 99).all()


def test_each_office_has_its_own_weeks(connection, make_city, deliver):
    rows = hours_of_meldeamt()
    deliver("queue_samples", rows, until=NOW, source="one")
    alone = rest_of_day(Reading(connection, make_city(), NOW))
    two_weeks = timedelta(weeks=2)
    bauamt = [
        row | {"office": "bauamt", "observed_at": row["observed_at"] - two_weeks}
        for row in rows
    ]
    deliver("queue_samples", bauamt, until=NOW - two_weeks, source="two")
    before = [
        sample(row["observed_at"] - two_weeks, 99.0)
        for row in rows
        if row["observed_at"] - two_weeks < rows[0]["observed_at"]
    ]
    deliver("queue_samples", before, until=NOW, source="one")
    found = rest_of_day(Reading(connection, make_city(), NOW))
    windows = found.select("office", "window_end").unique().sort("office")
    assert windows.rows() == [
        ("bauamt", date(2026, 11, 8)),
        ("meldeamt", date(2026, 11, 22)),
    ]
    assert_frame_equal(found.filter(office="meldeamt"), alone)


def test_several_queues_are_one_with_the_longest_wait(connection, make_city, deliver):
    rows = hours_of_meldeamt()
    shorter = [
        row | {"queue": "Kasse", "wait_minutes": row["wait_minutes"] / 2}
        for row in rows
    ]
    longer = [row | {"queue": "Ausweise"} for row in rows]
    deliver("queue_samples", [*shorter, *longer], until=NOW)
    both = rest_of_day(Reading(connection, make_city(), NOW))
    whole = [row | {"wait_minutes": 5.0} for row in rows]
    deliver("queue_samples", rows, until=NOW, source="one")
    one = rest_of_day(Reading(connection, make_city(), NOW))
    assert_frame_equal(both, one)
    # A queue of the whole office already holds those of its parts.
    deliver("queue_samples", whole, until=NOW, source="two")
    assert (rest_of_day(Reading(connection, make_city(), NOW))["usual_minutes"]
            >= one["usual_minutes"]).all()  # fmt: skip


def test_a_city_without_minutes_has_no_forecasts(connection, make_city, deliver):
    assert rest_of_day(Reading(connection, make_city(), NOW)).schema == REST_OF_DAY
    waiting = [
        row | {"wait_minutes": None, "waiting": 7} for row in hours_of_meldeamt()
    ]
    deliver("queue_samples", waiting, until=NOW)
    assert rest_of_day(Reading(connection, make_city(), NOW)).is_empty()


def test_a_queue_looked_at_for_three_weeks_has_none_either(
    connection, make_city, deliver
):
    rows = [
        r for r in hours_of_meldeamt() if r["observed_at"].date() > date(2026, 11, 1)
    ]
    deliver("queue_samples", rows, until=NOW)
    frame = rest_of_day(Reading(connection, make_city(), NOW))
    assert "final" not in set(frame["state"].cast(pl.String))


def test_the_weeks_are_those_that_anything_usual_is_told_of():
    assert WEEKS == MOST_WEEKS
    days = list(open_days())
    assert all(later > earlier for earlier, later in pairwise(days))


def test_what_a_display_shows_in_the_closed_part_of_an_hour_is_no_wait(
    connection, make_city, deliver
):
    """The office closes at 11:30, and its display goes on: open, 0 minutes."""
    hours = {
        day: [{"opens": "08:00", "closes": "11:30"}]
        for day in ("mon", "tue", "wed", "thu", "fri")
    }
    name = {"de": "Meldeamt", "en": "Registration"}
    city = make_city(office=[{"id": "meldeamt", "name": name, "hours": hours}],
                     service=[])  # fmt: skip
    rows = hours_of_meldeamt()
    deliver("queue_samples", rows, until=NOW)
    alone = rest_of_day(Reading(connection, city, NOW))
    assert set(alone.filter(hour=11)["n"]) == {12}
    closed = [
        sample(row["observed_at"] + timedelta(minutes=minutes), 0.0)
        for row in rows[6::8]  # of 11:10
        for minutes in (21, 30, 40)
    ]
    deliver("queue_samples", closed, until=NOW)
    assert_frame_equal(rest_of_day(Reading(connection, city, NOW)), alone)


def test_nobody_is_sent_to_an_hour_that_often_has_no_tickets_left(
    connection, make_city, deliver
):
    """On Mondays at 11 they are gone in 3 of 12 weeks, on Tuesdays in 2."""
    rows = hours_of_meldeamt()
    gone = {MONDAY + timedelta(weeks=week) for week in (1, 5, 9)}
    gone |= {MONDAY + timedelta(weeks=week, days=1) for week in (1, 5)}
    looks = [
        row | {"wait_minutes": None, "state": "sold_out"}
        if row["observed_at"].date() in gone and number % 8 >= 6
        else row
        for number, row in enumerate(rows)
    ]
    deliver("queue_samples", looks, until=NOW)
    found = rest_of_day(Reading(connection, make_city(), NOW))
    told = {
        weekday: set(found.filter(weekday=weekday)["hour"]) for weekday in range(1, 6)
    }
    assert told == {1: {9, 10}, **{day: {9, 10, 11} for day in range(2, 6)}}
