"""The trade office: too small for a case system, it counts by hand, month by month."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from typing import NamedTuple

import xlsxwriter

from data.simulator.case_rows import EPOCH
from data.simulator.deliveries import month_end
from data.simulator.draws import Stream, generator

BEGINS = date(2024, 1, 1)
_PLACE = 18  # in the seeds; never reused
_COLUMNS = (
    "Leistung", "Von", "Bis vor", "Eingegangen", "Erledigt", "Offen am Monatsende",
)  # fmt: skip
_EXCEL_EPOCH = date(1899, 12, 30)


@dataclass(frozen=True)
class Business:
    words: str
    per_month: float
    open_at_first: int
    months: tuple[float, ...] = (1.0,) * 12


BUSINESSES = (
    Business(
        "Gewerbe anmelden", 262, 61,
        (1.3, 1.05, 1.05, 1.0, 0.98, 0.95, 0.92, 0.9, 1.0, 1.0, 0.95, 0.9),
    ),
    Business(
        "Gewerbe abmelden", 221, 44,
        (1.25, 1.0, 1.05, 0.95, 0.92, 0.95, 0.9, 0.9, 0.95, 0.98, 1.0, 1.15),
    ),
    Business("Gaststättenerlaubnis", 13, 34),
)  # fmt: skip
# In these months a count was forgotten, or corrected without a word.
_FORGOTTEN = (date(2025, 8, 1), "Gaststättenerlaubnis")
_CORRECTED = (date(2026, 5, 1), "Gewerbe abmelden", 6)


class Sums(NamedTuple):
    received: int
    decided: int
    open_at_end: int | None  # None: forgotten


def sums(seed: int, business: Business, month: date) -> Sums:
    """Return a month's sums; they follow from those of all months before."""
    open_cases = business.open_at_first
    for each in _months(month):
        random = generator(seed, Stream.TRADE, _PLACE + len(business.words), each)
        usual = business.per_month * business.months[each.month - 1]
        received = int(random.poisson(usual))
        # Whoever has much to do gets more done; in summer there are fewer.
        pace = 0.84 if each.month in (7, 8) else 1.0
        target = pace * (usual + 0.3 * (open_cases - business.open_at_first))
        decided = min(open_cases + received, int(random.poisson(max(0.0, target))))
        open_cases += received - decided
        if _CORRECTED[:2] == (each, business.words):
            open_cases -= _CORRECTED[2]
    is_forgotten = (month, business.words) == _FORGOTTEN
    return Sums(received, decided, None if is_forgotten else open_cases)


def workbook(seed: int, month: date) -> bytes:
    """Return the table that the office fills in for a month."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    # Else the file would carry the moment of its making, and never be the same twice.
    book.set_properties({"title": "Monatszahlen", "created": EPOCH.replace(year=2024)})
    bold, day = (
        book.add_format({"bold": True}),
        book.add_format({"num_format": "dd.mm.yyyy"}),
    )
    sheet = book.add_worksheet("Monatszahlen")
    sheet.write_string(0, 0, f"Gewerbeamt, Monatszahlen {month:%m/%Y}", bold)
    sheet.write_row(2, 0, _COLUMNS, bold)
    total = [0, 0]
    for row, business in enumerate(BUSINESSES, start=3):
        told = sums(seed, business, month)
        sheet.write_string(row, 0, business.words)
        for column, at in ((1, month), (2, month_end(month) + timedelta(days=1))):
            sheet.write_number(row, column, (at - _EXCEL_EPOCH).days, day)
        sheet.write_number(row, 3, told.received)
        sheet.write_number(row, 4, told.decided)
        if told.open_at_end is None:
            sheet.write_string(row, 5, "-")
        else:
            sheet.write_number(row, 5, told.open_at_end)
        total = [total[0] + told.received, total[1] + told.decided]
    last = 3 + len(BUSINESSES)
    sheet.write_string(last, 0, "Summe", bold)
    sheet.write_row(last, 3, total, bold)
    sheet.set_column(0, len(_COLUMNS) - 1, 20)
    book.close()
    return buffer.getvalue()


def _months(last: date) -> Iterator[date]:
    month = BEGINS
    while month <= last:
        yield month
        month = month_end(month) + timedelta(days=1)
