"""Words, numbers and dates in the reader's language; German is what the code says.

The msgid of every text is the German text itself. Other languages are catalogues
below locales/, read when they are first needed: there is no build step.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final, Literal

from babel import Locale
from babel.dates import format_date, format_time, get_day_names
from babel.lists import format_list
from babel.numbers import format_decimal

from dashboard.texts import german as german
from dashboard.texts import translations
from dashboard.units import COLUMN_HEADS, UNITS

# British English: day before month and a 24-hour clock, as readers here expect.
_BABEL_LOCALES: Final = {"de": "de_DE", "en": "en_GB"}
_NBSP: Final = "\N{NO-BREAK SPACE}"
_MINUS: Final = "\N{MINUS SIGN}"  # read as minus, and never parted from its number

Case = Literal["nominative", "dative"]
Day = date  # Words has a method of that name


_WEEKDAY_ADVERBS: Final = (
    german("montags"), german("dienstags"), german("mittwochs"), german("donnerstags"),
    german("freitags"), german("samstags"), german("sonntags"),
)  # fmt: skip


class Words:
    """Everything the site says, in one language and one city's local time."""

    def __init__(self, language: str, timezone: tzinfo) -> None:
        self.language = language
        self.timezone = timezone
        self.locale = Locale.parse(_BABEL_LOCALES.get(language, language))
        self._translations = translations(language)

    def __call__(self, text: str, /, **values: object) -> str:
        translated = self._translations.gettext(text)
        return translated.format(**values) if values else translated

    def plural(
        self, one: str, many: str, n: float, /, *, decimals: int = 0, **values: object
    ) -> str:
        """Choose the form for n; `{n}` in it is the formatted number."""
        form = self._translations.ngettext(one, many, _plural_number(n, decimals))
        return form.format(n=self.number(n, decimals), **values)

    def number(self, value: float, decimals: int = 0) -> str:
        # Adding 0 turns a rounded -0.0 into 0.
        said = _decimal(round(value, decimals) + 0, decimals, str(self.locale))
        return said.replace("-", _MINUS)

    def percent(self, value: float, decimals: int = 0) -> str:
        """`value` is 0 to 100."""
        gap = "" if self.language == "en" else _NBSP
        return f"{self.number(value, decimals)}{gap}%"

    def quantity(
        self, value: float, unit: str, decimals: int = 0, *, case: Case = "nominative"
    ) -> str:
        """Say a number with its unit: "14 Minuten"; in the dative "(nach) 3 Tagen"."""
        if unit == "percent":
            return self.percent(value, decimals)
        one, many, dative = UNITS[unit]
        n = _plural_number(value, decimals)
        if case == "dative" and dative != many:
            form = self._translations.npgettext("dative", one, dative, n)
        else:
            form = self._translations.ngettext(one, many, n)
        return form.format(n=self.number(value, decimals))

    def unit(self, unit: str) -> str:
        """Name a unit alone, as in the head of a column or on an axis."""
        return self(COLUMN_HEADS[unit])

    def listing(self, parts: Sequence[str]) -> str:
        return format_list(parts, locale=self.locale)

    def date(self, day: Day) -> str:
        return format_date(
            day, "d. MMMM y" if self._is_german else "d MMMM y", self.locale
        )

    def short_date(self, day: Day) -> str:
        return format_date(
            day, "dd.MM.y" if self._is_german else "d MMM y", self.locale
        )

    def month(self, day: Day) -> str:
        return format_date(day, "MMMM y", self.locale)

    def month_name(self, day: Day) -> str:
        """Name a month below an axis that names the year: "Sep"."""
        return format_date(day, "LLL", self.locale)

    def quarter_name(self, day: Day) -> str:
        return self("{quarter}. Q.", quarter=(day.month + 2) // 3)

    def short_month(self, day: Day) -> str:
        return format_date(day, "LLL y", self.locale)

    def quarter(self, day: Day) -> str:
        quarter = (day.month + 2) // 3
        return self("{quarter}. Quartal {year}", quarter=quarter, year=day.year)

    def week(self, day: Day) -> str:
        year, week, _ = day.isocalendar()
        return self("Kalenderwoche {week}/{year}", week=week, year=year)

    def period(self, grain: str, start: Day) -> str:
        """Name a period: "3. Quartal 2026", "September 2026", "2026"."""
        match grain:
            case "quarter":
                return self.quarter(start)
            case "month":
                return self.month(start)
            case "week":
                return self.week(start)
            case "year":
                return str(start.year)
            case _:
                return self.date(start)

    def in_period(self, grain: str, start: Day) -> str:
        """Begin a sentence: "Im 3. Quartal 2026"."""
        name = self.period(grain, start)
        match grain:
            case "quarter":
                return self("Im {quarter}", quarter=name)
            case "month":
                return self("Im {month}", month=name)
            case "week":
                return self("In {week}", week=name)
            case "year":
                return self("Im Jahr {year}", year=name)
            case _:
                return self("Am {day}", day=name)

    def short_period(self, grain: str, start: Day) -> str:
        """Name a period where there is little room, as on an axis."""
        match grain:
            case "quarter":
                number = (start.month + 2) // 3
                return self("{quarter}. Q. {year}", quarter=number, year=start.year)
            case "month":
                return self.short_month(start)
            case "week":
                _, week, _ = start.isocalendar()
                return self("KW {week}", week=week)
            case "year":
                return str(start.year)
            case _:
                return self.short_date(start)

    def clock(self, moment: datetime | time) -> str:
        """Say a time of day: "8 Uhr", "8:30 Uhr", in the city's time."""
        local = (
            moment.astimezone(self.timezone) if isinstance(moment, datetime) else moment
        )
        if not self._is_german:
            return format_time(local, "HH:mm", locale=self.locale)
        pattern = "H:mm" if local.minute else "H"
        return f"{format_time(local, pattern, locale=self.locale)}{_NBSP}Uhr"

    def hours(self, opens: time, closes: time) -> str:
        """Say a stretch of a day: "8 bis 12:30 Uhr"."""
        if not self._is_german:
            return f"{self.clock(opens)}\N{EN DASH}{self.clock(closes)}"
        first = self.clock(opens).removesuffix(f"{_NBSP}Uhr")
        return f"{first} bis {self.clock(closes)}"

    def short_hours(self, opens: time, closes: time) -> str:
        """Say the same where there is little room: "8–12:30"."""
        hour = "H" if self._is_german else "HH"
        first, last = (
            format_time(each, f"{hour}:mm" if each.minute else hour, locale=self.locale)
            for each in (opens, closes)
        )
        return f"{first}\N{EN DASH}{last}"

    def moment(self, at: datetime) -> str:
        """Say a moment in the city's time: "22. November 2026, 06:00 Uhr"."""
        local = at.astimezone(self.timezone)
        return self(
            "{day}, {time} Uhr", day=self.date(local.date()), time=f"{local:%H:%M}"
        )

    def weekday(self, number: int) -> str:
        """Name the weekday 1 (Monday) to 7."""
        name: str = get_day_names("wide", locale=self.locale)[number - 1]
        return name

    def short_weekday(self, number: int) -> str:
        name: str = get_day_names("abbreviated", locale=self.locale)[number - 1]
        return name.rstrip(".")

    def on_weekdays(self, number: int) -> str:
        """Say "dienstags"."""
        return self(_WEEKDAY_ADVERBS[number - 1])

    def span(self, length: timedelta, *, case: Case = "nominative") -> str:
        """Say a length of time in its largest fitting unit: "36 Stunden", "14 Tage"."""
        minutes = round(length.total_seconds() / 60)
        if minutes < 120:
            return self.quantity(minutes, "minutes", case=case)
        hours = round(minutes / 60)
        if hours < 48 or (hours < 96 and hours % 24):
            return self.quantity(hours, "hours", case=case)
        return self.quantity(round(hours / 24), "days", case=case)

    def ago(self, length: timedelta) -> str:
        """Say how long ago: "vor 5 Minuten"."""
        if length < timedelta(minutes=1):
            return self("vor weniger als einer Minute")
        return self("vor {span}", span=self.span(length, case="dative"))

    @property
    def _is_german(self) -> bool:
        return self.language == "de"


def _plural_number(value: float, decimals: int) -> int:
    """Return what plural rules are asked for: 1,5 takes the plural."""
    shown = round(value, decimals)
    return int(shown) if shown == int(shown) else 2


@lru_cache(maxsize=10_000)  # the same numbers are said again and again
def _decimal(value: float, decimals: int, locale: str) -> str:
    pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
    return format_decimal(value, pattern, locale=locale)
