"""Measuring only what deliveries touched comes to the same as measuring everything."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.city import City
from metrics import compute as compute_module
from metrics import shelf as shelf_module
from metrics.catalogue import CATALOGUE
from metrics.compute import compute
from metrics.hashes import keys_of_rows
from metrics.kpis import KPI_FUNCTIONS
from metrics.measure import Measure, percentile
from metrics.measured import Measured, Task, measure_anew, measure_rows
from metrics.periods import GRAINS
from metrics.shelf import Shelf
from metrics.snapshot import publish
from metrics.visits import MINUTES

BERLIN = ZoneInfo("Europe/Berlin")
# The year ends within a week, and the clocks change within the data.
FIRST = date(2025, 10, 20)
DEADLINE = {
    "service": "bauantrag",
    "norm": "x",
    "duration": 20,
    "unit": "days",
    "starts_at": "received",
    "label": {"de": "x", "en": "x"},
    "source": "x",
    "valid_from": "2020-01-01",
}
TARGET = {
    "kpi": "waiting.share_within_target",
    "value": 80,
    "limit": 15,
    "valid_from": "2020-01-01",
    "decided_by": {"de": "Rat", "en": "Council"},
}


def at(day: date, minutes: float) -> datetime:
    midnight = datetime.combine(day, time(), BERLIN)
    return midnight + timedelta(minutes=minutes)


def ticket(draw: random.Random, day: date) -> dict[str, Any]:
    outcome = draw.choices(("served", "no_show", "left"), (12, 1, 1))[0]
    came = at(day, draw.uniform(480, 700))
    wait = timedelta(minutes=draw.expovariate(1 / 13))
    return {
        "office": draw.choice(("meldeamt", "bauamt")),
        "service": draw.choice(("ausweis", "pass", None)),
        "channel": draw.choice(("walk_in", "appointment", None)),
        "booked_at": draw.choice((None, came - timedelta(days=draw.randrange(40)))),
        "appointment_at": came if outcome == "no_show" else draw.choice((None, came)),
        "arrived_at": None if outcome == "no_show" else came,
        "called_at": came + wait if outcome == "served" else None,
        "shown_at": came + wait if outcome == "served" else None,
        "finished_at": came + 2 * wait if outcome == "served" else None,
        "outcome": outcome,
        "persons": draw.choice((None, 1, 1, 3)),
    }


def hour(draw: random.Random, day: date) -> dict[str, Any]:
    return {
        "office": draw.choice(("meldeamt", "bauamt")),
        "hour_at": at(day, 60 * draw.randrange(8, 12)),
        "customers": draw.choice((None, 0, 3, 7)),
        "mean_wait_minutes": draw.choice((None, 4.1, 17.3)),
        "estimated_wait_minutes": draw.choice((None, 5.0, 12.5)),
    }


def look(draw: random.Random, day: date) -> dict[str, Any]:
    return {
        "office": draw.choice(("meldeamt", "bauamt")),
        "service": draw.choice(("ausweis", None)),
        "observed_at": at(day, draw.uniform(480, 720)),
        "waiting": draw.choice((None, 0, 4, 9)),
        "wait_minutes": draw.choice((None, 5.0, 20.0)),
        "wait_minutes_at_least": None,
        "state": draw.choice(("open", "open", "closed", "sold_out")),
    }


def case(draw: random.Random, day: date) -> dict[str, Any]:
    took = draw.choice((None, 0, 3, 19, 20, 21, 60))
    done = None if took is None else at(day + timedelta(days=took), 600)
    return {
        "office": "bauamt",
        "service": draw.choice(("bauantrag", None)),
        "channel": draw.choice(("online", "paper", None)),
        "received_at": at(day, 540),
        "complete_at": draw.choice((None, at(day + timedelta(days=2), 540))),
        "decided_at": done,
        "outcome": done and draw.choice(("granted", "refused", "withdrawn")),
        # Some cases are told of by several deliveries.
        "case_key": f"{day}-{draw.randrange(6)}",
    }


def call(draw: random.Random, day: date) -> dict[str, Any]:
    answered = draw.choice((None, 0, 3, 3))
    return {
        "office": draw.choice(("meldeamt", "bauamt")),
        "line": draw.choice(("phone", "chat")),
        "interval_at": at(day, draw.uniform(480, 720)),
        "interval_minutes": 30,
        "offered": draw.choice((3, 5)),
        "answered": answered,
        "wait_seconds": answered and draw.uniform(0, 90),
    }


def rating(draw: random.Random, day: date) -> dict[str, Any]:
    return {
        "office": draw.choice(("meldeamt", "bauamt")),
        "service": draw.choice(("ausweis", None)),
        "rated_on": day,
        "answer": draw.randrange(1, 6),
        "count": draw.choice((1, 4)),
        "asked": draw.choice((None, 40)),
    }


def search(draw: random.Random, day: date) -> dict[str, Any]:
    looked = at(day, draw.uniform(0, 1440))
    ahead = draw.choice((None, 0, 3, 20))
    return {
        "office": draw.choice(("meldeamt", "bauamt")),
        "service": draw.choice(("ausweis", None)),
        "observed_at": looked,
        "first_free_at": None if ahead is None else looked + timedelta(days=ahead),
    }


def slot_day(draw: random.Random, day: date) -> dict[str, Any]:
    return {
        "office": draw.choice(("meldeamt", "bauamt")),
        "channel": draw.choice(("online", "phone", None)),
        "slots_on": day + timedelta(days=draw.choice((0, 0, 9))),
        "planned_minutes": draw.choice((None, 60.0, 240.0)),
        "booked_minutes": draw.choice((None, 30.0, 200.0)),
    }


def pause(draw: random.Random, day: date) -> dict[str, Any]:
    since = day + timedelta(days=draw.randrange(9))
    lasted = draw.choice((None, 0, 5, 30))
    return {
        "case_key": f"{day}-{draw.randrange(6)}",
        "from_at": at(since, 600),
        "to_at": None if lasted is None else at(since + timedelta(days=lasted), 600),
        "holder": draw.choice(("applicant", "third_party")),
    }


ROWS = {
    "case_pauses": pause,
    "contacts": call,
    "ratings": rating,
    "tickets": ticket,
    "queue_hours": hour,
    "queue_samples": look,
    "slot_offers": search,
    "slots": slot_day,
    "cases": case,
}
Deliver = Callable[..., str]


class Offices:
    """Offices that send a new file, or one anew, at each turn."""

    def __init__(
        self, seed: int, connection: duckdb.DuckDBPyConnection, deliver: Deliver
    ) -> None:
        self.draw = random.Random(seed)  # noqa: S311 - invented rows
        self.connection = connection
        self.deliver = deliver
        self.today = FIRST
        self.sent: list[str] = []

    def go_on(self) -> None:
        self.today += timedelta(days=self.draw.choice((1, 1, 9, 33)))
        for table in self.draw.sample(sorted(ROWS), 3):
            first = self.today - timedelta(days=self.draw.choice((0, 3, 40)))
            days = [first + timedelta(days=n) for n in range((self.today - first).days)]
            rows = [
                ROWS[table](self.draw, day)
                for day in (days or [first])
                for _ in range(self.draw.randrange(1, 5))
            ]
            if table == "cases":
                rows = list({row["case_key"]: row for row in rows}.values())
            source = self.draw.choice(("one", "other"))
            until = at(self.today, 0)
            name = self.deliver(
                table, rows, until=until, source=f"{table}-{source}", first=at(first, 0)
            )
            self.sent.append(name)
        if self.draw.random() < 0.5:
            self.connection.execute(
                "UPDATE deliveries SET superseded_at = received_at"
                " WHERE delivery_id = ?",
                [self.draw.choice(self.sent)],
            )


@pytest.mark.parametrize("seed", range(4))
def test_every_figure_is_the_same_after_whatever_deliveries(
    seed, tmp_path, connection, deliver, make_city
) -> None:
    city = make_city(deadline=[DEADLINE], target=[TARGET])
    shelf = Shelf.of(tmp_path / "measured", city)
    offices = Offices(seed, connection, deliver)
    for _ in range(5):
        offices.go_on()
        now = at(offices.today, 6 * 60).astimezone(UTC)
        incremental = compute(connection, city, now, shelf)
        anew = compute(connection, city, now)
        assert incremental.figures.equals(anew.figures)
        assert anew.figures["value"].count() > 50
        ids = anew.figures["figure_id"].to_list()
        assert ids == sorted(ids)


def test_all_grains_in_one_go_come_to_the_same_as_one_after_the_other(
    connection, deliver, make_city, monkeypatch
) -> None:
    city = make_city(deadline=[DEADLINE], target=[TARGET])
    offices = Offices(11, connection, deliver)
    for _ in range(4):
        offices.go_on()
    now = at(offices.today, 6 * 60).astimezone(UTC)
    together = compute(connection, city, now).figures
    monkeypatch.setattr("metrics.measured._FEW_ROWS", 0)
    assert compute(connection, city, now).figures.equals(together)


def test_the_first_who_left_is_told_of_all_days_before(
    tmp_path, connection, deliver, make_city
) -> None:
    """Until then nobody knew whether the source records it; now it was 0 %."""
    city = make_city()
    shelf = Shelf.of(tmp_path, city)
    days = (date(2025, 11, 3), date(2025, 11, 12))
    visits = [
        {
            "office": "meldeamt",
            "arrived_at": at(day, 500),
            "called_at": at(day, 510),
            "outcome": outcome,
        }
        for day, outcome in zip(days, ("served", "left"), strict=True)
    ]
    found = []
    for day, visit in zip(days, visits, strict=True):
        deliver("tickets", [visit], until=at(day, 1440), first=at(day, 0))
        now = at(day, 1800).astimezone(UTC)
        figures = compute(connection, city, now, shelf).figures
        assert figures.equals(compute(connection, city, now).figures)
        of_first_day = "waiting.left_share/meldeamt/all/all/day/2025-11-03"
        found += figures.filter(pl.col("figure_id") == of_first_day)["value"].to_list()
    assert found == [None, 0.0]


def test_the_published_bytes_are_the_same(
    tmp_path, connection, deliver, make_city
) -> None:
    cells = {"kpis": ["*"], "by": ["city", "office"], "grains": ["day", "quarter"]}
    city = make_city(publish={"cells": [cells]}, deadline=[DEADLINE])
    (tmp_path / "city.toml").write_text("x", encoding="utf-8")
    offices = Offices(7, connection, deliver)
    for _ in range(4):
        offices.go_on()
        now = at(offices.today, 6 * 60).astimezone(UTC)
        args = (connection, city, tmp_path / "city.toml", tmp_path / "going-on", now)
        published = publish(*args)
    assert list((tmp_path / "going-on" / "internal" / "measured").iterdir())
    fresh = publish(connection, city, tmp_path / "city.toml", tmp_path / "fresh", now)
    for name in ("figures.parquet", "figures.csv", "wait_by_hour.parquet"):
        assert (published / name).read_bytes() == (fresh / name).read_bytes()
    again = publish(*args, anew=True)
    assert again == published


def test_nothing_is_measured_again_where_nothing_new_was_delivered(
    tmp_path, connection, deliver, make_city, monkeypatch
) -> None:
    city = make_city()
    shelf = Shelf.of(tmp_path, city)
    Offices(1, connection, deliver).go_on()
    now = datetime(2026, 2, 1, tzinfo=UTC)
    compute(connection, city, now, shelf)
    asked = _days_asked_for(monkeypatch)
    compute(connection, city, now + timedelta(days=1), shelf)
    assert asked == []


def test_only_the_periods_of_a_new_day_are_measured_again(
    tmp_path, connection, deliver, make_city, monkeypatch
) -> None:
    city = make_city()
    shelf = Shelf.of(tmp_path, city)
    draw = random.Random(3)  # noqa: S311 - invented rows
    for day in (date(2025, 5, 6), date(2025, 12, 30), date(2026, 1, 15)):
        deliver("tickets", [ticket(draw, day)] * 3, until=at(day, 1440))
    now = datetime(2026, 2, 1, tzinfo=UTC)
    compute(connection, city, now, shelf)
    asked = _days_asked_for(monkeypatch)
    new_day = date(2025, 12, 31)
    deliver("tickets", [ticket(draw, new_day)] * 3, until=at(new_day, 1440))
    compute(connection, city, now, shelf)
    # The year 2025, and the week that begins in it.
    assert asked == [(date(2025, 1, 1), date(2026, 1, 4))]


@pytest.mark.parametrize("changed", ["city file", "code", "damaged"])
def test_what_holds_no_longer_is_measured_again(
    changed, tmp_path, connection, deliver, make_city, monkeypatch
) -> None:
    city: City = make_city()
    Offices(2, connection, deliver).go_on()
    now = datetime(2026, 2, 1, tzinfo=UTC)
    compute(connection, city, now, Shelf.of(tmp_path, city))
    if changed == "city file":
        city = make_city(info={"first_day": "2025-01-01"})
    elif changed == "code":
        monkeypatch.setattr("metrics.shelf._code", lambda: "another")
    else:
        for file in tmp_path.glob("*.parquet"):
            file.write_bytes(file.read_bytes()[:-100])
    asked = _days_asked_for(monkeypatch)
    figures = compute(connection, city, now, Shelf.of(tmp_path, city)).figures
    assert asked
    assert figures.equals(compute(connection, city, now).figures)


def test_values_of_other_keys_count_as_nothing(
    tmp_path, connection, deliver, make_city
) -> None:
    """A run that is killed between them leaves values that are newer than the keys."""
    city = make_city()
    shelf = Shelf.of(tmp_path, city)
    draw = random.Random(3)  # noqa: S311 - invented rows
    day, now = date(2025, 12, 30), datetime(2026, 2, 1, tzinfo=UTC)
    deliver("tickets", [ticket(draw, day)] * 3, until=at(day, 1440))
    first = compute(connection, city, now, shelf).figures
    keys = {file: file.read_bytes() for file in tmp_path.glob("keys_of_*")}
    more = deliver("tickets", [ticket(draw, day)] * 5, until=at(day, 1440))
    assert not compute(connection, city, now, shelf).figures.equals(first)
    connection.execute("DELETE FROM deliveries WHERE delivery_id = ?", [more])
    for file, content in keys.items():
        file.write_bytes(content)
    assert compute(connection, city, now, shelf).figures.equals(first)


def _days_asked_for(monkeypatch: pytest.MonkeyPatch) -> list[tuple[date, date]]:
    """Note which days are read to be measured."""
    asked: list[tuple[date, date]] = []

    def noting(task: Task, rows_of_days: Any, *rest: Any) -> Measured:
        def noted(*days: date) -> Any:
            asked.append(days)  # type: ignore[arg-type]
            return rows_of_days(*days)

        return measure_anew(task, noted, *rest)

    monkeypatch.setattr(compute_module, "measure_anew", noting)
    return asked


MEASURES = {kpi: function() for kpi, function in KPI_FUNCTIONS.items()}
# Columns of whole microseconds and of people, by facts: what means are made of.
WITH_NUMBERS: dict[str, dict[str, int]] = {
    "visits": {"wait_sum": 10**9, "person_wait": 10**9, "waited": 30},
    "contacts": {"wait_seconds": 10**9, "handling_seconds": 10**9, "answered": 30},
    "estimates": {"error": 10**9, "people": 30},
}


TASK = Task(
    measures={
        "x.median": Measure(
            "visits", percentile(pl.col("x"), 0.5), pl.col("x").count()
        ),
        "x.sum": Measure("visits", pl.col("x").sum(), pl.len(), numerator=pl.len()),
    },
    events=pl.len(),
    grains={"city": GRAINS, "office": GRAINS},
)
DAYS = st.dates(date(2024, 12, 1), date(2026, 2, 1))
TABLES = st.lists(
    st.tuples(DAYS, st.sampled_from("ab"), st.integers(0, 99)), max_size=40
)


def table(rows: list[tuple[date, str, int]]) -> pl.DataFrame:
    schema = {"day": pl.Date, "office": pl.String, "x": pl.Int64}
    return pl.DataFrame(rows, schema, orient="row")


def keys(rows: pl.DataFrame) -> pl.DataFrame:
    key = pl.struct("office", "x").hash().sum().alias("key")
    return rows.group_by("day").agg(key)


def measured(rows: pl.DataFrame, before: Measured) -> Measured:
    def of_days(first: date, last: date) -> dict[str, pl.DataFrame]:
        part = rows.filter(pl.col("day").is_between(first, last))
        return {"city": part, "office": part}

    return measure_anew(TASK, of_days, keys(rows), before)


@pytest.mark.parametrize(
    "kpi", sorted(kpi for kpi in MEASURES if CATALOGUE[kpi].kind in ("mean", "sum"))
)
def test_a_group_alone_comes_to_the_same_as_among_many(kpi) -> None:
    """To the last digit: of one period alone Polars divides otherwise than of many."""
    draw = random.Random(kpi)  # noqa: S311 - invented rows
    columns = WITH_NUMBERS[MEASURES[kpi].facts]
    rows = pl.DataFrame(
        {
            "group": [group for group in range(150) for _ in range(2)],
            **{name: [draw.randrange(1, most) for _ in range(300)]
               for name, most in columns.items()},
            "is_mean": [False] * 300,
            "line": ["phone"] * 300,
        }
    )  # fmt: skip
    value = MEASURES[kpi].value.alias("value")
    among_many = rows.group_by("group", maintain_order=True).agg(value)
    alone = [part.group_by("group").agg(value) for part in rows.partition_by("group")]
    assert pl.concat(alone).equals(among_many)
    assert among_many["value"].null_count() == 0


def test_minutes_are_the_same_of_one_visit_as_of_many_and_whole_ones_exact() -> None:
    seconds = pl.DataFrame({"took": [n * 1_000_000 for n in range(4000)]})
    minutes = pl.col("took") * MINUTES
    among_many = seconds.select(minutes)
    alone = [part.select(minutes) for part in seconds.iter_slices(1)]
    assert pl.concat(alone).equals(among_many)
    whole = pl.DataFrame({"took": [n * 30_000_000 for n in range(2880)]})
    assert whole.select(minutes)["took"].to_list() == [n / 2 for n in range(2880)]


def test_another_calendar_of_holidays_is_other_code(monkeypatch) -> None:
    before = shelf_module._code.__wrapped__()  # as of a process that starts anew
    monkeypatch.setattr(shelf_module, "version", lambda _: "0.0")
    assert shelf_module._code.__wrapped__() != before


@given(TABLES, TABLES, st.integers(0, 40))
def test_whatever_rows_come_and_go_the_values_are_those_of_all_rows(
    first, second, stay
) -> None:
    old, new = table(first), table(first[:stay] + second)
    found = measured(new, measured(old, TASK.nothing()))
    expected = measure_rows(TASK, {"city": new, "office": new})
    order = ["population", "grain", "office", "period_start"]
    assert found.values.sort(order).equals(expected.sort(order))
    assert found.keys.sort("day").equals(keys(new).sort("day"))


def test_a_word_that_moves_does_not_hide_a_change(tmp_path: Path) -> None:

    def rows(words: list[str], said: list[str]) -> pl.DataFrame:
        channel = pl.Series(said, dtype=pl.Enum(words))
        day = [date(2026, 1, 5)] * 2
        return pl.DataFrame({"day": day, "channel": channel, "days": [3, 9]})

    before = keys_of_rows(rows(["online", "paper"], ["online", "paper"]))
    same = keys_of_rows(rows(["paper", "online"], ["online", "paper"]))
    other = keys_of_rows(rows(["paper", "online"], ["online", "online"]))
    assert before.equals(same)
    assert not before.equals(other)
