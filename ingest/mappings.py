"""What a mapping says: which of a source's fields become which columns of a table."""

import re
from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

_SPAN = re.compile(r"(?P<count>\d+)\s*(?P<unit>s|min|h|d|w)")
_SPAN_UNITS = {
    "s": "seconds",
    "min": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
}


def parse_span(value: object) -> object:
    """Read a duration like "90s", "5min", "36h", "14d" or "2w"."""
    if not isinstance(value, str):
        return value
    match = _SPAN.fullmatch(value.strip())
    if match is None:
        message = 'expected a duration such as "5min", "36h" or "14d"'
        raise ValueError(message)
    return timedelta(**{_SPAN_UNITS[match["unit"]]: int(match["count"])})


Span = Annotated[timedelta, BeforeValidator(parse_span)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]


def _one_sign(text: str) -> str:
    if len(text.encode()) != 1 or text in '"\r\n':
        message = "expected a single sign, such as ; or a tab"
        raise ValueError(message)
    return text


# A tab is a blank, too, and must not be stripped.
Delimiter = Annotated[
    str, StringConstraints(strip_whitespace=False), AfterValidator(_one_sign)
]
Table = Literal[
    "tickets", "queue_hours", "wait_bands", "queue_samples", "slots", "slot_offers",
    "cases", "case_pauses", "case_counts", "contacts", "ratings", "online_services",
    "parking",
]  # fmt: skip


Offices = frozenset[str] | None  # None: nothing says beforehand which ones


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Column(Model):
    """How one column of a table is filled: from the delivery, or with a fixed value."""

    column: str | tuple[str, ...] | None = None  # several are joined with a space
    value: str | int | float | bool | None = None
    # The words of the source -> ours; where texts are due, every word must be here.
    values: dict[str, str | None] | None = None
    missing: tuple[str, ...] = ()  # more words that mean "not known" in this column
    # strptime for times, the first that fits; "mm:ss", "hh:mm" or "words" for durations
    format: str | tuple[str, ...] | None = None
    plus: dict[str, int] = {}  # added before joining, e.g. 1 where Monday is 0
    timezone: str | None = None  # of naive times; default: the city's
    scale: float | None = None  # multiply, e.g. 1/60 for seconds to minutes
    key: bool = False  # a ticket or case number: stored as a keyed hash only

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.column is None) == (self.value is None):
            message = 'give either "column" or "value"'
            raise ValueError(message)
        return self


def words_of(column: Column | None) -> frozenset[str] | None:
    """Name the words of ours that a column can say."""
    if column is None:
        return None
    if column.value is not None:
        return frozenset({str(column.value)})
    if column.values is None:
        return None
    return frozenset(word for word in column.values.values() if word is not None)


class Covers(Model):
    """Which span a delivery replaces: all, or the whole periods of its rows."""

    by: Literal["all", "rows", "file_name"] = "rows"
    period: Literal["day", "week", "month", "quarter", "year"] = "day"
    timezone: str | None = None  # of these days; default: the city's
    pattern: str | None = None  # file_name: regular expression with groups from and to


class Calls(Model):
    """How single calls become counts per interval, before anything is stored.

    A call counts in the interval in which it came, whenever it ended.
    """

    interval_minutes: Literal[5, 10, 15, 20, 30, 60] = 15
    target_seconds: float = Field(ge=0)  # answered within: counts as in target
    # Given up earlier than this is no contact: hung up before there was a queue.
    abandoned_from_seconds: float = Field(default=0, ge=0)


class TableMapping(Model):
    """A table with a header: CSV, XLSX, ODS, Parquet, or a list of JSON objects."""

    table: Table
    columns: dict[str, Column] = Field(default={})
    template: bool = False  # the columns are those of `amtspuls template`
    file_format: Literal["csv", "xlsx", "ods", "parquet", "json_objects"] | None = None
    encoding: str = "utf-8-sig"
    delimiter: Delimiter = ";"
    decimal: Literal[",", "."] = ","
    names: tuple[str, ...] = ()  # of the columns, where CSV files have no header
    header_row: int = Field(default=1, ge=1)  # the first row of the header
    header_rows: int = Field(default=1, ge=1, le=5)  # joined with a space
    sheet: str | None = None
    total_rows: dict[str, str] = {}  # column -> regular expression that marks a total
    missing: tuple[str, ...] = ("", "-", ".", "x")
    ignored_columns: tuple[str, ...] = ()  # known and dropped at the door
    # A row is a single call: columns fill office, line, entered_at, wait_seconds,
    # handling_seconds and outcome (answered, abandoned, other, no_contact).
    calls: Calls | None = None
    covers: Covers = Covers()

    @model_validator(mode="after")
    def _calls_are_contacts(self) -> Self:
        if self.calls is not None and self.table != "contacts":
            message = '"calls" goes with table = "contacts"'
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _columns_or_template(self) -> Self:
        if self.template == bool(self.columns):
            message = 'give either "columns" or "template = true"'
            raise ValueError(message)
        return self

    @property
    def named_offices(self) -> Offices:
        return words_of(self.columns.get("office"))


class QueueMapping(Model):
    """A live queue feed in JSON or XML: where its queues are, what their fields mean.

    `queues` and all fields are JMESPath expressions. Several `queues` lead from level
    to level. A field is looked up in the queue; with `^.` before it in the level above
    (`^^.`: two above), with `$.` in the whole answer. An object of objects counts as a
    list, the name of each being its field `@key`. XML is read as if it were JSON:
    elements are fields, attributes are fields with "@" before their name.
    """

    queues: str | tuple[str, ...]
    office: Column
    service: Column | None = None
    queue: Column | None = None  # the source's name, where an office has several
    waiting: Column | None = None
    wait_minutes: Column | None = None
    counters_open: Column | None = None
    source_time_at: Column | None = None
    state: Column | None = None  # None: by the opening hours of the office
    censored: dict[str, float] = {}  # words such as "meer dan een uur" -> at least 60
    ignored_queues: tuple[str, ...] = ()  # texts of office or queue, not to be shown
    decimal: Literal[",", "."] = "."
    missing: tuple[str, ...] = ("", "-")

    @property
    def table(self) -> Table:
        return "queue_samples"

    @property
    def named_offices(self) -> Offices:
        return words_of(self.office)


class Open311Mapping(Model):
    """Open311 GeoReport v2: which office and service a request belongs to."""

    office: Identifier
    service: Identifier | None = None  # of requests that are not in services
    services: dict[str, Identifier] = {}  # service_code, or name -> service
    # Some servers give an old code to another service; then only the name is safe.
    services_by: Literal["service_code", "service_name"] = "service_code"
    channel: str | None = None  # the way all requests come, where it is but one
    first_day: date | None = None  # where back-filling begins; default: 90 days ago
    window_days: int = Field(default=90, ge=1, le=90)
    # page: page=1&page_size=50; offset: limit=50&offset=0; none: smaller windows
    paging: Literal["page", "offset", "none"] = "page"
    page_size: int = Field(default=50, ge=1, le=1000)

    @property
    def table(self) -> Table:
        return "cases"

    @property
    def named_offices(self) -> Offices:
        return frozenset({self.office})
