"""Opening hours as pages need them."""

from datetime import time

import pytest

from dashboard.opening import open_part
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
