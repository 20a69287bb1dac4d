"""What the city file says about a source: where it is, when it is due, how it reads."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal, Protocol, Self

from pydantic import Field, model_validator

from ingest.event_mappings import QueueLogMapping, SlotMapping, XesMapping
from ingest.interface_mappings import (
    CkanMapping,
    OzgMapping,
    ParkapiMapping,
    SodaMapping,
    ZmsMapping,
)
from ingest.mappings import (
    Covers,
    Identifier,
    Model,
    Offices,
    Open311Mapping,
    QueueMapping,
    Span,
    Table,
    TableMapping,
    words_of,
)


class Closed(Model):
    """A sentinel by which a source says "closed" instead of a wait."""

    column: str  # of the table, e.g. mean_wait_minutes
    value: str | int | float
    whole_day: bool = False  # only where every row of the office's day carries it


class Sum(Model):
    """Columns of the table that must add up, in every row where all are known."""

    total: str
    parts: tuple[str, ...] = Field(min_length=2)
    tolerance: float = Field(default=0, ge=0)  # for rounded values


# Rules about what is hard to believe. The others say that a row cannot be right.
MayWarn = Literal["implausible_wait", "sum_differs", "frozen"]


class Checks(Model):
    """What a delivery must satisfy, beyond what its table demands."""

    # Earlier times are refused: clocks that stand at 1970, and days of birth.
    not_before: date = date(2000, 1, 1)
    not_after: date | None = None  # of a closed archive: later times are refused
    future_tolerance: Span = timedelta(minutes=5)
    max_wait_minutes: float = 24 * 60
    max_refused_share: float = Field(default=0.05, ge=0, le=1)  # above: all refused
    shrink_to: float = Field(
        default=0.5, ge=0, le=1
    )  # share of the delivery it replaces
    frozen_after: Span | None = None  # same values for longer than this while open
    closed: tuple[Closed, ...] = ()
    sums: tuple[Sum, ...] = ()
    first_counts: bool = False  # of cases that come again: first seen, not last told
    warn: tuple[MayWarn, ...] = ()  # rules whose rows are loaded, and counted


# Of looks, which come every minute, only what they gave need be kept for ever.
LOOKS: Final[frozenset[Table]] = frozenset({"queue_samples", "slot_offers", "parking"})
# Every period is compared with the same one a year before, and by the quarter.
FEWEST_MONTHS_KEPT: Final = 15


class _Mapping(Protocol):
    """What every mapping says: which table it fills, and about whom."""

    @property
    def table(self) -> Table: ...

    @property
    def named_offices(self) -> Offices: ...


class _Source(Model):
    if TYPE_CHECKING:
        mapping: _Mapping  # each kind of source has its own

    id: Identifier
    publisher: str
    licence: str
    url: str | None = None
    folder: str | None = None  # relative to the data folder
    pattern: str = "*"  # of file names in folder
    cron: str | None = None
    every: Span | None = None
    max_age: Span
    min_rows: int = Field(default=1, ge=0)
    keep_raw: bool = False
    keep_months: int | None = None  # single looks; None: for ever
    private_host: bool = False  # the url may lead to a private address
    secrets: dict[str, str] = Field(
        default={}
    )  # request header -> environment variable
    checks: Checks = Checks()

    @model_validator(mode="after")
    def _one_place_one_schedule(self) -> Self:
        if (self.url is None) == (self.folder is None):
            message = 'give either "url" or "folder"'
            raise ValueError(message)
        if (self.cron is None) == (self.every is None):
            message = 'give either "cron" or "every"'
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _only_looks_are_deleted(self) -> Self:
        if self.keep_months is None:
            return self
        if self.table not in LOOKS:
            message = (
                f'"keep_months" is for tables of looks ({", ".join(sorted(LOOKS))}),'
                f" and this source fills {self.table}; leave it out"
            )
            raise ValueError(message)
        if self.keep_months < FEWEST_MONTHS_KEPT:
            message = (
                f'"keep_months" must be at least {FEWEST_MONTHS_KEPT}: every period is'
                " compared with the same one a year before"
            )
            raise ValueError(message)
        covers: Covers | None = getattr(self.mapping, "covers", None)
        if covers is not None and covers.by == "all":
            message = (
                '"keep_months" deletes whole deliveries, and with covers.by = "all"'
                ' each holds everything; use covers.by = "rows" or "file_name"'
            )
            raise ValueError(message)
        return self

    @property
    def table(self) -> Table:
        return self.mapping.table

    @property
    def offices(self) -> Offices:
        """Name the offices that it may deliver anything about."""
        return self.mapping.named_offices

    @property
    def lines(self) -> frozenset[str] | None:
        """Name the lines whose contacts it delivers; None: nothing says which."""
        return None


class Periods(Model):
    """A source that keeps one file per period, its name in the url's {placeholders}."""

    every: Literal["day", "week", "month", "quarter", "year"]
    first: date
    settled_after: Span  # after its end a loaded period is not asked for again


class TableFileSource(_Source):
    adapter: Literal["table_file"]
    mapping: TableMapping
    # url then holds {year} {month} {quarter} {week} {day} of the period's first day
    periods: Periods | None = None

    @model_validator(mode="after")
    def _periods_have_an_address(self) -> Self:
        if (self.periods is not None) != ("{" in (self.url or "")):
            message = '"periods" and a url with placeholders such as {year} go together'
            raise ValueError(message)
        return self

    @property
    def lines(self) -> frozenset[str] | None:
        return words_of(self.mapping.columns.get("line"))


class QueueFeedSource(_Source):
    adapter: Literal["queue_feed"]
    mapping: QueueMapping


class Open311Source(_Source):
    adapter: Literal["open311"]
    mapping: Open311Mapping


class XesSource(_Source):
    adapter: Literal["xes"]
    mapping: XesMapping


class AsteriskQueueLogSource(_Source):
    adapter: Literal["asterisk_queue_log"]
    mapping: QueueLogMapping

    @property
    def lines(self) -> frozenset[str] | None:
        return frozenset({self.mapping.line})


class SlotSnapshotsSource(_Source):
    adapter: Literal["slot_snapshots"]
    mapping: SlotMapping


class ZmsSource(_Source):
    adapter: Literal["zms_warehouse"]  # url: …/warehouse/
    mapping: ZmsMapping


class SodaSource(_Source):
    adapter: Literal["soda"]  # url: …/resource/abcd-1234.json
    mapping: SodaMapping


class CkanSource(_Source):
    adapter: Literal["ckan_datastore"]  # url: …/api/3/action/datastore_search
    mapping: CkanMapping


class OzgSource(_Source):
    adapter: Literal["ozg_dashboard"]  # url: …/v1/data
    mapping: OzgMapping = OzgMapping()


class ParkapiSource(_Source):
    adapter: Literal["parkapi"]
    mapping: ParkapiMapping = ParkapiMapping()


Source = Annotated[
    TableFileSource
    | QueueFeedSource
    | Open311Source
    | AsteriskQueueLogSource
    | XesSource
    | SlotSnapshotsSource
    | ZmsSource
    | SodaSource
    | CkanSource
    | OzgSource
    | ParkapiSource,
    Field(discriminator="adapter"),
]
