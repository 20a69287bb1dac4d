"""Mappings of what is no table of rows: event logs, queue logs, wide snapshots."""

from typing import Literal, Self

from pydantic import Field, model_validator

from ingest.mappings import (
    Calls,
    Column,
    Covers,
    Delimiter,
    Identifier,
    Model,
    Offices,
    Table,
    words_of,
)

# Who worked on a case. An event log names them; a mapping must not.
_STAFF = frozenset({"monitoringresource", "responsible_actor"})


class Moment(Model):
    """A point of a case, given by the first or last of some events of its log."""

    events: tuple[str, ...] = Field(min_length=1)  # names of activities
    which: Literal["first", "last"] = "first"
    # Of an event that has a lifecycle: where the activity starts, where it completes.
    lifecycle: tuple[str, ...] = ("complete",)
    undone_by: tuple[str, ...] = ()  # without it again after these, there is none


class Pause(Model):
    """Between which events a case's clock stands still."""

    starts: tuple[str, ...] = Field(min_length=1)
    ends: tuple[str, ...] = Field(min_length=1)
    holder: Literal["applicant", "third_party"]


class XesMapping(Model):
    """An event log after IEEE 1849: one trace is one case.

    The `column` of a column is an attribute of the trace, or the name of one of
    `moments`; with `.event` after it, the name of the event that was found.
    """

    table: Literal["cases", "case_pauses"] = "cases"
    columns: dict[str, Column]
    moments: dict[str, Moment] = Field(default={})
    pauses: tuple[Pause, ...] = ()  # of case_pauses: they fill from_at, to_at, holder
    missing: tuple[str, ...] = ("",)
    covers: Covers = Covers(by="all")

    @model_validator(mode="after")
    def _nobody_is_watched(self) -> Self:
        for column in self.columns.values():
            given = column.column or ()
            for name in (given,) if isinstance(given, str) else given:
                if name.lower().startswith("org:") or name.lower() in _STAFF:
                    message = f"{name} says who worked on a case; it is never read"
                    raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _pauses_are_of_pauses(self) -> Self:
        if (self.table == "case_pauses") != bool(self.pauses):
            message = '"pauses" and table = "case_pauses" go together'
            raise ValueError(message)
        return self

    @property
    def named_offices(self) -> Offices:
        return words_of(self.columns.get("office"))


class QueueLogMapping(Model):
    """The queue_log of Asterisk: which queue belongs to which office."""

    queues: dict[str, Identifier] = Field(min_length=1)
    ignored_queues: tuple[str, ...] = ()
    line: Literal["phone", "chat"] = "phone"
    calls: Calls
    covers: Covers = Covers()

    @property
    def table(self) -> Table:
        return "contacts"

    @property
    def named_offices(self) -> Offices:
        return frozenset(self.queues.values())


class SlotMapping(Model):
    """Snapshots of a booking page: a row per look and place, a column per slot.

    The columns whose name reads as a time by `slot_format` are the slots.
    """

    office: Column
    observed_at: Column
    service: Column | None = None
    slot_format: str = "%Y-%m-%d %H:%M:%S"
    timezone: str | None = None  # of the slots; default: the city's
    free: tuple[str, ...] = ("1",)
    taken: tuple[str, ...] = ("", "0")
    encoding: str = "utf-8-sig"
    delimiter: Delimiter = ","
    files: str = "*.csv"  # which files of an archive are read
    ignored_columns: tuple[str, ...] = ()
    covers: Covers = Covers()

    @property
    def table(self) -> Table:
        return "slot_offers"

    @property
    def named_offices(self) -> Offices:
        return words_of(self.office)
