"""From a warehouse to what is published: protected, repeatable, revised, fresh."""

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ingest.city import City, read_city
from ingest.terminal import going_on
from ingest.warehouse import columns_of, insert_rows, open_warehouse
from metrics import provenance
from metrics.catalogue import CATALOGUE
from metrics.compute import compute
from metrics.figures import FIGURES
from metrics.protect import protect
from metrics.published import Snapshot, open_current, read_live
from metrics.revisions import revisions
from metrics.snapshot import publish, publish_live
from metrics.snapshot_folder import write_snapshot
from metrics.withhold import TooMuchIsTold

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 6, 6, 0, tzinfo=UTC)
MEDIAN = "waiting.median_minutes/amt/all/all/quarter/2026-Q3"

CITY_FILE = """
[city]
id = "testheim"
name = "Testheim"
ars = "059999999999"
state = "NW"
timezone = "Europe/Berlin"
publisher = "Stadt Testheim"
licence = "dl-de/by-2-0"
sample_data = true
contact = { name = "x" }

[[office]]
id = "amt"
name = { de = "Amt", en = "Office" }
hours.mon = [{ opens = 08:00:00, closes = 16:00:00 }]
hours.tue = [{ opens = 08:00:00, closes = 16:00:00 }]

[[source]]
id = "aufrufe"
adapter = "table_file"
publisher = "Stadt Testheim"
licence = "x"
folder = "in"
every = "1d"
max_age = "9d"

[source.mapping]
table = "tickets"
columns.office = { value = "amt" }
columns.outcome = { value = "served" }

[[source]]
id = "live"
adapter = "queue_feed"
publisher = "Stadt Testheim"
licence = "x"
url = "https://example.org/live.json"
every = "1min"
max_age = "10min"

[source.mapping]
queues = "queues"
office = { value = "amt" }
state = { value = "open" }

[[event]]
on = 2026-08-01
text = { de = "Neue Termine", en = "New appointments" }

[[closure]]
first_on = 2026-08-10
last_on = 2026-08-11
reason = { de = "Umzug", en = "Move" }

[[publish.cells]]
kpis = ["waiting.*"]
by = ["city", "office"]
grains = ["month", "quarter"]
"""


@pytest.fixture
def city_file(tmp_path) -> Path:
    file = tmp_path / "testheim.toml"
    file.write_text(CITY_FILE, encoding="utf-8")
    return file


@pytest.fixture
def city(city_file) -> City:
    return read_city(city_file)


@pytest.fixture
def connection(tmp_path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(tmp_path / "warehouse.duckdb") as opened:
        yield opened


def at(day: date, hour: float) -> datetime:
    return datetime.combine(day, time(), BERLIN) + timedelta(hours=hour)


def visits(extra: float = 0.0) -> list[dict[str, Any]]:
    """One visit on every Monday and Tuesday of July to September: 26 in all.

    They wait 1, 2, … 26 minutes; the 13th of 26 is the median. Eight fall into July (6,
    7, 13, 14, 20, 21, 27, 28), and more into the other months: all have a median.
    """
    days = [date(2026, 7, 1) + timedelta(days=number) for number in range(92)]
    opening = [day for day in days if day.weekday() in (0, 1)]
    return [
        {
            "office": "amt",
            "channel": "walk_in",
            "outcome": "served",
            "arrived_at": at(day, 9),
            "called_at": at(day, 9) + timedelta(minutes=number + extra),
            "persons": 1,
            "ticket_key": f"secret-{number}",
        }
        for number, day in enumerate(opening, start=1)
    ]


def insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]
) -> None:
    kinds = {name: column.dtype for name, column in columns_of(table).items()}
    names = sorted({name for row in rows for name in row})
    columns = {name: [row.get(name) for row in rows] for name in names}
    insert_rows(
        connection, table, pl.DataFrame(columns, {name: kinds[name] for name in names})
    )


def deliver(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    rows: list[dict[str, Any]],
    **more: Any,
) -> None:
    delivery = {
        "delivery_id": name,
        "source": "aufrufe",
        "table_name": "tickets",
        "covers_from": at(date(2026, 7, 1), 0),
        "covers_to": at(date(2026, 10, 1), 0),
        "content_sha256": hashlib.sha256(name.encode()).hexdigest(),
        "read_with": "x",
        "name": f"{name}.csv",
        "received_at": NOW - timedelta(days=2),
        "rows_read": len(rows),
        "rows_loaded": len(rows),
        "rows_quarantined": 0,
        **more,
    }
    insert(connection, "deliveries", [delivery])
    table = delivery["table_name"]
    insert(connection, table, [row | {"delivery_id": name} for row in rows])


def replace(connection: duckdb.DuckDBPyConnection, old: str, when: datetime) -> None:
    connection.execute(
        "UPDATE deliveries SET superseded_at = ? WHERE delivery_id = ?", [when, old]
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_published_is_what_protection_leaves(
    tmp_path, connection, city, city_file
):
    deliver(connection, "one", visits())
    path = publish(connection, city, city_file, tmp_path, NOW)
    computed = compute(connection, city, NOW)
    snapshot = open_current(tmp_path / "published")
    assert snapshot.path == path
    assert_frame_equal(snapshot.figures, protect(computed, city, NOW).figures)
    figure = snapshot.figure(MEDIAN)
    assert figure is not None
    assert (figure["value"], figure["n"], figure["state"]) == (13.0, 25, "final")
    internal = open_current(tmp_path / "internal")
    assert_frame_equal(internal.figures, computed.figures)
    exact = internal.figure(MEDIAN)
    assert exact is not None
    assert exact["n"] == 26
    assert not (internal.path / "figures.csv").exists()
    of_the_desk = contents(internal.path).keys() - contents(path).keys()
    assert of_the_desk == {"forecast.parquet", "spc.parquet"}
    assert set(snapshot.figures["grain"].unique()) == {"month", "quarter"}


def test_a_snapshot_says_where_it_comes_from(tmp_path, connection, city, city_file):
    deliver(connection, "old", visits()[:5])
    replace(connection, "old", NOW - timedelta(days=2))
    deliver(connection, "one", visits(), rows_quarantined=2)
    path = publish(connection, city, city_file, tmp_path, NOW)
    manifest = json.loads((path / "manifest.json").read_bytes())
    assert manifest["time"] == "2026-10-06T06:00:00Z"
    assert manifest["city"] == "testheim"
    assert manifest["sample_data"] is True
    assert (
        manifest["city_file_sha256"] == hashlib.sha256(CITY_FILE.encode()).hexdigest()
    )
    assert manifest["code_version"] == provenance.code_version()
    (delivery,) = manifest["deliveries"]
    assert delivery["content_sha256"] == hashlib.sha256(b"one").hexdigest()
    assert (delivery["covers_from"], delivery["covers_to"]) == (
        "2026-06-30T22:00:00Z",
        "2026-09-30T22:00:00Z",
    )
    # The exact number of rows would be the exact number of visits.
    assert (delivery["rows_read"], delivery["rows_loaded"]) == (27, 25)
    assert delivery["rows_quarantined"] == 2
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((path / name).read_bytes()).hexdigest() == digest
    sources = json.loads((path / "sources.json").read_bytes())
    assert [source["id"] for source in sources] == ["aufrufe", "live"]
    assert sources[0]["rows_loaded"] == 25
    assert sources[0]["data_until"].endswith(":00:00Z")
    beside = json.loads((path.parent / "sources.json").read_bytes())["sources"]
    assert beside == sources
    internal = json.loads((tmp_path / "internal" / "sources.json").read_bytes())
    assert internal["sources"][0]["rows_loaded"] == 26
    catalogue = json.loads((path / "catalogue.json").read_bytes())
    assert catalogue.keys() == CATALOGUE.keys()
    calendar = json.loads((path / "calendar.json").read_bytes())
    assert {
        "on": "2026-10-03",
        "name": {"de": "Tag der Deutschen Einheit", "en": "German Unity Day"},
    } in calendar["holidays"]
    assert calendar["events"][0]["on"] == "2026-08-01"
    assert calendar["closures"][0]["reason"]["en"] == "Move"
    assert "2026-08-04" in calendar["opening_days"]["amt"]
    # At the turn of the year, too, pages must know which days come next.
    assert calendar["last"] == "2027-12-31"
    assert "2027-01-01" in {each["on"] for each in calendar["holidays"]}
    assert "2027-01-05" in calendar["opening_days"]["amt"]
    assert not {"2026-08-10", "2026-08-05"} & set(calendar["opening_days"]["amt"])


def test_nothing_of_a_single_visit_is_in_any_published_file(
    tmp_path, connection, city, city_file
):
    """Times of 13 minutes are 13 minutes; 7919 is nobody's number but the visit's."""
    rows = visits()
    rows[3]["called_at"] = rows[3]["arrived_at"] + timedelta(minutes=1319)
    deliver(connection, "one", rows)
    path = publish(connection, city, city_file, tmp_path, NOW)
    for name, content in contents(path).items():
        assert b"secret" not in content, name
        assert b"1319" not in content, name
    frames = (path / "figures.parquet", path / "wait_by_hour.parquet")
    for frame in frames:
        numbers = pl.read_parquet(frame).select(pl.selectors.float())
        assert 1319.0 not in {value for column in numbers for value in column}
    assert stat.S_IMODE(os.stat(tmp_path / "internal").st_mode) == 0o700  # noqa: PTH116


def test_the_same_inputs_give_the_same_bytes(tmp_path, connection, city, city_file):
    deliver(connection, "one", visits())
    one = publish(connection, city, city_file, tmp_path / "a", NOW)
    two = publish(connection, city, city_file, tmp_path / "b", NOW)
    assert one.name == two.name
    assert contents(one) == contents(two)


def test_where_what_is_kept_is_damaged_all_is_measured_anew(
    tmp_path, connection, city, city_file, caplog
):
    deliver(connection, "one", visits())
    whole = publish(connection, city, city_file, tmp_path / "a", NOW)
    publish(connection, city, city_file, tmp_path / "b", NOW)
    for file in (tmp_path / "b" / "internal" / "measured").glob("values_of_*"):
        content = bytearray(file.read_bytes())
        content[4 : len(content) // 3] = bytes(len(content) // 3 - 4)  # not its footer
        file.write_bytes(content)
    again = publish(connection, city, city_file, tmp_path / "b", NOW)
    assert contents(again) == contents(whole)
    assert "what was kept is damaged, all is measured anew" in caplog.text
    caplog.clear()
    publish(connection, city, city_file, tmp_path / "b", NOW)
    assert not caplog.text


def test_publishing_nothing_new_only_tells_that_it_was_looked(
    tmp_path, connection, city, city_file
):
    deliver(connection, "one", visits())
    first = publish(connection, city, city_file, tmp_path, NOW)
    before = open_current(tmp_path / "published")
    later = NOW + timedelta(days=3)
    again = publish(connection, city, city_file, tmp_path, later)
    assert again == first
    after = open_current(tmp_path / "published")
    assert (after.id, after.checked_at) == (before.id, later)
    assert not before.sources[0]["is_late"]
    assert after.sources[0]["is_late"]
    assert len([*(tmp_path / "published").glob("2026*")]) == 1


def test_a_month_that_ends_brings_a_new_snapshot(tmp_path, connection, city, city_file):
    deliver(connection, "one", visits())
    early = at(date(2026, 9, 30), 23)
    first = publish(connection, city, city_file, tmp_path, early)
    assert open_current(tmp_path / "published").figure(MEDIAN) is None
    second = publish(connection, city, city_file, tmp_path, early + timedelta(hours=2))
    assert second != first
    assert open_current(tmp_path / "published").figure(MEDIAN) is not None


def test_where_too_much_would_be_told_what_was_published_stays(
    tmp_path, connection, city, city_file, monkeypatch, caplog
) -> None:
    first = publish(connection, city, city_file, tmp_path, NOW)

    def refuse(*_: object) -> None:
        raise TooMuchIsTold("publish less finely")

    monkeypatch.setattr("metrics.protect.withhold", refuse)
    a_month_later = NOW + timedelta(days=31)
    with pytest.raises(TooMuchIsTold):
        publish(connection, city, city_file, tmp_path, a_month_later)
    with going_on(TooMuchIsTold):
        publish(connection, city, city_file, tmp_path, a_month_later)
    assert caplog.messages == ["publish less finely"]
    assert (tmp_path / "published" / "current").resolve() == first.resolve()


def test_a_corrected_delivery_is_a_revision_that_stays_on_record(
    tmp_path, connection, city, city_file
):
    deliver(connection, "one", visits())
    publish(connection, city, city_file, tmp_path, NOW)
    replace(connection, "one", NOW)
    deliver(connection, "two", visits(extra=3.0), received_at=NOW)
    later = NOW + timedelta(hours=1)
    publish(connection, city, city_file, tmp_path, later)
    found = open_current(tmp_path / "published").frames["revisions"]
    median = found.filter(pl.col("figure_id") == MEDIAN).row(0, named=True)
    assert median == {
        "figure_id": MEDIAN,
        "old": 13.0,
        "new": 16.0,
        "old_state": "final",
        "new_state": "final",
        "at": later,
        "cause": "correction",
    }
    # What did not change is not on the list: as many came as before.
    assert "waiting.visits/amt/all/all/quarter/2026-Q3" not in set(found["figure_id"])
    replace(connection, "two", later)
    deliver(connection, "three", visits(extra=4.0), received_at=later)
    publish(connection, city, city_file, tmp_path, later + timedelta(hours=1))
    both = open_current(tmp_path / "published").frames["revisions"]
    of_median = both.filter(pl.col("figure_id") == MEDIAN)
    assert of_median.select("old", "new").rows() == [(13.0, 16.0), (16.0, 17.0)]


def test_a_snapshot_that_lost_a_file_is_written_again(
    tmp_path, connection, city, city_file
):
    deliver(connection, "one", visits())
    broken = publish(connection, city, city_file, tmp_path, NOW)
    whole = contents(broken)
    (broken / "figures.parquet").unlink()
    later = NOW + timedelta(hours=1)
    mended = publish(connection, city, city_file, tmp_path, later)
    assert mended != broken
    assert (mended / "figures.parquet").read_bytes() == whole["figures.parquet"]
    assert open_current(tmp_path / "published").id == mended.name


@pytest.mark.parametrize("lost", ["current", "figures.parquet"])
def test_the_record_of_revisions_outlives_what_was_lost_of_the_last_snapshot(
    lost, tmp_path, connection, city, city_file
):
    deliver(connection, "one", visits())
    publish(connection, city, city_file, tmp_path, NOW)
    before = "one"
    for hour, (name, extra) in enumerate((("two", 3.0), ("three", 4.0)), 1):
        when = NOW + timedelta(hours=hour)
        replace(connection, before, when)
        deliver(connection, name, visits(extra=extra), received_at=when)
        last = publish(connection, city, city_file, tmp_path, when)
        before = name
    (last.parent / lost if lost == "current" else last / lost).unlink()
    publish(connection, city, city_file, tmp_path, NOW + timedelta(hours=3))
    found = open_current(tmp_path / "published").frames["revisions"]
    of_median = found.filter(pl.col("figure_id") == MEDIAN)
    assert of_median.select("old", "new").rows() == [(13.0, 16.0), (16.0, 17.0)]


# Causes of revisions, worked out one by one ---------------------------------------


def figure(value: float | None, state: str = "final", coverage: float = 1.0):
    return {
        "figure_id": MEDIAN,
        "kpi": "waiting.median_minutes",
        "office": "amt",
        "grain": "quarter",
        "period_start": date(2026, 7, 1),
        "period_end": date(2026, 9, 30),
        "value": value,
        "state": state,
        "coverage": coverage,
    }


def delivery(
    name: str, table: str = "tickets", covers_from: str | None = "2026-07-01T00:00:00Z"
):
    return {
        "delivery_id": name,
        "source": "aufrufe",
        "table": table,
        "covers_from": covers_from,
    }


ENTRY = {"formula": "x", "kind": "quantile", "unit": "minutes", "tables": ["tickets"]}


def revised(
    tmp_path: Path,
    old: dict[str, Any] | None,
    new: dict[str, Any] | None,
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    entry: dict[str, Any] = ENTRY,
) -> list[dict[str, Any]]:
    path = write_snapshot(
        tmp_path,
        NOW,
        figures=pl.DataFrame([old] if old else [], schema=FIGURES),
        catalogue={"waiting.median_minutes": ENTRY},
        manifest={"deliveries": before},
    )
    return revisions(
        Snapshot.read(path),
        pl.DataFrame([new] if new else [], schema=FIGURES),
        catalogue={"waiting.median_minutes": entry},
        deliveries=after,
        timezone=BERLIN,
        now=NOW,
    ).to_dicts()


A, B = delivery("a"), delivery("b")
AFTERWARDS = delivery("b", covers_from="2026-10-01T00:00:00Z")
OTHER_TABLE = delivery("b", table="cases")


@pytest.mark.parametrize(
    ("after", "coverage", "entry", "cause"),
    [
        ([A, B], 1.0, ENTRY, "late_data"),
        ([B], 1.0, ENTRY, "correction"),
        ([B], 1.2, ENTRY, "late_data"),  # the replacement tells of more days
        ([delivery("b", covers_from=None)], 1.0, ENTRY, "correction"),
        ([A], 1.0, ENTRY, "method_change"),
        ([A, AFTERWARDS], 1.0, ENTRY, "method_change"),
        ([A, OTHER_TABLE], 1.0, ENTRY, "method_change"),
        ([B], 1.0, ENTRY | {"formula": "y"}, "method_change"),
    ],
)
def test_the_cause_of_a_revision_is_what_was_delivered_in_between(
    tmp_path, after, coverage, entry, cause
):
    new = figure(15.0, coverage=coverage)
    (found,) = revised(tmp_path, figure(14.0), new, [A], after, entry)
    assert (found["old"], found["new"], found["cause"]) == (14.0, 15.0, cause)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (figure(14.0), figure(14.0), None),
        (figure(14.0), figure(14.0, "provisional"), None),
        (figure(None, "no_data"), figure(14.0), None),  # a gap that is filled
        (None, figure(14.0), None),
        (figure(None, "hidden"), figure(14.0), (None, 14.0, "final")),
        (figure(14.0), figure(None, "hidden"), (14.0, None, "hidden")),
        (figure(14.0), figure(None, "no_data"), (14.0, None, "no_data")),
        (figure(14.0), None, (14.0, None, "withdrawn")),
        (figure(None, "hidden"), None, None),
    ],
)
def test_a_revision_is_a_published_value_that_changed(tmp_path, old, new, said):
    found = revised(tmp_path, old, new, [A], [A, B])
    if said is None:
        assert found == []
    else:
        (row,) = found
        assert (row["old"], row["new"], row["new_state"]) == said


# Live queues, and deliveries by the thousand ---------------------------------------


def look(connection: duckdb.DuckDBPyConnection, name: str, when: datetime, **more: Any):
    row = {
        "office": "amt",
        "observed_at": when,
        "waiting": 13,
        "wait_minutes": 17.0,
        "state": "open",
        **more,
    }
    deliver(
        connection,
        name,
        [row],
        source="live",
        table_name="queue_samples",
        covers_from=when,
        covers_to=when + timedelta(microseconds=1),
        received_at=when,
    )


def test_live_queues_are_published_from_the_newest_look(tmp_path, connection, city):
    now = at(date(2026, 10, 5), 10)
    look(connection, "l1", now - timedelta(minutes=6), waiting=99)
    look(connection, "l2", now - timedelta(minutes=1))
    publish_live(connection, city, tmp_path, now)
    live = read_live(tmp_path)
    assert live is not None
    found = live.of("amt")
    assert found is not None
    assert (found.state, found.wait_minutes, found.waiting) == ("open", 15, 15)
    assert found.is_stale is False
    # Older than the ten minutes that the source promises.
    publish_live(connection, city, tmp_path, now + timedelta(minutes=10))
    older = read_live(tmp_path)
    assert older is not None
    assert older.queues[0].is_stale is True


def test_publishing_live_queues_tells_now_and_then_how_fresh_sources_are(
    tmp_path, connection, city, city_file
):
    deliver(connection, "one", visits())
    publish(connection, city, city_file, tmp_path, NOW)
    published = tmp_path / "published"
    publish_live(connection, city, published, NOW + timedelta(minutes=1))
    assert open_current(published).checked_at == NOW
    soon = NOW + timedelta(minutes=5)
    publish_live(connection, city, published, soon)
    assert open_current(published).checked_at == soon


def test_the_many_deliveries_of_a_feed_are_listed_by_month(
    tmp_path, connection, city, monkeypatch
):
    monkeypatch.setattr(provenance, "LISTED_ONE_BY_ONE", 3)
    deliver(connection, "one", visits())
    first = datetime(2026, 9, 29, 10, tzinfo=UTC)
    for number in range(4):
        look(connection, f"l{number}", first + timedelta(days=number))
    used = provenance.deliveries_used(connection)
    assert [each["delivery_id"] for each in used] == [
        "one",
        "live/2026-09",
        "live/2026-10",
    ]
    september = used[1]
    assert (september["deliveries"], september["rows_loaded"]) == (2, 2)
    assert september["covers_from"] == "2026-09-29T10:00:00Z"
    both = sorted(hashlib.sha256(name).hexdigest() for name in (b"l0", b"l1"))
    combined = hashlib.sha256("\n".join(both).encode()).hexdigest()
    assert september["content_sha256"] == combined
