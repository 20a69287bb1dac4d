"""A big delivery, checked part by part; its parts wait on disk until it is loaded.

Then they become its archive, as they are. What a part alone cannot tell is decided when
all are there: which span they cover, and which rows stand in two of them. Only checked
rows are written, so no text reaches the disk that the warehouse would not have.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from ingest.adapters.base import Parsed, Span
from ingest.adapters.spans import a_row_per_hour
from ingest.checks import Sieve, counts_of
from ingest.city import City
from ingest.privacy import refuse_bare_numbers
from ingest.repeated import key_hashes, repeated, seen_twice
from ingest.rules import MOMENTS, moment
from ingest.sources import Source
from ingest.warehouse import schema_of, without_empty, write_parquet

WORKERS: Final = 2  # parts that are in memory at once
SUSPECTS: Final = 200_000  # numbers of rows that are looked at together

_ROW: Final = "row_number"


@dataclass(frozen=True)
class _Part:
    """What is known of a part besides its rows."""

    rows_file: Path
    refused_file: Path
    rows_read: int
    rows_loaded: int
    reasons: Counter[str]
    warned: Counter[str]
    numbers: pl.Series  # of its rows, by what they are about
    hours: pl.DataFrame  # a row for each hour that it is about
    first_and_last: Span | None  # when its rows were; None: of one nobody knows

    def is_within(self, span: Span) -> bool:
        if self.first_and_last is None:
            return False
        first, last = self.first_and_last
        return span[0] <= first and last < span[1]


@dataclass
class CheckedParts:
    """The rows that may be loaded, and the refused ones with their reasons."""

    folder: Path
    source: Source
    city: City
    now: datetime
    covers: Span | None = None
    _parts: list[_Part] = field(default_factory=list)

    @property
    def table(self) -> str:
        return self.source.table

    @property
    def rows_read(self) -> int:
        return sum(part.rows_read for part in self._parts)

    @property
    def rows_loaded(self) -> int:
        return sum(part.rows_loaded for part in self._parts)

    def counts_by_rule(self) -> dict[str, int]:
        """Count the refused rows by rule, the most frequent first."""
        total = sum((part.reasons for part in self._parts), Counter[str]())
        return dict(total.most_common())

    @property
    def warned_by_rule(self) -> dict[str, int]:
        return dict(sum((part.warned for part in self._parts), Counter[str]()))

    @property
    def rows(self) -> list[Path]:
        """Name the files of the rows; they have a row_number, too."""
        return [part.rows_file for part in self._parts]

    @property
    def refused(self) -> list[Path]:
        return [part.refused_file for part in self._parts]

    def scan_refused(self) -> pl.LazyFrame:
        return pl.scan_parquet(self.refused)

    def check(
        self,
        works: Iterator[Callable[[], Parsed]],
        covers: Callable[[pl.DataFrame], Span | None],
    ) -> None:
        """Read and check all parts, then what only all of them together can tell."""
        takes = (partial(self._take, number, work) for number, work in enumerate(works))
        self.folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(WORKERS) as pool:
            self._parts.extend(_in_order(pool, takes))
        self.covers = covers(pl.concat(part.hours for part in self._parts))
        if self.covers is not None:
            self._refuse_outside(self.covers)
        marked = self._repeated()
        if marked.height:
            for number in range(len(self._parts)):
                self._refuse(number, partial(_marked, marked=marked))

    def _take(self, number: int, work: Callable[[], Parsed]) -> _Part:
        parsed = work()
        refuse_bare_numbers(parsed.rows)
        sieve = Sieve.of(parsed, self.source, self.city)
        sieve.refuse(sieve.broken_rules(self.now, covers=None))
        hours = a_row_per_hour(parsed.rows, parsed.table)
        return self._write(number, sieve, parsed.rows_read, hours)

    def _refuse_outside(self, covers: Span) -> None:
        for number, part in enumerate(self._parts):
            if not part.is_within(covers):
                # Its rows keep the other rules, so only that of the span speaks now.
                self._refuse(number, lambda sieve: sieve.broken_rules(self.now, covers))

    def _refuse(self, number: int, judge: Callable[[Sieve], pl.DataFrame]) -> None:
        """Set aside the rows of a part that `judge` gives a reason for."""
        part = self._parts[number]
        sieve = self._read(part)
        sieve.refuse(judge(sieve))
        if sieve.rows.height < part.rows_loaded:
            self._parts[number] = self._write(number, sieve, part.rows_read, part.hours)

    def _repeated(self) -> pl.DataFrame:
        """Find rows that repeat others, be it in other parts (row_number, reason)."""
        numbers = seen_twice(pl.concat(part.numbers for part in self._parts))
        marked = []
        for start in range(0, len(numbers), SUSPECTS):
            some = numbers.slice(start, SUSPECTS).implode()
            suspects = pl.concat(
                self._read(part).rows.filter(part.numbers.is_in(some))
                for part in self._parts
                if part.numbers.is_in(some).any()
            )
            found = repeated(suspects, self.table, self.source.checks)
            marked.append(found.filter(pl.col("reason").is_not_null()))
        return pl.concat(marked) if marked else pl.DataFrame()

    def _read(self, part: _Part) -> Sieve:
        schema = {_ROW: pl.Int64(), **schema_of(self.table)}
        rows = pl.read_parquet(part.rows_file, memory_map=False)
        rows = rows.match_to_schema(schema, missing_columns="insert")
        refused = pl.read_parquet(part.refused_file, memory_map=False)
        return Sieve.again(self.source, self.city, rows, refused)

    def _write(
        self, number: int, sieve: Sieve, rows_read: int, hours: pl.DataFrame
    ) -> _Part:
        refused = sieve.all_refused()
        rows_file = self.folder / f"{number:06}.rows.parquet"
        refused_file = self.folder / f"{number:06}.refused.parquet"
        write_parquet(without_empty(sieve.rows).lazy(), rows_file)
        write_parquet(refused.lazy(), refused_file)
        numbers = key_hashes(sieve.rows, self.table)
        return _Part(
            rows_file=rows_file,
            refused_file=refused_file,
            rows_read=rows_read,
            rows_loaded=sieve.rows.height,
            reasons=Counter(counts_of(refused["reason"])),
            warned=Counter(sieve.warnings(self.now)),
            numbers=numbers,
            hours=hours,
            first_and_last=_first_and_last(sieve.rows, self.table),
        )


def _first_and_last(rows: pl.DataFrame, table: str) -> Span | None:
    if table not in MOMENTS or rows.is_empty():
        return None
    when = rows.select(when=moment(table))["when"]
    first, last = when.min(), when.max()
    if isinstance(first, datetime) and isinstance(last, datetime):
        return None if when.has_nulls() else (first, last)
    return None


def _marked(sieve: Sieve, marked: pl.DataFrame) -> pl.DataFrame:
    return sieve.rows.select(_ROW).join(
        marked, on=_ROW, how="left", maintain_order="left"
    )


def _in_order(
    pool: ThreadPoolExecutor, works: Iterator[Callable[[], _Part]]
) -> Iterator[_Part]:
    """Run works side by side, but never more than are in memory anyway."""
    running: deque[Future[_Part]] = deque()
    for work in works:
        running.append(pool.submit(work))
        if len(running) > WORKERS:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()
