"""What the mappings of interfaces say: ZMS, Socrata, CKAN, OZG and ParkAPI."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from ingest.mappings import (
    Column,
    Covers,
    Identifier,
    Model,
    Offices,
    Table,
    words_of,
)

_ALL = Covers(by="all")


class ZmsMapping(Model):
    """Statistics of ZMS: which office each of its "Standorte" is."""

    # Waiting times by hour; booked and planned appointment minutes by day.
    subject: Literal[
        "waitingscope", "waitingdepartment", "waitingorganisation",
        "capacityscope", "slotscope",
    ]  # fmt: skip
    offices: dict[str, Identifier] = Field(min_length=1)  # ZMS id -> office
    ignored_offices: tuple[str, ...] = ()  # ids in files handed in, not to be loaded
    ignored_variables: tuple[str, ...] = ()  # known and not read
    first_day: date | None = None  # where back-filling begins; default: 90 days ago

    @model_validator(mode="after")
    def _one_id_per_office(self) -> Self:
        if len(set(self.offices.values())) < len(self.offices):
            message = "two ids lead to one office; give each its own, below one parent"
            raise ValueError(message)
        return self

    @property
    def table(self) -> Table:
        return "queue_hours" if self.subject.startswith("waiting") else "slots"

    @property
    def named_offices(self) -> Offices:
        return frozenset(self.offices.values())


class RecordsMapping(Model):
    """Records of an interface as rows of a table, by their columns."""

    table: Table
    columns: dict[str, Column]
    decimal: Literal[",", "."] = "."
    missing: tuple[str, ...] = ("",)
    covers: Covers = _ALL

    @property
    def named_offices(self) -> Offices:
        return words_of(self.columns.get("office"))


class Windows(Model):
    """One delivery per period, by a time of the source."""

    column: str  # of the source: a time without zone, as the source writes it
    every: Literal["week", "month", "quarter", "year"] = "month"
    first: date


class SodaMapping(RecordsMapping):
    """A Socrata resource; only the columns that are mapped are asked for."""

    windows: Windows | None = None
    where: str | None = None  # SoQL, e.g. "agency = 'DPR'"
    page_size: int = Field(default=10_000, ge=1, le=50_000)


class CkanMapping(RecordsMapping):
    """A table of a CKAN or DKAN datastore."""

    resource_id: str | None = None  # None: the url names the table (DKAN 2)
    sort: str = "_id"  # "" where the portal sorts by itself, as DKAN
    ignored_columns: tuple[str, ...] = ()  # known and dropped at the door
    page_size: int = Field(default=1_000, ge=1, le=32_000)


class OzgMapping(Model):
    """The federal dashboard of online services, for one municipality."""

    ars: str | None = Field(default=None, pattern=r"^\d{12}$")  # default: the city's
    page_size: int = Field(default=100, ge=1, le=10_000)

    @property
    def table(self) -> Table:
        return "online_services"

    @property
    def named_offices(self) -> Offices:
        return None


class ParkapiMapping(Model):
    """Car parks as ParkAPI tells of them, version 1 or 3."""

    # Id -> name; others keep the source's name.
    car_parks: dict[str, str] = Field(default={})
    ignored_car_parks: tuple[str, ...] = ()  # ids

    @property
    def table(self) -> Table:
        return "parking"

    @property
    def named_offices(self) -> Offices:
        return None
