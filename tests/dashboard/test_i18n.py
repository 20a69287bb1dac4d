"""Words, numbers and dates in both languages."""

import ast
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from dashboard.i18n import Words
from dashboard.texts import LOCALES
from dashboard.units import UNITS

DASHBOARD = Path(__file__).parents[2] / "dashboard"
BERLIN = ZoneInfo("Europe/Berlin")
GERMAN, ENGLISH = Words("de", BERLIN), Words("en", BERLIN)


def texts_in_code() -> set[tuple[str | None, str, str | None]]:
    """Find (context, text, plural) wherever the dashboard says something."""
    found: set[tuple[str | None, str, str | None]] = set()
    for path in DASHBOARD.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found |= said_by(node, path)
    for one, many, dative in UNITS.values():
        found.add((None, one, many))
        if dative != many:
            found.add(("dative", one, dative))
    return found


def said_by(call: ast.Call, path: Path) -> set[tuple[str | None, str, str | None]]:
    function = call.func
    name = getattr(function, "id", None) or getattr(function, "attr", "")
    texts = [
        argument.value
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    if not texts:
        return set()
    if name in {"words", "_words", "german"} or (
        name == "self" and path.stem == "i18n"
    ):
        return {(None, texts[0], None)}
    if name == "plural":
        return {(None, texts[0], texts[1])}
    return set()


def catalogue(language: str) -> dict[tuple[str | None, str, str | None], list[str]]:
    path = LOCALES / language / "LC_MESSAGES" / "amtspuls.po"
    with path.open("rb") as file:
        messages = read_po(file, locale=language, abort_invalid=True)
    known = {}
    for message in messages:
        if not message.id:
            continue
        one, many = message.id if isinstance(message.id, tuple) else (message.id, None)
        said = message.string if isinstance(message.string, tuple) else [message.string]
        known[message.context, one, many] = list(said)
    return known


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_text_is_translated_and_no_translation_is_left_over():
    used, known = texts_in_code(), catalogue("en")
    assert len(used) > 300
    assert used - known.keys() == set()
    assert known.keys() - used == set()


def test_translations_are_not_empty_and_use_the_same_placeholders():
    for (_, one, many), said in catalogue("en").items():
        assert all(said), one
        for text in said:
            assert fields(text) == fields(many or one), one


def test_no_translation_is_still_german():
    leftovers = re.compile(r"\b(der|die|das|und|nicht|ist|sind|Amt|Ämter|Uhr|für)\b")
    german = [
        text
        for said in catalogue("en").values()
        for text in said
        if leftovers.search(text)
    ]
    assert german == []


@pytest.mark.parametrize(
    ("value", "unit", "german", "english"),
    [
        (14, "minutes", "14 Minuten", "14 minutes"),
        (1, "minutes", "1 Minute", "1 minute"),
        (1, "days", "1 Tag", "1 day"),
        (0, "days", "0 Tage", "0 days"),
        (1284, "visits", "1.284 Besuche", "1,284 visits"),
        (83, "percent", "83\N{NO-BREAK SPACE}%", "83%"),
        (23, "working_days", "23 Arbeitstage", "23 working days"),
    ],
)
def test_a_number_comes_with_its_unit(value, unit, german, english):
    assert GERMAN.quantity(value, unit) == german
    assert ENGLISH.quantity(value, unit) == english


def test_decimals_follow_the_language_and_take_the_plural():
    assert GERMAN.quantity(1.5, "minutes", 1) == "1,5 Minuten"
    assert ENGLISH.quantity(1.5, "minutes", 1) == "1.5 minutes"
    assert GERMAN.quantity(1.04, "minutes", 1) == "1,0 Minute"


def test_days_after_a_preposition_take_the_dative():
    assert GERMAN.quantity(3, "days", case="dative") == "3 Tagen"
    assert GERMAN.quantity(1, "days", case="dative") == "1 Tag"
    assert ENGLISH.quantity(3, "days", case="dative") == "3 days"
    assert GERMAN.quantity(3, "minutes", case="dative") == "3 Minuten"


def test_a_number_rounded_to_nothing_has_no_minus():
    assert GERMAN.number(-0.3) == "0"


@given(
    value=st.floats(min_value=0, max_value=10**7, allow_nan=False),
    unit=st.sampled_from([*UNITS, "percent"]),
    decimals=st.integers(min_value=0, max_value=2),
    language=st.sampled_from(["de", "en"]),
)
def test_a_quantity_is_never_a_bare_number(value, unit, decimals, language):
    said = Words(language, BERLIN).quantity(value, unit, decimals)
    number = Words(language, BERLIN).number(value, decimals)
    assert said.startswith(number)
    assert said.removeprefix(number).strip()


def test_periods_are_named_in_full():
    start = date(2026, 7, 1)
    assert GERMAN.period("quarter", start) == "3. Quartal 2026"
    assert ENGLISH.period("quarter", start) == "Q3 2026"
    assert GERMAN.in_period("quarter", start) == "Im 3. Quartal 2026"
    assert GERMAN.in_period("month", start) == "Im Juli 2026"
    assert ENGLISH.in_period("month", start) == "In July 2026"
    assert GERMAN.in_period("year", start) == "Im Jahr 2026"
    assert GERMAN.in_period("day", start) == "Am 1. Juli 2026"


def test_a_week_has_the_year_of_its_thursday():
    assert GERMAN.period("week", date(2024, 12, 30)) == "Kalenderwoche 1/2025"
    assert ENGLISH.period("week", date(2026, 12, 28)) == "week 53 of 2026"


def test_a_moment_is_told_in_the_citys_time_before_and_after_the_clocks_change():
    winter = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
    summer = datetime(2026, 7, 22, 5, 0, tzinfo=UTC)
    assert GERMAN.moment(winter) == "22. November 2026, 06:00 Uhr"
    assert GERMAN.moment(summer) == "22. Juli 2026, 07:00 Uhr"
    assert ENGLISH.moment(winter) == "22 November 2026, 06:00"
    elsewhere = Words("de", ZoneInfo("America/New_York"))
    assert elsewhere.moment(winter) == "22. November 2026, 00:00 Uhr"


def test_clock_times_read_as_they_are_spoken():
    assert GERMAN.clock(time(8)) == "8\N{NO-BREAK SPACE}Uhr"
    assert GERMAN.clock(time(8, 30)) == "8:30\N{NO-BREAK SPACE}Uhr"
    assert ENGLISH.clock(time(8)) == "08:00"
    assert GERMAN.hours(time(8), time(12, 30)) == "8 bis 12:30\N{NO-BREAK SPACE}Uhr"
    assert ENGLISH.hours(time(8), time(12, 30)) == "08:00\N{EN DASH}12:30"


@pytest.mark.parametrize(
    ("length", "german"),
    [
        (timedelta(minutes=5), "vor 5 Minuten"),
        (timedelta(seconds=20), "vor weniger als einer Minute"),
        (timedelta(minutes=119), "vor 119 Minuten"),
        (timedelta(hours=36), "vor 36 Stunden"),
        (timedelta(days=3), "vor 3 Tagen"),
        (timedelta(days=2), "vor 2 Tagen"),
    ],
)
def test_ages_are_told_in_their_largest_fitting_unit(length, german):
    assert GERMAN.ago(length) == german


def test_lists_and_weekdays():
    assert GERMAN.listing(["a", "b", "c"]) == "a, b und c"
    assert ENGLISH.listing(["a", "b"]) == "a and b"
    assert GERMAN.on_weekdays(2) == "dienstags"
    assert ENGLISH.on_weekdays(2) == "on Tuesdays"
    assert GERMAN.weekday(7) == "Sonntag"
    assert GERMAN.short_weekday(1) == "Mo"


def test_an_unknown_text_stays_german():
    assert ENGLISH("Diesen Satz übersetzt niemand.") == "Diesen Satz übersetzt niemand."
