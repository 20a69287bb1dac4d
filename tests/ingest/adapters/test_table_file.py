# ruff: noqa: DTZ001 - what a source writes has no zone
import io
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from ingest.adapters import table_file
from ingest.adapters.base import Loaded, Seen
from ingest.errors import DeliveryRefused, SourceChanged, SourceUnavailable
from ingest.http import Session

HOURS = {
    "table": "queue_hours",
    "columns": {
        "office": {"value": "ema"},
        "hour_at": {"column": "Stunde"},
        "customers": {"column": "Kunden"},
    },
}
CSV = b"Stunde;Kunden\n2026-03-14 10:00;5\n"


def parquet(**columns):
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    return buffer.getvalue()


def names(downloads):
    return [download.name for download in downloads]


def test_parquet_columns_keep_what_their_types_say(table_source, read):
    utc = pl.Series([datetime(2026, 3, 14, 9, tzinfo=UTC)] * 2)
    source = table_source(
        {
            "table": "queue_hours",
            "ignored_columns": ["Name"],
            "columns": {
                "office": {"column": "Amt", "values": {"1": "ema"}},
                "hour_at": {"column": "Stunde"},
                "customers": {"column": "Kunden"},
                "mean_wait_minutes": {"column": "Wartezeit"},
            },
        }
    )
    content = parquet(
        Amt=[1, 2], Stunde=utc, Kunden=[5, None], Wartezeit=[1.5, 2.0], Name=["M", "Ö"]
    )
    parsed = read(source, content, "h.parquet")
    assert parsed.rows.rows() == [
        (2, "ema", datetime(2026, 3, 14, 9, tzinfo=UTC), 5, 1.5)
    ]
    assert parsed.refused["reason"].to_list() == ["unknown_category"]
    assert "Ö" not in parsed.refused["row_json"][0]


def test_local_times_in_parquet_are_those_of_the_city(table_source, read):
    content = parquet(Stunde=[datetime(2026, 7, 1, 10)], Kunden=[1])
    rows = read(table_source(HOURS), content, "h.parquet").rows
    assert rows["hour_at"].to_list() == [datetime(2026, 7, 1, 8, tzinfo=UTC)]


def test_half_a_parquet_file_is_refused(table_source, read):
    whole = parquet(Stunde=[datetime(2026, 7, 1, 10)], Kunden=[1])
    with pytest.raises(DeliveryRefused, match="no complete Parquet file"):
        read(table_source(HOURS), whole[:-7], "h.parquet")


def test_an_unknown_ending_needs_a_file_format(table_source, read):
    with pytest.raises(SourceChanged, match="set file_format"):
        read(table_source(HOURS), CSV, "export.dat")
    source = table_source({**HOURS, "file_format": "csv"})
    assert read(source, CSV, "export.dat").rows.height == 1
    assert read(table_source(HOURS), CSV, "https://x.de/a.CSV?b=c.pdf").rows.height == 1


@pytest.mark.parametrize(
    ("covers", "name", "first", "end"),
    [
        ({"by": "rows", "period": "day"}, "a.csv", (2026, 3, 14), (2026, 3, 15)),
        ({"by": "rows", "period": "week"}, "a.csv", (2026, 3, 9), (2026, 3, 16)),
        ({"by": "rows", "period": "month"}, "a.csv", (2026, 3, 1), (2026, 4, 1)),
        ({"by": "rows", "period": "quarter"}, "a.csv", (2026, 1, 1), (2026, 4, 1)),
        ({"by": "rows", "period": "year"}, "a.csv", (2026, 1, 1), (2027, 1, 1)),
        (
            {"by": "file_name", "period": "month", "pattern": r"(?P<from>\d{4}-\d\d)"},
            "export-2026-02.csv", (2026, 2, 1), (2026, 3, 1),
        ),
        (
            {"by": "file_name", "pattern": r"(?P<from>\d{8})-(?P<to>\d{8})"},
            "20260301-20260314.csv", (2026, 3, 1), (2026, 3, 15),
        ),
    ],
)  # fmt: skip
def test_a_delivery_covers_whole_local_periods(
    table_source, read, city, covers, name, first, end
):
    parsed = read(table_source({**HOURS, "covers": covers}), CSV, name)
    assert parsed.covers == tuple(
        datetime(*day, tzinfo=city.timezone).astimezone(UTC) for day in (first, end)
    )


def test_times_that_nobody_believes_do_not_widen_what_is_covered(
    table_source, read, city
):
    strange = CSV + b"2062-03-14 10:00;5\n2012-01-01 10:00;5\n"
    source = table_source(HOURS, checks={"not_before": "2026-01-01"})
    parsed = read(source, strange)
    assert parsed.rows.height == 3  # to refuse rows is for the checks
    assert parsed.covers == tuple(
        datetime(2026, 3, day, tzinfo=city.timezone).astimezone(UTC) for day in (14, 15)
    )


def test_a_delivery_of_everything_covers_everything(table_source, read):
    source = table_source({**HOURS, "covers": {"by": "all"}})
    assert read(source, CSV).covers is None


@pytest.mark.parametrize("name", ["export.csv", "export-2026-13.csv"])
def test_a_file_name_without_its_day_is_refused(table_source, read, name):
    covers = {"by": "file_name", "pattern": r"(?P<from>\d{4}-\d\d)"}
    with pytest.raises(SourceChanged, match=r"covers\.pattern"):
        read(table_source({**HOURS, "covers": covers}), CSV, name)


def test_looks_of_a_closed_office_have_no_wait(table_source, read):
    source = table_source(
        {
            "table": "queue_samples",
            "columns": {
                "office": {"column": "Amt"},
                "observed_at": {"column": "Zeit"},
                "waiting": {"column": "Wartende"},
                "state": {
                    "column": "Status",
                    "values": {"0": "closed"},
                    "missing": ["1"],
                },
            },
        }
    )
    # A Monday; the office ema opens from 8 to 16, of kfz nothing is known.
    content = (
        "Amt;Zeit;Wartende;Status\n"
        "ema;2026-03-16 07:59;3;1\nema;2026-03-16 08:00;3;1\nema;2026-03-16 15:59;3;\n"
        "ema;2026-03-16 16:00;3;1\nema;2026-03-16 10:00;3;0\nkfz;2026-03-16 10:00;3;1\n"
        "ema;2026-03-15 10:00;3;1\n"
    )
    rows = read(source, content.encode()).rows
    assert rows.select("state", "waiting").rows() == [
        ("closed", None), ("open", 3), ("open", 3),
        ("closed", None), ("closed", None), ("unknown", 3),
        ("closed", None),
    ]  # fmt: skip


def test_a_folder_gives_its_files_by_name_but_none_that_is_not_finished(
    table_source, city, now, tmp_path
):
    folder = tmp_path / "eingang"
    folder.mkdir()
    for name in (
        "b.csv",
        "a.csv",
        "c.csv.part",
        ".d.csv",
        "~$e.csv",
        "f.xlsx",
        "g.tmp",
    ):
        (folder / name).write_bytes(CSV)
    (folder / "h.csv").mkdir()
    found = table_file.downloads(
        table_source(HOURS, pattern="*.csv*"), city, None, Seen(), now, tmp_path
    )
    assert names(found) == ["a.csv", "b.csv"]


def test_a_folder_that_does_not_exist_is_said_to_be_missing(
    table_source, city, now, tmp_path
):
    found = table_file.downloads(table_source(HOURS), city, None, Seen(), now, tmp_path)
    with pytest.raises(SourceUnavailable, match="does not exist"):
        next(found)


def test_files_handed_in_are_read_in_the_order_given(table_source, city, now, tmp_path):
    files = [tmp_path / "b.csv", tmp_path / "a.csv"]
    for path in files:
        path.write_bytes(CSV)
    source = table_source(HOURS)
    assert names(table_file.handed_in(files, source, city, now)) == ["b.csv", "a.csv"]
    with pytest.raises(SourceUnavailable, match="is no file"):
        list(table_file.handed_in([tmp_path / "c.csv"], source, city, now))


def test_an_address_is_asked_only_for_what_is_new(table_source, city, now, server):
    server.answer = lambda path, parameters: CSV
    server.etag = '"v1"'
    url = f"{server.url}/stunden.csv"
    source = table_source(HOURS, url=url, private_host=True)
    http = Session(source, "test")
    (first,) = table_file.downloads(source, city, http, Seen(), now, None)
    assert (first.content, first.etag, first.is_unchanged) == (CSV, '"v1"', False)
    seen = Seen({first.name: Loaded(now, None, etag=first.etag)})
    (second,) = table_file.downloads(source, city, http, seen, now, None)
    assert second.is_unchanged
    http.close()


@pytest.fixture
def monthly(table_source, server):
    return table_source(
        HOURS,
        url=server.url + "/{year}/stunden-{month}.csv",
        private_host=True,
        periods={"every": "month", "first": date(2026, 9, 1), "settled_after": "20d"},
    )


def test_each_period_is_a_delivery_of_its_own(monthly, city, now, server):
    server.answer = lambda path, parameters: CSV
    http = Session(monthly, "test")
    found = list(table_file.downloads(monthly, city, http, Seen(), now, None))
    assert [path for path, *_ in server.asked] == [
        "/2026/stunden-09.csv", "/2026/stunden-10.csv", "/2026/stunden-11.csv",
    ]  # fmt: skip
    assert found[1].covers == (
        datetime(2026, 9, 30, 22, tzinfo=UTC),
        datetime(2026, 10, 31, 23, tzinfo=UTC),
    )
    http.close()


def test_a_period_that_has_settled_is_not_asked_for_again(monthly, city, now, server):
    server.answer = lambda path, parameters: CSV
    http = Session(monthly, "test")
    found = list(table_file.downloads(monthly, city, http, Seen(), now, None))
    september, october, _ = found
    late = september.covers[1] + timedelta(days=21)
    early = october.covers[1] + timedelta(days=3)
    seen = Seen(
        {
            september.name: Loaded(late, september.covers),
            october.name: Loaded(early, october.covers),
        }
    )
    server.asked.clear()
    list(table_file.downloads(monthly, city, http, seen, now, None))
    assert [path for path, *_ in server.asked] == [
        "/2026/stunden-10.csv", "/2026/stunden-11.csv",
    ]  # fmt: skip
    http.close()


def test_a_period_that_is_not_there_yet_is_no_fault_but_a_missing_one_is(
    monthly, city, now, server
):
    http = Session(monthly, "test")
    server.answer = lambda path, parameters: None if "-11" in path else CSV
    assert len(list(table_file.downloads(monthly, city, http, Seen(), now, None))) == 2
    server.answer = lambda path, parameters: None if "-09" in path else CSV
    found = table_file.downloads(monthly, city, http, Seen(), now, None)
    assert [next(found).name[-6:], next(found).name[-6:]] == ["10.csv", "11.csv"]
    with pytest.raises(SourceUnavailable, match="answers 404"):
        next(found)
    http.close()


def test_weeks_are_named_by_the_year_they_belong_to(table_source, city, server):
    server.answer = lambda path, parameters: CSV
    source = table_source(
        HOURS,
        url=server.url + "/{year}-{week}.csv",
        private_host=True,
        periods={"every": "week", "first": date(2026, 12, 29), "settled_after": "1d"},
    )
    http = Session(source, "test")
    then = datetime(2027, 1, 5, 12, tzinfo=UTC)
    list(table_file.downloads(source, city, http, Seen(), then, None))
    assert [path for path, *_ in server.asked] == ["/2026-53.csv", "/2027-01.csv"]
    http.close()


def test_decimal_numbers_of_parquet_keep_their_size(table_source, read):
    waits = pl.Series(["12.500", "0.250"]).cast(pl.Decimal(10, 3))
    source = table_source(
        {
            **HOURS,
            "columns": {**HOURS["columns"], "mean_wait_minutes": {"column": "Warten"}},
        }
    )
    content = parquet(
        Stunde=[datetime(2026, 7, 1, 10), datetime(2026, 7, 1, 11)],
        Kunden=[1, 2],
        Warten=waits,
    )
    parsed = read(source, content, "h.parquet")
    assert parsed.rows["mean_wait_minutes"].to_list() == [12.5, 0.25]
