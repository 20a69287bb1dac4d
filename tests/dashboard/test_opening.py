"""Opening hours as pages need them."""

from datetime import time
from zoneinfo import ZoneInfo

import pytest

from dashboard.blocks.when_to_go import hour_row
from dashboard.i18n import Words
from dashboard.opening import open_part, open_parts
from ingest.city import Office

# Open on Mondays from 8:30 to 12:30 and from 14 to 16, on Tuesdays till midnight.
OFFICE = Office.model_validate(
    {
        "id": "meldeamt",
        "name": {"de": "Meldeamt", "en": "Registration"},
        "hours": {
            "mon": [
                {"opens": "14:00", "closes": "16:00"},
                {"opens": "08:30", "closes": "12:30"},
            ],
            "tue": [{"opens": "22:00", "closes": "23:59"}],
        },
    }
)


@pytest.mark.parametrize(
    ("weekday", "hours", "expected"),
    [
        (1, (8, 9), (time(8, 30), time(9))),
        (1, (8, 13), (time(8, 30), time(12, 30))),
        (1, (10, 11), (time(10), time(11))),
        (1, (12, 13), (time(12), time(12, 30))),
        (1, (14, 15), (time(14), time(15))),
        (2, (23, 24), (time(23), time(23, 59))),
        (3, (8, 9), (time(8), time(9))),  # nothing is known of this day
    ],
)
def test_clock_hours_are_cut_to_when_the_office_is_open(weekday, hours, expected):
    assert open_part(OFFICE, weekday, *hours) == expected


@pytest.mark.parametrize(
    ("weekdays", "hour", "german", "english"),
    [
        ((1,), 8, "8:30–9", "08:30–09"),
        ((1, 2), 12, "12–12:30", "12–12:30"),  # on Tuesdays it is closed at noon
        ((1,), 10, "10–11", "10–11"),
        ((2,), 23, "23–23:59", "23–23:59"),
        ((3,), 23, "23–0", "23–00"),  # nothing is known of this day
    ],
)
def test_a_row_of_the_week_names_when_the_office_is_open(
    weekdays, hour, german, english
):
    parts = open_parts(OFFICE, weekdays, hour)
    zone = ZoneInfo("Europe/Berlin")
    assert hour_row(Words("de", zone), parts) == german
    assert hour_row(Words("en", zone), parts) == english


def test_a_row_holds_what_is_open_on_any_day():
    hours = {"mon": [{"opens": "07:30", "closes": "12:00"}],
             "tue": [{"opens": "07:00", "closes": "12:00"}]}  # fmt: skip
    office = Office.model_validate(
        {"id": "amt", "name": {"de": "Amt", "en": "Office"}, "hours": hours}
    )
    parts = open_parts(office, (1, 2), 7)
    assert len(parts) == 2
    assert hour_row(Words("de", ZoneInfo("Europe/Berlin")), parts) == "7–8"
