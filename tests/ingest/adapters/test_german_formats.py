# ruff: noqa: DTZ001 - what a source writes has no zone
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.adapters import german_formats as formats

BERLIN = "Europe/Berlin"


def german(number: float, places: int) -> str:
    """Write a number as German offices do: 1.234.567,80."""
    english = f"{number:,.{places}f}"
    return english.replace(",", "\0").replace(".", ",").replace("\0", ".")


@given(
    st.lists(st.floats(-1e9, 1e9).map(lambda x: round(x, 2)), min_size=1, max_size=20)
)
def test_german_numbers_are_read_as_they_were_written(values):
    texts = pl.Series([german(value, 2) for value in values])
    assert formats.numbers(texts, ",").to_list() == pytest.approx(values)


@given(st.lists(st.integers(-(2**53), 2**53), min_size=1, max_size=20))
def test_whole_numbers_are_read_with_and_without_points(values):
    with_points = pl.Series([german(value, 0) for value in values])
    without = pl.Series([str(value) for value in values])
    assert formats.integers(with_points, ",").to_list() == values
    assert formats.integers(without, ",").to_list() == values


@pytest.mark.parametrize(
    "text",
    ["1.5", "1,5,0", "1.23.4", "12,", ",5", "1e3", "NaN", "inf", "--1", "1 2x", "٣"],
)
def test_a_number_of_another_kind_is_no_german_number(text):
    assert formats.numbers(pl.Series([text]), ",").to_list() == [None]


def test_a_decimal_point_is_read_where_the_source_writes_one():
    texts = pl.Series(["1.5", "1,234.5", "2e3", "1,5"])
    assert formats.numbers(texts, ".").to_list() == [1.5, 1234.5, 2000.0, None]


def test_numbers_may_be_grouped_by_narrow_blanks():
    texts = pl.Series(["12\u202f345,5", "12 345", "1\u00a0000"])
    assert formats.numbers(texts, ",").to_list() == [12345.5, 12345.0, 1000.0]


def test_half_a_person_is_no_whole_number():
    texts = pl.Series(["3,0", "3,5", "99999999999999999999", None])
    assert formats.integers(texts, ",").to_list() == [3, None, None, None]


@given(
    st.lists(
        st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(
            lambda moment: moment.replace(microsecond=0)
        ),
        min_size=1,
        max_size=20,
    )
)
def test_times_are_read_as_they_were_written(moments):
    written = pl.Series([moment.strftime("%d.%m.%Y %H:%M:%S") for moment in moments])
    utc, naive = formats.moments(written, ["%d.%m.%Y %H:%M:%S"], "UTC")
    assert naive.to_list() == moments
    assert utc.to_list() == [moment.replace(tzinfo=UTC) for moment in moments]


def test_several_formats_are_tried_in_their_order():
    texts = pl.Series(["14.03.2026 10:20", "14.03.2026 10:20:30", "2026-03-14"])
    _, naive = formats.moments(
        texts, ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M"], "Europe/Berlin"
    )
    assert naive.to_list() == [
        datetime(2026, 3, 14, 10, 20),
        datetime(2026, 3, 14, 10, 20, 30),
        None,
    ]


def test_iso_times_with_and_without_offset_need_no_format():
    texts = pl.Series(
        ["2026-07-01T10:00:00+02:00", "2026-07-01T08:00:00.5Z", "2026-07-01 10:00"]
    )
    utc, _ = formats.moments(texts, [], BERLIN)
    assert utc.to_list() == [
        datetime(2026, 7, 1, 8, tzinfo=UTC),
        datetime(2026, 7, 1, 8, 0, 0, 500_000, tzinfo=UTC),
        datetime(2026, 7, 1, 8, tzinfo=UTC),
    ]


def test_the_hour_that_comes_twice_and_the_one_that_never_comes_have_no_utc():
    texts = pl.Series(
        ["2026-10-25 02:30", "2026-03-29 02:30", "2026-10-25 01:59", "2026-10-25 03:00"]
    )
    utc, naive = formats.moments(texts, [], BERLIN)
    assert utc.to_list() == [
        None,
        None,
        datetime(2026, 10, 24, 23, 59, tzinfo=UTC),
        datetime(2026, 10, 25, 2, 0, tzinfo=UTC),
    ]
    skipped = formats.skipped_by_clocks(naive, BERLIN)
    assert skipped.to_list() == [False, True, False, False]


def test_every_hour_of_two_years_is_the_one_that_the_clock_showed():
    first = datetime(2025, 1, 1, tzinfo=UTC)
    hours = [first + timedelta(hours=count) for count in range(2 * 365 * 24)]
    shown = pl.Series(hours).dt.convert_time_zone(BERLIN).dt.strftime("%d.%m.%Y %H:%M")
    utc, _ = formats.moments(shown, ["%d.%m.%Y %H:%M"], BERLIN)
    unknown = [hour for hour, read in zip(hours, utc, strict=True) if read is None]
    assert [hour for hour in utc if hour] == [h for h in hours if h not in unknown]
    # 2 o'clock of the night in October, once as summer and once as winter time.
    assert unknown == [
        datetime(2025, 10, 26, 0, tzinfo=UTC),
        datetime(2025, 10, 26, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
    ]


def test_moments_far_from_any_change_of_the_clocks_are_read_by_their_season():
    texts = pl.Series(["2026-01-15 10:00", "2026-07-15 10:00", None])
    winter, summer = (datetime(2026, m, 15, h, tzinfo=UTC) for m, h in ((1, 9), (7, 8)))
    for some in (texts, texts.reverse(), texts.head(1), texts.tail(2), texts.tail(1)):
        utc, _ = formats.moments(some, [], BERLIN)
        expected = {texts[0]: winter, texts[1]: summer}
        assert utc.to_list() == [expected.get(text) for text in some]


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29)),
        ("Europe/Berlin", datetime(2026, 10, 25)),
        ("Europe/Berlin", datetime(1893, 4, 1)),  # by 6 minutes and 32 seconds
        ("Europe/Warsaw", datetime(1915, 8, 4)),  # by 24 minutes, at midnight
        ("Australia/Lord_Howe", datetime(2026, 4, 5)),  # by half an hour
        ("Australia/Lord_Howe", datetime(2026, 10, 4)),
        ("America/Caracas", datetime(2016, 5, 1)),  # at half past two
    ],
)
def test_every_minute_is_read_right_where_clocks_change_within_an_hour(zone, day):
    minutes = [day + timedelta(minutes=count) for count in range(-60, 25 * 60)]
    texts = pl.Series([f"{minute:%Y-%m-%d %H:%M}" for minute in minutes])
    utc, _ = formats.moments(texts, [], zone)
    expected = [shown_once(minute, ZoneInfo(zone)) for minute in minutes]
    assert utc.to_list() == expected
    assert 0 < utc.null_count() < 121
    for start in range(0, len(texts), 60):  # and by itself, without its neighbours
        hour, _ = formats.moments(texts.slice(start, 60), [], zone)
        assert hour.to_list() == expected[start : start + 60]


def shown_once(minute, zone):
    """Return the moment at which a clock shows a minute; None: never, or twice."""
    first, second = (
        minute.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)
    )
    return first if first == second else None


@pytest.mark.parametrize("year", ["-026", "-2026", "0001", "9998", "+12026"])
def test_a_year_that_no_calendar_has_is_not_read(year):
    """Found by damaging a sample: no clock shows it, and no date can hold it."""
    texts = pl.Series([f"{year}-03-02 08:00:00", "2026-03-02 08:00:00", None])
    utc, naive = formats.moments(texts, ("%Y-%m-%d %H:%M:%S",), BERLIN)
    assert utc.to_list() == [None, datetime(2026, 3, 2, 7, tzinfo=UTC), None]
    assert naive.to_list() == [None, datetime(2026, 3, 2, 8), None]
    days = formats.dates(texts, ("%Y-%m-%d %H:%M:%S",), "Europe/Berlin")
    assert days.to_list() == [None, date(2026, 3, 2), None]


def test_year_week_weekday_and_hour_make_a_time():
    texts = pl.Series(["2015 53 7 9", "2014 33 1 13"])
    _, naive = formats.moments(texts, ["%G %V %u %H"], BERLIN)
    assert naive.to_list() == [datetime(2016, 1, 3, 9), datetime(2014, 8, 11, 13)]


@given(st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)))
def test_serial_days_of_spreadsheets_are_read_to_the_second(moment):
    moment = moment.replace(microsecond=0)
    serial = (moment - datetime(1899, 12, 30)) / timedelta(days=1)
    texts = pl.Series([f"{serial:.10f}".replace(".", ",")])
    _, naive = formats.moments(texts, [formats.SERIAL], "UTC")
    assert naive.to_list() == [moment]


@given(st.lists(st.integers(0, 999 * 60 + 59), min_size=1, max_size=20))
def test_durations_are_read_as_they_were_written(units):
    texts = pl.Series([f"{unit // 60:02}:{unit % 60:02}" for unit in units])
    as_seconds = formats.durations(texts, "mm:ss", "seconds").to_list()
    as_minutes = formats.durations(texts, "hh:mm", "minutes").to_list()
    assert as_seconds == units
    assert as_minutes == units


@pytest.mark.parametrize("text", ["12:60", "5", "1:2:3", "-1:00", "1:99:00", "abc", ""])
def test_what_no_clock_shows_is_no_duration(text):
    assert formats.durations(pl.Series([text]), "mm:ss", "minutes").to_list() == [None]


def test_durations_in_words_are_read_in_the_languages_of_the_feeds():
    texts = pl.Series(
        ["1 Stunde 5 Minuten", "12 minuten", "2 Std.", "45 min", "1 h 5 min", "viel"]
    )
    minutes = formats.durations(texts, "words", "minutes").to_list()
    assert minutes == [65.0, 12.0, 120.0, 45.0, 65.0, None]


@pytest.mark.parametrize(
    "text",
    [
        "10-15 Minuten", "10 bis 15 min", "über 60 Minuten", "unter 5 Minuten",
        "-5 Minuten", "2 Tage 3 Stunden", "5 Minuten 30 Sekunden", "1 h 30", "ca. ",
        "1.200 Minuten", "1,200 min",
    ],
)  # fmt: skip
def test_words_that_say_more_than_one_duration_are_none(text):
    assert formats.durations(pl.Series([text]), "words", "minutes").to_list() == [None]


def test_half_hours_and_estimates_in_words_are_durations():
    texts = pl.Series(
        ["1,5 Stunden", "0.5 h", "ca. 20 Min.", "1 Stunde und 5 Minuten", "1h, 5min"]
    )
    minutes = formats.durations(texts, "words", "minutes").to_list()
    assert minutes == [90.0, 30.0, 20.0, 65.0, 65.0]


@pytest.mark.parametrize("text", ["12 34", "3 5", "1 2345", "0 500 1"])
def test_two_numbers_in_one_cell_are_not_one(text):
    for decimal in (",", "."):
        assert formats.numbers(pl.Series([text]), decimal).to_list() == [None]


def test_the_day_of_a_moment_with_an_offset_is_the_one_of_the_place():
    texts = pl.Series(["2026-05-01T00:30:00+02:00", "2026-04-30T22:30:00Z"])
    form = "%Y-%m-%dT%H:%M:%S%#z"
    found = formats.dates(texts, (form,), "Europe/Berlin")
    assert found.to_list() == [date(2026, 5, 1)] * 2
