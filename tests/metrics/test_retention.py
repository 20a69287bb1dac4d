"""Old looks are deleted, and not one figure changes by it."""

import json
import os
import random
import shutil
import subprocess
import sys
import time as clock
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import ingest
from ingest.archive import rebuild
from ingest.city import City
from ingest.delivery import run_source
from ingest.runs import Run
from ingest.warehouse import open_warehouse, read_frame
from metrics.closed import read_closings
from metrics.compute import compute, figures_of
from metrics.explain import Explainer, UnknownFigure, explain
from metrics.looked import COUNTED_AS
from metrics.protect import protect
from metrics.reading import Reading
from metrics.retention import delete_old_looks
from metrics.snapshot import publish
from tests.metrics.conftest import office, service

ROOT = Path(ingest.__file__).parents[1]
KILLS = int(os.environ.get("AMTSPULS_KILLS", "4"))  # 50 by hand: some minutes
NOW = datetime(2027, 2, 1, 12, 0, tzinfo=UTC)
# 24 months before now lies in 2025, whose first week begins on this Monday.
KEPT_FROM = date(2024, 12, 30)
LOOKS_HEADER = "Amt;Anliegen;Zeit;Minuten;Wartende;Zustand"
VISITS_HEADER = "Amt;Ankunft;Aufruf;Ende"
SEARCHES_HEADER = "Amt;Zeit;Frei"
MOMENT = {"format": "%d.%m.%Y %H:%M", "timezone": "Europe/Berlin"}


def looks_source(source_id: str, keep_months: int | None = None) -> dict[str, Any]:
    return table_source(
        source_id,
        "queue_samples",
        {
            "office": {"column": "Amt"},
            "service": {"column": "Anliegen", "missing": ["-"]},
            "observed_at": {"column": "Zeit", **MOMENT},
            "wait_minutes": {"column": "Minuten"},
            "waiting": {"column": "Wartende"},
            "state": {"column": "Zustand"},
        },
    ) | ({} if keep_months is None else {"keep_months": keep_months})


def table_source(source_id: str, table: str, columns: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": source_id,
        "adapter": "table_file",
        "publisher": "Stadt",
        "licence": "dl-de/zero-2.0",
        "folder": source_id,
        "every": "1h",
        "max_age": "3650d",
        "keep_raw": True,
        "checks": {"max_refused_share": 0.5, "shrink_to": 0},
        "mapping": {"table": table, "columns": columns},
    }


def document(*sources: dict[str, Any]) -> dict[str, Any]:
    cells = {"kpis": ["*"], "by": ["city", "office", "office_service"],
             "grains": ["week", "quarter"]}  # fmt: skip
    return {
        "city": {
            "id": "kleinstadt",
            "name": "Kleinstadt",
            "ars": "000000000000",
            "state": "HE",
            "timezone": "Europe/Berlin",
            "contact": {"name": "Rathaus"},
            "publisher": "Stadt Kleinstadt",
            "licence": "dl-de/by-2-0",
        },
        "office": [office("meldeamt"), office("bauamt"), office("kfz")],
        "service": [service("ausweis", "meldeamt"), service("pass", "meldeamt")],
        "source": [*sources],
        "publish": {"cells": [cells]},
    }


VISITS = table_source(
    "besuche",
    "tickets",
    {
        "office": {"column": "Amt"},
        "arrived_at": {"column": "Ankunft", **MOMENT},
        "called_at": {"column": "Aufruf", **MOMENT},
        "finished_at": {"column": "Ende", **MOMENT},
        "outcome": {"value": "served"},
        "channel": {"value": "walk_in"},
    },
)
SEARCHES = table_source(
    "termine",
    "slot_offers",
    {
        "office": {"column": "Amt"},
        "observed_at": {"column": "Zeit", **MOMENT},
        "first_free_at": {"column": "Frei", **MOMENT},
    },
)


@dataclass
class Town:
    """A city's folder and warehouse, and what may be done with them."""

    folder: Path
    connection: duckdb.DuckDBPyConnection
    city: City

    def load(
        self,
        source_id: str,
        name: str,
        header: str,
        lines: Sequence[str],
        now: datetime = NOW,
    ) -> Run:
        file = self.folder / f"{source_id}-{name}.csv"
        file.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        (run,) = run_source(
            *(self.connection, self.city, self.city.source(source_id)),
            data_dir=self.folder,
            now=now,
            files=[file],
        )
        return run

    def figures(self, now: datetime = NOW) -> pl.DataFrame:
        """Compute all figures that looks have a part in."""
        reading = Reading(self.connection, self.city, now)
        frames = [frame for facts in COUNTED_AS for frame in figures_of(facts, reading)]
        return pl.concat(frames).sort("figure_id")

    def delete(self, now: datetime = NOW) -> bool:
        return delete_old_looks(self.connection, self.city, self.folder, now)

    def count(self, table: str, where: str = "TRUE") -> int:
        statement = f"SELECT count(*) AS n FROM {table} WHERE {where}"  # noqa: S608
        found: int = read_frame(self.connection, statement)["n"].item()
        return found

    def as_configured(self, *sources: dict[str, Any]) -> "Town":
        return replace(self, city=City.model_validate(document(*sources)))

    def archived(self, source_id: str) -> set[str]:
        there = (self.folder / "archive" / source_id).iterdir()
        return {path.name for path in there if path.is_file()}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Callable[..., Town]]:
    opened = []

    def make(*sources: dict[str, Any]) -> Town:
        folder = tmp_path / "kleinstadt"
        connection = open_warehouse(folder / "warehouse.duckdb")
        opened.append(connection)
        return Town(folder, connection, City.model_validate(document(*sources)))

    yield make
    for connection in opened:
        connection.close()


def at(day: date, minutes: int) -> str:
    return (
        f"{datetime.combine(day, time()) + timedelta(minutes=minutes):%d.%m.%Y %H:%M}"
    )


def look(office_id: str, day: date, minutes: int, wait: int, **more: Any) -> str:
    said = {"service": "-", "waiting": 3, "state": "open", **more}
    return (
        f"{office_id};{said['service']};{at(day, minutes)};{wait};"
        f"{said['waiting']};{said['state']}"
    )


def days_of_years(seed: int) -> list[date]:
    """Draw some working days of four years, and those about each turn of a year."""
    draw = random.Random(seed)  # noqa: S311 - invented rows
    every = [date(2023, 1, 2) + timedelta(days=n) for n in range(1490)]
    working = [day for day in every if day.weekday() < 5]
    turns = [day for day in working if (day.month, day.day) > (12, 26)]
    return sorted({*draw.sample(working, 40), *turns})


def fill(town: Town, source_id: str, offices: dict[str, date], seed: int) -> None:
    """Deliver looks week by week; an office is named until a day, and then no more."""
    draw = random.Random(seed)  # noqa: S311 - invented rows
    weeks: dict[date, list[str]] = {}
    for day in days_of_years(seed):
        lines = weeks.setdefault(day - timedelta(days=day.weekday()), [])
        for office_id, until in offices.items():
            for minutes in range(480, 720, 20):
                state = draw.choices(("open", "sold_out", "closed"), (8, 1, 1))[0]
                service_id = (
                    draw.choice(("ausweis", "pass", "-"))
                    if office_id == "meldeamt"
                    else "-"
                )
                if day <= until:
                    lines.append(
                        look(office_id, day, minutes, draw.randrange(60),
                             service=service_id, state=state,
                             waiting=draw.randrange(20))
                    )  # fmt: skip
    for week, lines in weeks.items():
        if lines:
            assert town.load(source_id, f"{week}", LOOKS_HEADER, lines).error is None


def fill_visits(town: Town, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - invented rows
    lines = []
    for day in days_of_years(seed):
        for minutes in range(485, 700, 15):
            wait = draw.randrange(40)
            times = (minutes, minutes + wait, minutes + wait + 5)
            shown = ";".join(at(day, each) for each in times)
            lines.append(f"{draw.choice(('meldeamt', 'kfz'))};{shown}")
    assert town.load("besuche", "alle", VISITS_HEADER, lines).error is None


EVER = date(2027, 12, 31)


SOURCES = (looks_source("alt", 24), looks_source("neu"), VISITS)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fill a city of two feeds, of which one is kept for 24 months, and of visits.

    An office left the first feed long ago, and is told of by the second ever since.
    """
    folder = tmp_path_factory.mktemp("filled") / "kleinstadt"
    with open_warehouse(folder / "warehouse.duckdb") as connection:
        made = Town(folder, connection, City.model_validate(document(*SOURCES)))
        fill(made, "alt", {"meldeamt": EVER, "bauamt": date(2023, 6, 30)}, 1)
        fill(made, "neu", {"kfz": EVER, "bauamt": EVER}, 2)
        fill_visits(made, 1)
    return folder


@pytest.fixture
def full(filled: Path, town: Callable[..., Town], tmp_path: Path) -> Town:
    shutil.copytree(filled, tmp_path / "kleinstadt")
    return town(*SOURCES)


LOOK_FAMILIES = {"queue", "sold_out", "estimate"}


def test_no_figure_changes_when_looks_are_deleted(full: Town) -> None:
    before = compute(full.connection, full.city, NOW)
    of_looks = full.figures()
    assert set(of_looks["kpi"].str.split(".").list.first()) == LOOK_FAMILIES
    assert of_looks.filter(pl.col("value").is_not_null()).height > 1000
    assert full.delete()
    is_old = "observed_at < '2024-12-29 23:00Z'"
    assert full.count("queue_samples", f"{is_old} AND delivery_id LIKE 'neu-%'") > 0
    assert full.count("queue_samples", f"{is_old} AND delivery_id LIKE 'alt-%'") == 0
    assert full.count("queue_samples", "delivery_id LIKE 'alt-%'") > 0
    after = compute(full.connection, full.city, NOW)
    assert after.figures.equals(before.figures)
    for name, frame in before.frames.items():
        assert after.frames[name].equals(frame), name


def test_a_year_later_another_year_goes_and_what_was_closed_stays(full: Town) -> None:
    assert full.delete()
    later = NOW + timedelta(days=365)
    lines = [look("meldeamt", later.date(), 500, 9)]
    full.load("alt", "x", LOOKS_HEADER, lines, now=later + timedelta(hours=1))
    later += timedelta(days=1)
    before = full.figures(later)
    closed = read_frame(full.connection, "FROM closed_figures")
    assert full.delete(later)
    assert full.count("closings") == 2
    assert full.count("queue_samples", "delivery_id LIKE 'alt-%'") > 0
    assert full.figures(later).equals(before)
    now_closed = read_frame(full.connection, "FROM closed_figures")
    assert now_closed.head(closed.height).equals(closed)
    assert not now_closed.select(closed.columns[1:9]).is_duplicated().any()


def test_the_published_files_are_the_same_to_the_byte(full: Town) -> None:
    city_file = full.folder / "city.toml"
    city_file.write_text("x", encoding="utf-8")
    given = (full.connection, full.city, city_file, full.folder, NOW)
    first = publish(*given)
    names = [
        path.name for path in first.iterdir() if path.suffix in (".csv", ".parquet")
    ]
    assert len(names) > 5
    assert (full.folder / "internal" / "measured").is_dir()
    assert full.delete()
    for anew in (False, True, False):
        again = publish(*given, anew=anew)
        assert again != first  # it says that looks were deleted
        for name in names:
            assert (again / name).read_bytes() == (first / name).read_bytes(), name
    manifest = json.loads((again / "manifest.json").read_text(encoding="utf-8"))
    (closing,) = manifest["closings"]
    assert closing["source"] == "alt"
    assert closing["before_on"] == "2024-12-30"
    assert closing["keep_months"] == 24
    assert closing["offices"] == [None, "bauamt", "meldeamt"]


def test_a_median_worked_out_by_hand_outlives_its_looks(
    town: Callable[..., Town],
) -> None:
    made = town(looks_source("alt", 24))
    monday, later = date(2023, 3, 6), date(2027, 1, 25)
    # Hours of 10 (of 5, 10, 30), 20 and 40 minutes: the middle one is 20.
    looks = [look("meldeamt", monday, minutes, wait) for minutes, wait in
             ((480, 5), (490, 10), (500, 30), (540, 20), (600, 40))]  # fmt: skip
    made.load("alt", "a", LOOKS_HEADER, looks)
    made.load("alt", "b", LOOKS_HEADER, [look("meldeamt", later, 480, 7)])
    assert made.delete()
    assert made.count("queue_samples") == 1
    figures = made.figures()
    for period in ("day/2023-03-06", "week/2023-W10", "month/2023-03", "year/2023"):
        name = f"queue.median_wait_minutes/meldeamt/all/all/{period}"
        row = figures.row(by_predicate=pl.col("figure_id") == name, named=True)
        assert (row["value"], row["n"]) == (20.0, 3), period
    closed = read_frame(made.connection, "FROM closed_figures")
    assert set(closed["kpi"].str.split(".").list.first()) == {"queue"}


def test_nothing_is_deleted_where_the_city_file_says_nothing(
    town: Callable[..., Town],
) -> None:
    made = town(looks_source("alt"))
    made.load("alt", "a", LOOKS_HEADER, [look("meldeamt", date(2015, 3, 2), 480, 5)])
    made.load("alt", "b", LOOKS_HEADER, [look("meldeamt", date(2027, 1, 25), 480, 5)])
    assert not made.delete()
    assert made.count("queue_samples") == 2
    assert made.count("closings") == 0


def test_a_second_run_deletes_nothing_more(full: Town) -> None:
    assert full.delete()
    tables = ("closings", "closed_figures", "closed_days", "queue_samples")
    counts = {table: full.count(table) for table in tables}
    archived = full.archived("alt")
    assert not full.delete()
    assert not full.delete(NOW + timedelta(days=300))
    assert {table: full.count(table) for table in tables} == counts
    assert full.archived("alt") == archived


def test_whole_weeks_go_and_their_deliveries_stay_listed(
    town: Callable[..., Town],
) -> None:
    made = town(looks_source("alt", 24))
    days = (KEPT_FROM - timedelta(days=3), KEPT_FROM, date(2027, 1, 29))
    for day in days:
        made.load("alt", f"{day}", LOOKS_HEADER, [look("meldeamt", day, 480, 5)])
    # One that reaches over the Monday stays as a whole, until all of it is old.
    over = [look("meldeamt", KEPT_FROM + timedelta(days=n), 500, 5) for n in (-6, 10)]
    made.load("alt", "over", LOOKS_HEADER, over)
    before = made.figures()
    assert made.delete()
    listed = read_frame(
        made.connection,
        "SELECT name, rows_loaded, rows_deleted_at FROM deliveries ORDER BY covers_to",
    ).rows()
    assert [rows for _, rows, _ in listed] == [1, 1, 2, 1]
    assert [deleted for *_, deleted in listed] == [NOW, None, None, None]
    assert made.figures().equals(before)
    # And it may be corrected, which changes no closed figure.
    over = [look("meldeamt", KEPT_FROM + timedelta(days=n), 500, 9) for n in (-6, 10)]
    assert made.load("alt", "again", LOOKS_HEADER, over).outcome == "loaded"
    is_closed = pl.col("period_start") < KEPT_FROM
    after = made.figures()
    assert after.filter(is_closed).equals(before.filter(is_closed))
    assert not after.equals(before)


def test_files_of_deleted_looks_leave_the_archive(full: Town) -> None:
    before = full.archived("alt")
    assert any(name.endswith(".raw.csv") for name in before)
    full.delete()
    deleted = read_frame(
        full.connection,
        "SELECT delivery_id FROM deliveries WHERE rows_deleted_at IS NOT NULL",
    )["delivery_id"].to_list()
    assert deleted
    gone = {name for name in before if name.partition(".")[0] in deleted}
    assert full.archived("alt") == before - gone
    assert not list((full.folder / "archive").glob("*/.closing"))


def test_a_warehouse_made_from_the_archive_has_the_same_figures(full: Town) -> None:
    full.delete()
    before = full.figures()
    with open_warehouse(full.folder / "anew.duckdb") as anew:
        rebuild(anew, full.folder / "archive")
        again = replace(full, connection=anew)
        assert again.figures().equals(before)
        assert again.count("deliveries") == full.count("deliveries")
        assert read_closings(anew) == read_closings(full.connection)
        assert not again.delete()
        late = again.load(
            "alt", "late", LOOKS_HEADER, [look("meldeamt", date(2023, 3, 7), 480, 5)]
        )
        assert late.outcome == "refused"


# A process of its own, as a city would have it.
CHILD = """
import json, sys
from datetime import datetime
from pathlib import Path
from ingest.city import City
from ingest.warehouse import open_warehouse
from metrics.looked import COUNTED_AS
from metrics.protect import protect
from metrics.reading import Reading
from metrics.retention import delete_old_looks

folder, document, now = Path(sys.argv[1]), *sys.argv[2:]
city = City.model_validate(json.loads(document))
connection = open_warehouse(folder / "warehouse.duckdb")
print("ready", flush=True)
delete_old_looks(connection, city, folder, datetime.fromisoformat(now))
print("done", flush=True)
"""


def test_kills_at_any_moment_of_a_deletion_change_no_figure(
    full: Town, tmp_path: Path
) -> None:
    before, folder = full.figures(), full.folder
    full.connection.close()
    chance = random.Random(7)  # noqa: S311 - no secret
    longest, interrupted = 1.0, 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(folder), json.dumps(document(*SOURCES)),
             NOW.isoformat()],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        clock.sleep(chance.uniform(0, longest))
        process.kill()
        said = process.stdout.read()
        process.wait()
        process.stdout.close()
        interrupted += "done" not in said
        longest *= 1.5
        with open_warehouse(folder / "warehouse.duckdb") as connection:
            now = replace(full, connection=connection)
            assert now.figures().equals(before)
        with open_warehouse(tmp_path / "anew.duckdb") as connection:
            rebuild(connection, folder / "archive")
            assert replace(full, connection=connection).figures().equals(before)
        (tmp_path / "anew.duckdb").unlink()
    assert interrupted  # else the moments were badly chosen
    with open_warehouse(folder / "warehouse.duckdb") as connection:
        now = replace(full, connection=connection)
        now.delete()
        assert now.count("closings") == 1
        assert now.figures().equals(before)
        assert not list((folder / "archive").glob("*/.closing"))


@pytest.mark.parametrize("step", ["rename", "unlink", "rmdir"])
def test_what_a_kill_leaves_of_the_archive_is_finished_later(
    step: str, full: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = full.figures()

    def killed(*_: Any, **__: Any) -> None:
        raise SystemExit(step)

    with monkeypatch.context() as kills:
        kills.setattr(Path, step, killed)
        with pytest.raises(SystemExit):
            full.delete()
    with open_warehouse(full.folder / "anew.duckdb") as anew:
        rebuild(anew, full.folder / "archive")
        assert replace(full, connection=anew).figures().equals(before)
    assert not full.delete()
    assert not list((full.folder / "archive").glob("*/.closing"))
    with open_warehouse(full.folder / "again.duckdb") as anew:
        rebuild(anew, full.folder / "archive")
        assert replace(full, connection=anew).figures().equals(before)
        assert replace(full, connection=anew).count("closings") == 1


def test_a_late_look_of_a_closed_year_is_refused_with_the_reason(full: Town) -> None:
    full.delete()
    before = full.figures()
    late = full.load(
        "alt", "late", LOOKS_HEADER, [look("meldeamt", date(2023, 3, 7), 480, 59)]
    )
    assert late.outcome == "refused"
    assert "looks before 2024-12-29 23:00 UTC were deleted, as keep_months" in str(
        late.error
    )
    assert full.figures().equals(before)


def test_the_same_file_again_is_not_refused_whatever_the_mapping(full: Town) -> None:
    full.delete()
    lines = [look("meldeamt", date(2026, 12, 1), 480, 5)]
    other = looks_source("alt", 24)
    other["checks"] = {"max_refused_share": 0.4}
    changed = full.as_configured(other, looks_source("neu"), VISITS)
    oldest = min(full.folder.glob("alt-2023-*.csv"))
    text = oldest.read_text(encoding="utf-8").splitlines()
    again = changed.load("alt", oldest.stem.removeprefix("alt-"), text[0], text[1:])
    assert again.outcome == "unchanged"
    assert changed.load("alt", "new", LOOKS_HEADER, lines).outcome == "loaded"


def test_what_another_source_says_late_changes_its_own_office_only(full: Town) -> None:
    full.delete()
    before = full.figures()
    day = date(2023, 3, 7)
    lines = [look(name, day, 480, 59) for name in ("kfz", "bauamt")]
    assert full.load("neu", "late", LOOKS_HEADER, lines).outcome == "loaded"
    changed = (
        full.figures()
        .join(before, on="figure_id", how="left", suffix="_before")
        .filter(
            pl.col("n").ne_missing(pl.col("n_before")),
            pl.col("period_start") < KEPT_FROM,
        )
    )
    assert set(changed["office"]) == {"kfz"}  # neither the city nor an office closed


def test_a_new_grain_finds_closed_figures_too(full: Town) -> None:
    full.delete()
    figures = full.figures()
    name = "queue.median_wait_minutes/meldeamt/pass/all/week/2023-W01"
    assert figures.filter(figure_id=name)["value"].is_not_null().all()


def test_an_ended_feed_keeps_its_last_months(town: Callable[..., Town]) -> None:
    made = town(looks_source("alt", 24))
    for day in (date(2019, 3, 5), date(2021, 3, 2), date(2022, 11, 1)):
        made.load("alt", f"{day}", LOOKS_HEADER, [look("meldeamt", day, 480, 5)])
    made.connection.execute("UPDATE deliveries SET received_at = covers_to")
    before = made.figures()
    assert made.delete()
    assert made.count("queue_samples") == 2  # 24 months before lie in 2020
    assert made.figures().equals(before)


def test_the_weeks_that_the_rest_of_a_day_is_learnt_from_are_kept(
    town: Callable[..., Town],
) -> None:
    """They are 12, and reach back into a year that the 8 by the hour do not touch."""
    made = town(looks_source("alt", 24), looks_source("neu"))
    draw = random.Random(1)  # noqa: S311 - invented rows
    weeks = [date(2024, 9, 2) + timedelta(days=7 * n) for n in range(27)]
    ended = {"neu": weeks, "alt": [date(2023, 3, 6), *weeks, date(2027, 1, 25)]}
    for source_id, mondays in ended.items():
        for monday in mondays:
            lines = [
                look(
                    "meldeamt", monday + timedelta(days=n), minutes, draw.randrange(40)
                )
                for n in range(5)
                for minutes in range(480, 720, 20)
            ]
            made.load(source_id, f"{monday}", LOOKS_HEADER, lines)
    before = compute(made.connection, made.city, NOW)
    # One feed ended on Friday, 7 March 2025: both tell of the weeks up to 2 March.
    (learnt_from,) = before.frames["rest_of_day"]["window_start"].unique()
    (by_the_hour,) = before.frames["wait_by_hour"]["window_start"].unique()
    assert learnt_from == date(2024, 12, 9)
    assert by_the_hour == date(2025, 1, 6)
    assert made.delete()
    assert made.count("queue_samples", "observed_at < '2023-12-31 23:00Z'") == 0
    after = compute(made.connection, made.city, NOW)
    for name, frame in before.frames.items():
        assert after.frames[name].equals(frame), name


def test_searches_for_appointments_are_closed_as_well(
    town: Callable[..., Town],
) -> None:
    made = town(SEARCHES | {"keep_months": 24})
    monday, later = date(2023, 3, 6), date(2027, 1, 25)
    found = [f"meldeamt;{at(monday, 480 + n)};{at(monday + timedelta(days=days), 600)}"
             for n, days in enumerate((1, 2, 9))]  # fmt: skip
    made.load("termine", "a", SEARCHES_HEADER, [*found, f"meldeamt;{at(monday, 500)};"])
    made.load("termine", "b", SEARCHES_HEADER, [f"meldeamt;{at(later, 480)};"])
    before = made.figures()
    assert made.delete()
    assert made.count("slot_offers") == 1
    assert made.figures().equals(before)
    name = "appointments.median_days_to_next_free/meldeamt/all/all/year/2023"
    row = made.figures().row(by_predicate=pl.col("figure_id") == name, named=True)
    assert (row["value"], row["n"]) == (2.0, 3)
    name = "appointments.search_success_share/meldeamt/all/all/year/2023"
    row = made.figures().row(by_predicate=pl.col("figure_id") == name, named=True)
    assert (row["value"], row["numerator"], row["n"]) == (75.0, 3, 4)


def test_a_closed_figure_says_that_nobody_can_recount_it(full: Town) -> None:
    figure = "queue.median_wait_minutes/meldeamt/all/all/year/2023"
    before = explain(full.connection, full.city, figure, NOW)
    assert before.agrees is True
    full.delete()
    told = explain(full.connection, full.city, figure, NOW)
    assert told.computed == before.computed
    assert (told.recounted, told.agrees) == (None, None)
    german, english = told.in_words("de"), told.in_words("en")
    assert "sind am 2027-02-01T12:00:00Z gelöscht worden" in german
    assert "24 Monate" in german
    assert "were deleted on 2027-02-01T12:00:00Z" in english
    assert told.code_version in english
    assert "Nachgezählt" not in german
    with pytest.raises(UnknownFigure, match="only the snapshot published then"):
        explain(
            *(full.connection, full.city, figure, NOW),
            as_of=NOW - timedelta(days=1),
        )
    later = NOW + timedelta(days=2)
    assert (
        explain(
            full.connection, full.city, figure, later, as_of=NOW + timedelta(days=1)
        ).computed
        == told.computed
    )


def test_every_figure_is_closed_or_recounted_to_the_same(full: Town) -> None:
    full.delete()
    explainer = Explainer(full.connection, full.city, NOW)
    ids = [
        name for name in explainer.figure_ids if name.partition(".")[0] in LOOK_FAMILIES
    ]
    draw = random.Random(5)  # noqa: S311 - no secret
    told = [explainer.explain(name) for name in draw.sample(ids, 200)]
    assert {each.closed is None for each in told} == {True, False}
    assert [each.figure_id for each in told if each.agrees is False] == []


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (VISITS | {"keep_months": 24}, "is for tables of looks"),
        (looks_source("alt", 14), "must be at least 15"),
    ],
)
def test_a_city_file_that_asks_for_too_much_is_refused(source, why) -> None:
    with pytest.raises(ValueError, match=why):
        City.model_validate(document(source))


def test_whole_exports_cannot_be_kept_for_some_months() -> None:
    source = looks_source("alt", 24)
    source["mapping"]["covers"] = {"by": "all"}
    with pytest.raises(ValueError, match="deletes whole deliveries"):
        City.model_validate(document(source))


def search(day: date, number: int) -> dict[str, Any]:
    looked = datetime.combine(day, time(8, number), UTC)
    return {
        "office": "meldeamt",
        "service": "ausweis",
        "observed_at": looked,
        "first_free_at": looked + timedelta(days=3),
    }


def test_closed_figures_of_a_sensitive_service_that_left_stay_inside(
    tmp_path, connection, deliver, make_city
) -> None:
    """Nothing in the city file says any more that it is not to be shown by office."""
    others = [service("pass", "meldeamt"), service("bauantrag", "bauamt")]
    sensitive = service("ausweis", "meldeamt") | {"sensitive": True}
    parts = {
        "source": [SEARCHES | {"id": "system", "keep_months": 24}],
        "publish": {
            "cells": [
                {
                    "kpis": ["appointments.*"],
                    "by": ["city", "office", "office_service"],
                    "grains": ["month", "quarter"],
                }
            ]
        },
    }
    city = make_city(service=[sensitive, *others], **parts)
    later = make_city(service=others, **parts)
    for first in (date(2023, 2, 6), date(2023, 3, 6), date(2026, 12, 7)):
        for day in (first + timedelta(days=number) for number in range(5)):
            searches = [search(day, minute) for minute in range(20)]
            begun = datetime.combine(day, time(), UTC)
            until = begun + timedelta(days=1)
            deliver("slot_offers", searches, first=begun, until=until)

    def shown(city: City) -> list[str]:
        computed = compute(connection, city, NOW)
        figures = protect(computed, city, NOW).figures
        return figures.filter(
            pl.col("office").is_not_null(),
            pl.col("service") == "ausweis",
            pl.col("value").is_not_null(),
        )["figure_id"].to_list()

    assert delete_old_looks(connection, city, tmp_path, NOW)
    assert shown(city) == []
    assert shown(later) == []
