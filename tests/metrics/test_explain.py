"""Every figure of a small city comes to the same value on a second, plain way."""

import json
import math
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest

from ingest.city import City, read_city
from ingest.warehouse import columns_of, insert_rows, open_warehouse
from metrics import compute as compute_module
from metrics.catalogue import CATALOGUE
from metrics.compute import compute
from metrics.explain import Explainer, UnknownFigure, explain
from metrics.figures import FIGURES
from metrics.published import Snapshot
from metrics.recomputation import recomputation
from metrics.small_numbers import say
from metrics.snapshot import publish
from metrics.snapshot_folder import write_snapshot
from metrics.snippets import Way

ROOT = Path(__file__).resolve().parents[2]
CITY_FILE = ROOT / "data" / "cities" / "musterstadt.toml"  # any file will do
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 20, 6, 0, tzinfo=UTC)
FIRST, LAST = date(2026, 1, 26), date(2026, 10, 19)
TEXT = {"de": "x", "en": "x"}


def make_city() -> City:
    hours = {
        day: [{"opens": time(8), "closes": time(16)}]
        for day in ("mon", "tue", "wed", "thu", "fri")
    }
    target = {"kpi": "waiting.share_within_target", "value": 80, "decided_by": TEXT}
    deadline = {"norm": "§ 1", "label": TEXT, "source": "x"}
    return City.model_validate(
        {
            "city": {
                "id": "testheim",
                "name": "Testheim",
                "ars": "059999999999",
                "state": "NW",
                "timezone": "Europe/Berlin",
                "contact": {"name": "x"},
                "publisher": "x",
                "licence": "x",
                "first_day": date(2026, 2, 2),
            },
            "office": [
                {"id": "amt", "name": TEXT, "staff": 30, "hours": hours},
                {"id": "klein", "name": TEXT, "staff": 2, "parent": "amt"},
                {"id": "kfz", "name": TEXT, "hours": hours},
                {"id": "feed", "name": TEXT, "hours": hours},
                {"id": "means", "name": TEXT, "hours": hours},
                {"id": "sums", "name": TEXT, "hours": hours},
                {"id": "tiny", "name": TEXT, "staff": 1, "parent": "sums"},
            ],
            "service": [
                {"id": id_, "leika": "1" * 14, "name": TEXT, "office": "amt"} | more
                for id_, more in {
                    "pass": {
                        "online": {
                            "maturity": 4,
                            "model": "1.1",
                            "on": date(2025, 5, 1),
                        }
                    },
                    "bau": {
                        "online": {
                            "maturity": 5,
                            "model": "2.0",
                            "on": date(2026, 4, 15),
                        }
                    },
                    "wohngeld": {},
                    "asyl": {"sensitive": True},
                    "gewerbe": {"office": "sums"},
                    "gaststaette": {"office": "sums"},
                }.items()
            ],
            "target": [
                target | {"limit": 15, "valid_from": date(2026, 1, 1)},
                target | {"limit": 10, "valid_from": date(2026, 6, 1), "office": "amt"},
                target
                | {
                    "limit": 25,
                    "valid_from": date(2026, 3, 1),
                    "valid_to": date(2026, 7, 31),
                    "service": "pass",
                },
            ],
            "deadline": [
                deadline
                | {
                    "service": "bau",
                    "duration": 3,
                    "unit": "months",
                    "starts_at": "complete",
                    "valid_from": date(2020, 1, 1),
                },
                deadline
                | {
                    "service": "wohngeld",
                    "duration": 15,
                    "unit": "working_days",
                    "starts_at": "received",
                    "valid_from": date(2026, 3, 1),
                },
                deadline
                | {
                    "service": "wohngeld",
                    "duration": 40,
                    "unit": "days",
                    "starts_at": "received",
                    "valid_from": date(2026, 1, 1),
                    "valid_to": date(2026, 8, 1),
                },
            ],
            "closure": [
                {
                    "first_on": date(2026, 5, 15),
                    "last_on": date(2026, 5, 15),
                    "reason": TEXT,
                },
                {
                    "first_on": date(2026, 8, 3),
                    "last_on": date(2026, 8, 7),
                    "offices": ["kfz"],
                    "reason": TEXT,
                },
            ],
            "publish": {
                "cells": [
                    {
                        "kpis": ["*"],
                        "by": ["city", "office", "office_service", "office_channel"],
                        "grains": ["month", "quarter"],
                    }
                ]
            },
        }
    )


CITY = make_city()


def at(day: date, hour: float) -> datetime:
    return datetime.combine(day, time(), BERLIN) + timedelta(hours=hour)


def workdays() -> Iterator[date]:
    for number in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        if day.weekday() < 5:
            yield day


def tickets(chance: random.Random) -> Iterator[dict[str, Any]]:
    for day in workdays():
        for _ in range(chance.choice([0, 1, 3, 4])):
            office = chance.choice(["amt", "amt", "kfz", "klein", "elsewhere"])
            arrived = at(day, 8 + 7 * chance.random())
            outcome = chance.choice(["served", "served", "served", "no_show", "left"])
            if office == "kfz":
                outcome = "served"  # never records who did not come
            has_appointment = outcome == "no_show" or chance.random() < 0.4
            called = arrived + timedelta(minutes=chance.choice([0, 3, 15, 15.5, 40]))
            yield {
                "office": office,
                "service": chance.choice(["pass", "bau", "asyl", None, "unheard_of"]),
                "channel": "appointment"
                if has_appointment
                else chance.choice(["walk_in", "kiosk", None]),
                "appointment_at": arrived + timedelta(minutes=chance.randint(-20, 20))
                if has_appointment
                else None,
                "arrived_at": None if outcome == "no_show" else arrived,
                "called_at": called
                if outcome == "served" and chance.random() < 0.95
                else None,
                "finished_at": called if outcome == "served" else None,
                "outcome": outcome,
                "persons": chance.choice([None, 0, 1, 3]),
            }


def with_booking_and_desk(visits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add when visits were booked and how long they took, where that is recorded."""
    chance = random.Random(5)  # noqa: S311
    more = []
    for visit in visits:
        due, called = visit["appointment_at"], visit["called_at"]
        booked = due and due - timedelta(days=chance.choice([0, 3, 14, 15, 60]))
        shown = called and called + timedelta(seconds=chance.choice([20, 60, 95]))
        ends = shown and shown + timedelta(minutes=chance.choice([0, 4, 9.5, 30]))
        is_known = chance.random() < 0.9
        more.append(
            visit
            | {"booked_at": booked if is_known else None}
            | ({"shown_at": shown, "finished_at": ends} if shown and is_known else {})
        )
    return more


def searches() -> Iterator[dict[str, Any]]:
    chance = random.Random(6)  # noqa: S311
    for day in workdays():
        for office, service in (("amt", "pass"), ("amt", None), ("klein", "bau")):
            looked = at(day, 24 * chance.random())
            ahead = chance.choice([None, 0, 2, 14, 15, 40.4])
            yield {
                "office": chance.choice([office, office, "elsewhere"]),
                "service": service,
                "observed_at": looked,
                "first_free_at": None
                if ahead is None
                else looked + timedelta(days=ahead),
            }


def slots() -> Iterator[dict[str, Any]]:
    chance = random.Random(7)  # noqa: S311
    for day in workdays():
        for office, channel in (("amt", "online"), ("amt", "phone"), ("kfz", None)):
            yield {
                "office": office,
                "service": chance.choice(["pass", None]),
                "channel": channel,
                "slots_on": day + timedelta(days=chance.choice([0, 0, 0, 30])),
                "planned_minutes": chance.choice([None, 0.0, 240.0, 480.0]),
                "booked_minutes": chance.choice([None, 200.0, 240.0]),
            }


def last_tickets() -> Iterator[dict[str, Any]]:
    """Look at a queue of which tickets are gone by noon, by three, or never."""
    chance = random.Random(8)  # noqa: S311
    for day in workdays():
        gone_from = chance.choice([8.0, 12.3, 15.0, 99.0])
        hour = chance.choice([7.5, 8.5, 11.5])
        while hour < 18:
            yield {
                "office": "kfz",
                "service": chance.choice(["pass", "bau", None]),
                "observed_at": at(day, hour),
                "state": "sold_out" if hour >= gone_from else "open",
            }
            hour += chance.choice([0.1, 0.25, 1.0])


def queue_hours(chance: random.Random) -> Iterator[dict[str, Any]]:
    for day in workdays():
        for hour in (8, 9, 11):
            common = {"hour_at": at(day, hour), "channel": None, "service": None}
            mean = chance.choice([None, 0.0, 7.5, 22.0])
            yield common | {"office": "means", "mean_wait_minutes": mean}
            if day >= date(2026, 6, 1):  # counts of visitors; tickets win on their days
                yield common | {
                    "office": "kfz",
                    "mean_wait_minutes": mean,
                    "estimated_wait_minutes": None if day.day == 2 else 3.0 * hour - 20,
                    "customers": chance.choice([0, 2, 9, 9, None])
                    if mean is not None or day.day == 1
                    else 4,
                }


def bands(chance: random.Random) -> Iterator[dict[str, Any]]:
    """By the month; of the office of means by the week, with other bands of its own."""
    edges = [(0, 15), (15, 30), (30, 60), (60, None)]
    weekly = [(0, 10), (10, 20), (20, None)]
    for unit in ("minutes", "days"):
        for month in range(2, 10):
            begin, end = date(2026, month, 1), date(2026, month + 1, 1)
            for office, service in (("amt", "pass"), ("klein", None), ("kfz", None)):
                common = {"office": office, "service": service, "unit": unit}
                common |= {"period_from": begin, "period_to": end}
                for first, last in edges:
                    count = chance.choice([0, 0, 3, 40, 90])
                    yield common | {"band_from": first, "band_to": last, "count": count}
        for week in range(40):
            begin = FIRST + timedelta(weeks=week)
            common = {"office": "means", "unit": unit, "period_from": begin}
            common |= {"period_to": begin + timedelta(weeks=1)}
            for first, last in weekly:
                count = chance.choice([0, 2, 9])
                yield common | {"band_from": first, "band_to": last, "count": count}


def looks(chance: random.Random) -> Iterator[dict[str, Any]]:
    for day in workdays():
        for minutes in range(8 * 60, 11 * 60, 25):
            moment = at(day, minutes / 60)
            for service in ("pass", "bau"):
                wait = chance.choice([None, 0.0, 12.0, 33.0])
                at_least = 60.0 if wait is None and chance.random() < 0.3 else None
                yield {
                    "office": "feed",
                    "service": service,
                    "observed_at": moment,
                    "wait_minutes": wait,
                    "wait_minutes_at_least": at_least,
                    "waiting": chance.choice([None, 0, 3, 12]),
                    "state": chance.choice(
                        ["open", "open", "open", "closed", "sold_out"]
                    ),
                }


def displays(chance: random.Random) -> Iterator[dict[str, Any]]:
    """Show waits of an office whose visits are known one by one."""
    for day in workdays():
        for minutes in range(9 * 60, 14 * 60, 13):
            for service in ("pass", None):
                yield {
                    "office": "amt",
                    "service": service,
                    "observed_at": at(day, minutes / 60),
                    "wait_minutes": chance.choice([None, 0.0, 8.0, 20.0]),
                    "state": chance.choice(["open", "open", "open", "unknown"]),
                }


def cases(chance: random.Random) -> Iterator[dict[str, Any]]:
    yield {
        "office": "amt",
        "service": "bau",
        "received_at": at(FIRST, 9) - timedelta(days=800),  # a left-over
        "case_key": "old",
    }
    for number in range(540):
        day = FIRST - timedelta(days=200) + timedelta(days=chance.randint(0, 460))
        if day > LAST:
            continue
        received = at(day, chance.random() * 24)
        takes = timedelta(days=chance.choice([0, 1, 9, 20, 45, 100, 300]))
        end = received + takes
        is_over = end < NOW and end.astimezone(BERLIN).date() >= FIRST
        if not is_over and received + takes < NOW:
            continue
        is_closed_only = chance.random() < 0.2
        yield {
            "office": chance.choice(["amt", "amt", "klein", "kfz"]),
            "service": chance.choice(["bau", "wohngeld", "asyl", None]),
            "channel": chance.choice(["online", "paper", None]),
            "received_at": received,
            "complete_at": received + timedelta(days=chance.choice([0, 5]))
            if chance.random() < 0.6
            else None,
            "decided_at": end if is_over and not is_closed_only else None,
            "closed_at": end if is_over else None,
            "outcome": chance.choice(
                ["granted", "granted", "refused", "withdrawn", None]
            )
            if is_over
            else None,
            "digital_end_to_end": chance.choice([True, False, None]),
            "case_key": f"case{number}",
        }


def contacts(chance: random.Random) -> Iterator[dict[str, Any]]:
    for day in workdays():
        for office, line in (("amt", "phone"), ("amt", "chat"), ("klein", "phone"),
                             ("kfz", "phone")):  # fmt: skip
            offered = chance.choice([0, 1, 7, 20])
            answered = chance.randint(0, offered)
            may_lack = office != "kfz" and chance.random() < 0.02
            yield {
                "office": office,
                "line": line,
                "interval_at": at(day, chance.choice([0.2, 9, 23.5])),
                "interval_minutes": 30,
                "offered": offered,
                "answered": None if may_lack and day.month == 4 else answered,
                "abandoned": None
                if may_lack
                else chance.randint(0, offered - answered),
                "answered_in_target": chance.randint(0, answered),
                "wait_seconds": chance.choice([None, 12.5])
                if may_lack or answered == 0
                else 31.5 * answered,
                "handling_seconds": None if may_lack else 200.0 * answered,
                "solved_first": None
                if line == "chat" or answered == 0
                else chance.randint(0, answered),
            }


def ratings(chance: random.Random) -> Iterator[dict[str, Any]]:
    for day in workdays():
        for office, service in (("amt", "pass"), ("amt", None), ("klein", "unheard_of"),
                                ("kfz", None)):  # fmt: skip
            asked = chance.choice([None, 3, 40, 60])
            for answer in range(1, 6):
                if chance.random() < 0.8:
                    yield {
                        "office": office,
                        "service": service,
                        "rated_on": day,
                        "answer": answer,
                        "count": chance.choice([0, 1, 4, 9]),
                        "asked": chance.choice([asked, asked, None]),
                    }


def pauses(chance: random.Random, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of two offices; they overlap, begin before the case and last beyond its end."""
    found = {}
    for case in told:
        for _ in range(chance.choice([0, 1, 1, 2, 3])):
            if case["office"] == "kfz":
                continue  # never records for whom it waits
            begins = chance.choice([-3, 0, 2, 5, 12, 40])
            from_at = case["received_at"] + timedelta(days=begins)
            lasts = timedelta(days=chance.choice([0, 1, 8, 30]))
            to_at = None if chance.random() < 0.2 else from_at + lasts
            found[case["case_key"], from_at] = {
                "case_key": case["case_key"],
                "from_at": from_at,
                "to_at": to_at,
                "holder": chance.choice(["applicant", "third_party"]),
            }
    return list(found.values())


def sums(chance: random.Random) -> Iterator[dict[str, Any]]:
    """Months of two services, one with gaps, and a quarter that holds known months."""
    for office, service in (
        ("sums", "gewerbe"),
        ("sums", "gaststaette"),
        ("tiny", "gewerbe"),
        ("amt", "bau"),  # which tells case by case: not counted
    ):
        for month in range(1, 10):
            if service == "gaststaette" and month in (4, 9):
                continue
            yield {
                "office": office,
                "service": service,
                "period_from": date(2026, month, 1),
                "period_to": date(2026, month + 1, 1),
                "received": chance.choice([0, 3, 12, 12]),
                "decided": None if month == 2 else chance.choice([0, 2, 9]),
                "open_at_end": None if month == 6 else chance.randint(0, 30),
            }
    yield {
        "office": "sums",
        "service": None,
        "period_from": date(2026, 4, 1),
        "period_to": date(2026, 7, 1),
        "received": 40,
        "decided": 30,
        "open_at_end": 12,
    }
    yield {
        "office": "sums",
        "service": "gewerbe",
        "period_from": date(2026, 4, 1),
        "period_to": date(2026, 7, 1),
        "received": 1000,
    }


def services(chance: random.Random) -> Iterator[dict[str, Any]]:
    for day in workdays():
        for service in ("pass", "wohngeld", "gewerbe"):
            if chance.random() < 0.1:
                yield {
                    "service": service,
                    "observed_on": day,
                    "is_online": chance.choice([True, False, None]),
                    "maturity": chance.choice([None, 2, 3, 4, 5]),
                    "maturity_model": chance.choice(["1.1", "2.0"]),
                }


def deliver(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    source: str,
    table: str,
    rows: list[dict[str, Any]],
    received_at: datetime = NOW - timedelta(hours=3),
    **more: Any,
) -> None:
    insert(
        connection,
        "deliveries",
        [
            {
                "delivery_id": name,
                "source": source,
                "covers_from": at(FIRST, 0),
                "covers_to": at(LAST + timedelta(days=1), 0),
                "content_sha256": name * 4,
                "table_name": table,
                "read_with": "x",
                "name": f"{name}.csv",
                "received_at": received_at,
                "rows_read": len(rows),
                "rows_loaded": len(rows),
                "rows_quarantined": 0,
                **more,
            }
        ],
    )
    insert(connection, table, [row | {"delivery_id": name} for row in rows])


def insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]
) -> None:
    kinds = {name: column.dtype for name, column in columns_of(table).items()}
    names = sorted({name for row in rows for name in row})
    frame = pl.DataFrame(
        {name: [in_utc(row.get(name)) for row in rows] for name in names},
        schema={name: kinds[name] for name in names},
        strict=False,
    )
    insert_rows(connection, table, frame)


def in_utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_warehouse(tmp_path_factory.mktemp("city") / "warehouse.duckdb")
    chance = random.Random(20261020)  # noqa: S311 - a small city, always the same
    visits = with_booking_and_desk(list(tickets(chance)))
    half = len(visits) // 2
    deliver(connection, "t1", "aufrufe", "tickets", visits[:half])
    deliver(connection, "t2", "aufrufe", "tickets", visits[half:], rows_quarantined=3)
    deliver(connection, "h1", "stunden", "queue_hours", list(queue_hours(chance)))
    deliver(connection, "q1", "live", "queue_samples", list(looks(chance)))
    deliver(connection, "a1", "telefon", "contacts", list(contacts(chance)))
    deliver(connection, "r1", "umfrage", "ratings", list(ratings(chance)))
    deliver(connection, "b1", "klassen", "wait_bands", list(bands(random.Random(8))))  # noqa: S311
    deliver(connection, "q2", "anzeige", "queue_samples", list(last_tickets()))
    deliver(connection, "s1", "suchen", "slot_offers", list(searches()))
    deliver(connection, "l1", "plan", "slots", list(slots()), covers_to=None)
    shown = list(displays(random.Random(7)))  # noqa: S311
    deliver(connection, "q3", "anzeigen", "queue_samples", shown)
    told = list(cases(chance))
    early = datetime(2026, 9, 1, tzinfo=UTC)
    deliver(connection, "c1", "antraege", "cases", told, covers_to=NOW)
    still_open = [row | {"decided_at": None, "closed_at": None} for row in told[:40]]
    deliver(connection, "c0", "antraege", "cases", still_open, received_at=early)
    stops = pauses(chance, told)
    deliver(connection, "p1", "pausen", "case_pauses", stops)
    longer = [row | {"to_at": None} for row in stops[::7]]
    deliver(connection, "p0", "pausen", "case_pauses", longer, received_at=early)
    until = at(date(2026, 10, 1), 0)
    deliver(connection, "n1", "summen", "case_counts", [*sums(chance)], covers_to=until)
    deliver(connection, "o1", "dienste", "online_services", [*services(chance)])
    insert(
        connection,
        "quarantine",
        [
            {
                "delivery_id": "t2",
                "row_number": number,
                "field": "called_at",
                "reason": reason,
                "row_json": "{}",
            }
            for number, reason in enumerate(["future_time", "future_time", "duplicate"])
        ],
    )
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def explainer(warehouse) -> Explainer:
    return Explainer(warehouse, CITY, NOW)


def test_every_figure_comes_to_the_same_on_the_second_way(explainer):
    """Of the figures of single days and weeks a sample: they are the same sums."""
    short = [name for name in explainer.figure_ids if is_short(name)]
    ids = [name for name in explainer.figure_ids if not is_short(name)]
    ids += random.Random(1).sample(short, 1500)  # noqa: S311
    differing = [
        (told.figure_id, told.computed, told.recounted)
        for told in map(explainer.explain, ids)
        if not told.agrees
    ]
    assert differing == []
    assert len(ids) > 4000


def test_cases_come_to_the_same_where_figures_begin_with_the_data(warehouse):
    """So that there is a book of more than a year, and one begun within a month."""
    info = CITY.info.model_copy(update={"first_day": None})
    explainer = Explainer(warehouse, CITY.model_copy(update={"info": info}), NOW)
    families = ("processing.", "backlog.", "digital.")
    ids = [name for name in explainer.figure_ids if name.startswith(families)]
    ids = random.Random(5).sample(ids, 1500)  # noqa: S311
    ids += [name for name in explainer.figure_ids if name.startswith(FEW)]
    told = [explainer.explain(name) for name in ids]
    assert [each.figure_id for each in told if not each.agrees] == []
    known = {each.kpi for each in told if each.computed.value is not None}
    assert known == {kpi for kpi in CATALOGUE if kpi.startswith(families)}


FEW = ("backlog.old_case_percent/", "processing.expected_days_hit_share/")


def test_one_figure_is_explained_as_all_of_them_are(explainer, warehouse):
    """Though only the rows that it needs are read, and only it is computed."""
    by_kpi: dict[str, list[str]] = {}
    for name in explainer.figure_ids:
        by_kpi.setdefault(name.partition("/")[0], []).append(name)
    chance = random.Random(3)  # noqa: S311
    ids = [name for names in by_kpi.values() for name in chance.sample(names, 4)]
    ids += [name for names in by_kpi.values() if (name := in_third_quarter(names))]
    assert len(ids) > 4.5 * len(by_kpi)
    for name in ids:
        assert explain(warehouse, CITY, name, NOW) == explainer.explain(name)


def in_third_quarter(names: list[str]) -> str | None:
    return next(
        (name for name in names if "/amt/all/all/quarter/2026-Q3" in name), None
    )


def is_short(figure_id: str) -> bool:
    return "/day/" in figure_id or "/week/" in figure_id


def test_the_small_city_has_values_and_gaps_of_every_kpi(warehouse):
    """Otherwise agreeing would prove little."""
    figures = compute(warehouse, CITY, NOW).figures
    with_value = figures.filter(pl.col("value").is_not_null())
    # Of costs see test_cost.py. The data begin less than a year before.
    elsewhere = {kpi for kpi in CATALOGUE if kpi.startswith("cost.")}
    elsewhere |= {"waiting.hours_saved", "backlog.old_case_percent"}
    assert set(with_value["kpi"]) == CATALOGUE.keys() - elsewhere
    assert {"several_lines", "not_recorded"} <= set(figures["reason"])
    assert {"no_target", "censored", "deadline_not_over", "no_deadline"} <= set(
        figures["reason"]
    )


def test_a_wrong_computation_does_not_agree(warehouse, monkeypatch):
    right = compute_module.KPI_FUNCTIONS["waiting.median_minutes"]

    def wrong():
        measure = right()
        return type(measure)(**vars(measure) | {"value": measure.value + 1})

    monkeypatch.setattr(
        compute_module,
        "KPI_FUNCTIONS",
        {**compute_module.KPI_FUNCTIONS, "waiting.median_minutes": wrong},
    )
    told = explain(warehouse, CITY, MEDIAN, NOW)
    assert told.agrees is False
    assert "DIE WEGE STIMMEN NICHT ÜBEREIN" in told.in_words("de")


MEDIAN = "waiting.median_minutes/amt/all/all/quarter/2026-Q3"


def test_an_explanation_says_what_was_counted_and_what_was_not(explainer):
    told = explainer.explain(MEDIAN)
    rows = [
        row
        for row in tickets(random.Random(20261020))  # noqa: S311
        if row["office"] in ("amt", "klein")
    ]
    moments = {
        "served": ("called_at", "finished_at"),
        "no_show": ("appointment_at",),
        "left": ("arrived_at",),
    }
    in_quarter = []
    for row in rows:
        moment = next(row[name] for name in moments[row["outcome"]] if row[name])
        if date(2026, 7, 1) <= moment.astimezone(BERLIN).date() <= date(2026, 9, 30):
            in_quarter.append(row)
    called = [row for row in in_quarter if row["called_at"] is not None]
    waits = sorted(
        max(
            timedelta(0),
            row["called_at"]
            - max(row["arrived_at"], row["appointment_at"] or row["arrived_at"]),
        ).total_seconds()
        / 60
        for row in called
    )
    assert told.rows_counted == len(called) == told.computed.n
    assert told.computed.value == waits[(len(waits) + 1) // 2 - 1]
    assert told.rows_left_out == {
        "left": sum(row["outcome"] == "left" for row in in_quarter),
        "no_show": sum(row["outcome"] == "no_show" for row in in_quarter),
        "no_wait_recorded": sum(
            row["outcome"] == "served" and row["called_at"] is None
            for row in in_quarter
        ),
    }
    assert told.rows_refused == {"duplicate": 1, "future_time": 2}
    assert [origin.delivery_id for origin in told.deliveries] == ["t2"]
    assert told.deliveries[0].content_sha256 == "t2" * 4
    assert told.published is not None
    assert told.published.n == 5 * round(len(called) / 5)
    assert told.rows == "tickets: office = amt and 2026-07-01 <= day <= 2026-09-30"


def test_it_can_be_told_in_both_languages_and_as_data(explainer):
    told = explainer.explain(MEDIAN)
    german, english = told.in_words("de"), told.in_words("en")
    assert "Beide Wege stimmen überein." in german
    assert "Both ways agree." in english
    assert CATALOGUE[told.kpi].texts["de"].definition in german
    assert CATALOGUE[told.kpi].texts["en"].definition in english
    for text in (german, english):
        assert "sha256 t2t2t2t2" in text
        assert "future_time 2" in text
        assert told.code_version in text
    document = json.loads(json.dumps(asdict(told), default=str))
    assert document["computed"]["n"] == told.computed.n


@pytest.fixture(scope="module")
def published(warehouse, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    return publish(warehouse, CITY, CITY_FILE, folder, NOW)


def recomputations(folder: Path) -> dict[tuple[str, str], list[tuple[Any, Any]]]:
    """Write the lines of every published figure; by KPI and way."""
    snapshot = Snapshot.read(folder)
    base = snapshot.manifest["rounding_base"]
    found: dict[tuple[str, str], list[tuple[Any, Any]]] = {}
    for row in snapshot.figures.iter_rows(named=True):
        about = snapshot.catalogue[row["kpi"]]
        lines = recomputation(
            row, about, base, lambda name: (snapshot.figure(name) or {}).get("state")
        )
        found.setdefault((row["kpi"], lines.way), []).append((row, lines))
    return found


def run_duckdb(lines: str) -> dict[str, Any]:
    with duckdb.connect() as connection:
        answer = connection.execute(lines)
        names = [column[0] for column in answer.description]
        rows = answer.fetchall()
    assert len(rows) == 1
    return dict(zip(names, rows[0], strict=True))


def only_few_are_hidden(whole: dict[str, Any]) -> bool:
    """Look into the published file whether parts are hidden for others' sake."""
    inside = pl.read_parquet("figures.parquet").filter(
        pl.col("kpi") == whole["kpi"],
        *(pl.col(name).eq_missing(whole[name]) for name in ("office", "service")),
        pl.col("period_start") >= whole["period_start"],
        pl.col("period_end") <= whole["period_end"],
        pl.col("state") == "hidden",
    )
    return bool((inside["reason"] == "fewer_than_8").all())


def run_polars(lines: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(lines, names)  # noqa: S102 - our own lines are what is tested
    return names


def test_the_lines_for_the_published_files_come_to_the_published_figure(
    published, monkeypatch
):
    """Both snippets of every KPI, in each way that the files carry it."""
    monkeypatch.chdir(published)
    ways = set()
    for (kpi, way), told in recomputations(published).items():
        chance = random.Random(kpi + way)  # noqa: S311
        sampled = 3 if way in ("bound", "row", "none") else 12
        for row, lines in chance.sample(told, min(sampled, len(told))):
            sql, python = run_duckdb(lines.duckdb), run_polars(lines.polars)
            if lines.within is None:
                assert sql["is_as_published"] is python["is_as_published"] is True
                for name in ("value", "n", "state", "reason"):
                    assert sql[name] == python["rows"][0][name] == row[name]
                continue
            hidden = sql.get("hidden_parts", 0)
            assert hidden == python.get("hidden_parts", 0)
            assert sql["recomputed"] == python["recomputed"]
            is_few = CATALOGUE[kpi].kind == "count" and only_few_are_hidden(row)
            each = 7 if is_few else math.inf
            most = each * hidden if hidden else 0
            difference = row["value"] - sql["recomputed"]
            assert -lines.within <= difference <= lines.within + most, row["figure_id"]
        ways.add(way)
    assert ways == set(get_args(Way))


@pytest.mark.parametrize(
    ("numerator", "n", "way", "value"),
    [
        (3, 62, "bound", 16),
        (2, 1000, "bound", 5),
        (60, 62, "bound", 84),
        (999, 1000, "bound", 95),
        (36, 57, "share", 64),  # 35 of 55: 63.6
        (69, 198, "share", 35),  # 70 of 200
        (24, 161, "share", 16),  # 25 of 160: 15.6
    ],
)
def test_a_share_follows_from_the_published_numbers(
    tmp_path, monkeypatch, numerator, n, way, value
):
    kpi = CATALOGUE["waiting.left_share"]
    share = {
        "figure_id": "waiting.left_share/amt/all/all/quarter/2026-Q3", "kpi": kpi.id,
        "office": "amt", "service": None, "channel": None, "grain": "quarter",
        "period_start": date(2026, 7, 1), "period_end": date(2026, 9, 30),
        "value": 100 * numerator / n, "n": n, "numerator": numerator, "lower": None,
        "upper": None, "target": None, "state": "final", "reason": None,
        "coverage": 1.0,
    }  # fmt: skip
    figures = say(pl.DataFrame([share], FIGURES), kpi, 5)
    monkeypatch.chdir(write_snapshot(tmp_path, NOW, figures=figures))
    row = figures.row(0, named=True)
    lines = recomputation(row, kpi.model_dump(), 5, lambda _: "final")
    assert (lines.way, row["value"]) == (way, value)
    sql, python = run_duckdb(lines.duckdb), run_polars(lines.polars)
    if way == "bound":  # nothing to compute it from is published
        assert sql["value"] == python["rows"][0]["value"] == value
        return
    assert sql["recomputed"] == python["recomputed"] == value


def test_a_changed_file_is_noticed(published, tmp_path, monkeypatch):
    (row, lines), *_ = recomputations(published)["waiting.median_minutes", "row"]
    figures = pl.read_parquet(published / "figures.parquet", memory_map=False)
    figures.with_columns(value=pl.lit(1.0)).write_parquet(tmp_path / "figures.parquet")
    shutil.copy(published / "manifest.json", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert row["value"] is not None
    assert run_duckdb(lines.duckdb)["is_as_published"] is False
    assert run_polars(lines.polars)["is_as_published"] is False


def test_a_quarter_is_its_months_a_year_its_quarters_and_a_stock_the_last_of_them():
    def lines(kpi, period, known, **changes):
        parts = {"value": 40.0, "numerator": None, "reason": None}
        row = {"figure_id": f"{kpi}/amt/all/all/{period}", **parts, **changes}
        about = CATALOGUE[kpi].model_dump()
        ids = {f"{kpi}/amt/all/all/{name}" for name in known}
        return recomputation(row, about, 5, dict.fromkeys(ids, "final").get)

    months = [f"month/2026-{number:02}" for number in range(1, 13)]
    quarters = [f"quarter/2026-Q{number}" for number in (1, 2, 3, 4)]
    summed = lines("waiting.visits", "quarter/2026-Q3", months)
    assert summed.way == "sum"
    assert summed.within == 10  # of three months and the quarter, 2.5 each
    assert "um bis zu 10 abweichen" in summed.said["de"]
    assert [f"2026-{number:02}'" in summed.duckdb for number in range(6, 11)] == [
        False, True, True, True, False,
    ]  # fmt: skip
    of_year = lines("waiting.visits", "year/2026", months + quarters)
    assert "quarter/2026-Q4" in of_year.polars
    assert "month" not in of_year.polars
    assert lines("waiting.visits", "year/2026", months).within == 32.5
    stock = lines("backlog.open", "quarter/2026-Q3", months)
    assert (stock.way, stock.within) == ("last", 0)
    assert "2026-09'" in stock.duckdb
    assert "2026-08" not in stock.duckdb
    assert lines("waiting.visits", "quarter/2026-Q3", []).way == "row"
    assert lines("waiting.visits", "week/2026-W38", months).way == "row"
    assert lines("backlog.open", "quarter/2026-Q3", months, value=None).way == "none"
    median = lines("waiting.median_minutes", "quarter/2026-Q3", months)
    assert median.way == "row"
    assert "nicht nachrechnen" in median.said["de"]
    assert "cannot be recomputed" in median.said["en"]


def test_a_rate_is_put_together_from_the_counts_it_is_of():
    row = {
        "figure_id": "backlog.clearance_percent/amt/all/all/quarter/2026-Q3",
        "value": 116.0, "numerator": 365, "reason": None,
    }  # fmt: skip
    about = CATALOGUE["backlog.clearance_percent"].model_dump()
    both = recomputation(row, about, 5, lambda _: "final")
    assert both.way == "quotient"
    assert "backlog.decided/amt" in both.duckdb
    assert "backlog.received/amt" in both.polars
    one = recomputation(
        row, about, 5, lambda name: "final" if "decided" in name else "hidden"
    )
    assert one.way == "share"


def test_an_explanation_ends_with_lines_that_can_be_copied(warehouse, published):
    figure = "waiting.no_show_share/amt/all/all/quarter/2026-Q3"
    told = explain(warehouse, CITY, figure, NOW, published_dir=published.parent)
    manifest = json.loads((published / "manifest.json").read_text(encoding="utf-8"))
    assert told.shown.snapshot == manifest["id"] == published.name
    assert told.shown.figures_sha256 == manifest["files"]["figures.parquet"]
    assert told.shown.figure == told.published
    for language in ("de", "en"):
        text = told.in_words(language)
        assert told.shown.recomputation.said[language] in text
        assert "  FROM 'figures.parquet'" in text
        assert "  import polars as pl" in text
    nobody = explain(warehouse, CITY, figure, NOW, published_dir=published / "none")
    assert nobody.shown is None
    assert "noch nichts veröffentlicht" in nobody.in_words()


def test_a_figure_that_does_not_exist_is_said_with_the_one_that_was_meant(explainer):
    with pytest.raises(UnknownFigure, match=f"did you mean {MEDIAN}"):
        explainer.explain(MEDIAN.replace("amt", "ammt"))
    with pytest.raises(UnknownFigure, match="is no figure id"):
        explainer.explain("waiting")
    with pytest.raises(UnknownFigure, match="there is no figure"):
        explainer.explain("a/b/c/d/quarter/2026-Q9")


def test_a_figure_can_be_explained_as_it_was(tmp_path):
    """Two visits were known on 1 September; a corrected file then told of three."""
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        first, then = (
            datetime(2026, 9, 1, tzinfo=UTC),
            datetime(2026, 9, 20, tzinfo=UTC),
        )
        visits = [
            {
                "office": "amt",
                "outcome": "served",
                "arrived_at": at(date(2026, 8, 3), 9),
                "called_at": at(date(2026, 8, 3), 9) + timedelta(minutes=minutes),
            }
            for minutes in (10, 20, 60)
        ]
        superseded = {"superseded_at": then, "superseded_by": "new"}
        deliver(
            connection, "old", "aufrufe", "tickets", visits[:2], first, **superseded
        )
        deliver(connection, "new", "aufrufe", "tickets", visits, then)
        figure = "waiting.mean_minutes/amt/all/all/month/2026-08"
        now = explain(connection, CITY, figure, NOW)
        before = explain(connection, CITY, figure, NOW, as_of=first + timedelta(days=1))
    assert (now.computed.value, now.computed.n, now.agrees) == (30.0, 3, True)
    assert (before.computed.value, before.computed.n, before.agrees) == (15.0, 2, True)
    assert [origin.delivery_id for origin in before.deliveries] == ["old"]
    assert [origin.delivery_id for origin in now.deliveries] == ["new"]


def test_what_was_published_then_is_told_from_the_snapshot_of_then(tmp_path):
    """The first snapshot said 10 visits; a later delivery made 20 of them."""
    first, then = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 20, tzinfo=UTC)
    visits = [
        {
            "office": "amt",
            "outcome": "served",
            "arrived_at": at(date(2026, 8, 3), 9),
            "called_at": at(date(2026, 8, 3), 9 + minutes / 60),
        }
        for minutes in range(20)
    ]
    figure = "waiting.visits/amt/all/all/month/2026-08"
    published = tmp_path / "published"
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        deliver(connection, "old", "aufrufe", "tickets", visits[:10], first)
        publish(connection, CITY, CITY_FILE, tmp_path, first + timedelta(days=1))
        connection.execute(
            "UPDATE deliveries SET superseded_at = ?, superseded_by = 'new'", [then]
        )
        deliver(connection, "new", "aufrufe", "tickets", visits, then)
        publish(connection, CITY, CITY_FILE, tmp_path, then + timedelta(days=1))

        def told(moment):
            return explain(
                connection, CITY, figure, NOW, as_of=moment, published_dir=published
            )

        now, before = told(None), told(first + timedelta(days=2))
        between = told(then)  # delivered, but not published yet
        with pytest.raises(
            UnknownFigure, match="nothing had been delivered by 2026-08"
        ):
            told(datetime(2026, 8, 31, tzinfo=UTC))
    assert [each.shown.figure.value for each in (before, between, now)] == [10, 10, 20]
    assert [each.computed.value for each in (before, between, now)] == [10, 20, 20]
    assert before.shown.snapshot.startswith("20260902T000000Z-")
    assert f"Im Stand {before.shown.snapshot}: 10 count" in before.in_words()


def test_a_sample_of_the_sample_city_agrees():
    """Runs where its warehouse exists and nobody holds it."""
    folder = Path(os.environ.get("AMTSPULS_DATA", ROOT / "data" / "local"))
    warehouse = folder / "musterstadt" / "warehouse.duckdb"
    if not warehouse.exists():
        pytest.skip("the sample city has not been ingested here")
    city = read_city(ROOT / "data" / "cities" / "musterstadt.toml")
    try:
        connection = duckdb.connect(str(warehouse), read_only=True)
    except duckdb.IOException:
        pytest.skip("the sample city's warehouse is in use")
    with connection:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        explainer = Explainer(connection, city, datetime.now(UTC))
        ids = random.Random(7).sample(explainer.figure_ids, 60)  # noqa: S311
        differing = [name for name in ids if not explainer.explain(name).agrees]
    assert differing == []
