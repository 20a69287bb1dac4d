"""The way to one figure: rows counted and left out, deliveries, and a recount."""

import difflib
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from ingest.city import City
from ingest.warehouse import SCHEMA, insert_rows, read_frame, read_rows
from metrics.catalogue import CATALOGUE, Kpi
from metrics.closed import read_closings
from metrics.closings import Closed, closing_of
from metrics.compute import compute, compute_like
from metrics.errors import MetricsError
from metrics.explanation import Explanation, Origin, Outcome, condition
from metrics.figures import FigureId, parse_figure_id
from metrics.hours_saved import NO_YEAR_BEFORE
from metrics.moments import iso
from metrics.periods import parse_period
from metrics.protect import protect_figures
from metrics.provenance import code_version
from metrics.recount import recount
from metrics.recount.rows import Question, Recounted, Warehouse
from metrics.shown import shown_at

_EXACT: Final = 1e-9


class UnknownFigure(MetricsError):  # noqa: N818 - a state, named as one
    """No such figure is computed."""


def explain(
    connection: duckdb.DuckDBPyConnection,
    city: City,
    figure_id: str,
    now: datetime,
    *,
    as_of: datetime | None = None,
    published_dir: Path | None = None,
) -> Explanation:
    """Explain one figure, as it is or as it was at a moment; raise UnknownFigure.

    With `published_dir` it is told, too, what the snapshot of that moment says.
    """
    closed = _closing(connection, _parsed(figure_id))
    if as_of is None or (closed and closed.closed_at <= as_of.astimezone(UTC)):
        told = _explain(connection, city, figure_id, as_of or now)
    elif closed:
        message = (
            f"the looks behind {figure_id} were deleted on {iso(closed.closed_at)}, as"
            f" {closed.source} keeps them for {closed.keep_months} months; how it was"
            f" on {iso(as_of)} only the snapshot published then can say"
        )
        raise UnknownFigure(message)
    else:
        family = _parsed(figure_id).kpi.partition(".")[0]
        with _warehouse_as_of(connection, family, as_of.astimezone(UTC)) as then:
            if not _origins(then):
                message = f"nothing had been delivered by {iso(as_of)}"
                raise UnknownFigure(message)
            told = _explain(then, city, figure_id, as_of)
    if published_dir is None:
        return told
    return replace(told, shown=shown_at(published_dir, figure_id, as_of or now))


def _explain(
    connection: duckdb.DuckDBPyConnection, city: City, figure_id: str, now: datetime
) -> Explanation:
    figure = _parsed(figure_id)
    explainer = Explainer(connection, city, now, only=figure)
    if figure_id not in explainer.figure_ids:
        explainer = Explainer(connection, city, now)  # which says what was meant
    return explainer.explain(figure_id)


class Explainer:
    """Explains any figure of one moment; what all of them need is computed once.

    With `only` it reads and computes no more than this one figure needs.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        city: City,
        now: datetime,
        *,
        only: FigureId | None = None,
    ) -> None:
        self._now = now = now.astimezone(UTC)
        self._warehouse = Warehouse(
            connection, city, now, only and Question(only, parse_period(only.period))
        )
        if only is None:
            figures = compute(connection, city, now).figures
            asked_for = figures
        else:
            figures = compute_like(connection, city, only, now)
            asked_for = figures.filter(pl.col("figure_id") == str(only))
        self._outcomes = _by_id(asked_for)
        # Of some figures others decide what is shown.
        self._published = _by_id(protect_figures(figures, city, now))
        self._origins = _origins(connection)
        self._refused = _refused(connection)
        self._closings = read_closings(connection)

    @property
    def figure_ids(self) -> list[str]:
        return list(self._outcomes)

    def explain(self, figure_id: str) -> Explanation:
        figure = _known(_parsed(figure_id), self._outcomes)
        kpi, period = CATALOGUE[figure.kpi], parse_period(figure.period)
        computed = self._outcomes[figure_id]
        closed = closing_of(figure, self._closings)
        # What is left of its rows, or came later, is not what it was counted from.
        recounted = Recounted(None) if closed else recount(figure, self._warehouse)
        if computed.reason == NO_YEAR_BEFORE:
            # Whether both periods are complete is not for the recount to say.
            recounted = replace(recounted, value=None)
        return Explanation(
            figure_id=figure_id,
            kpi=figure.kpi,
            **_texts(kpi),
            formula=kpi.formula,
            unit=kpi.unit,
            period_start=period.start,
            period_end=period.end,
            rows=condition(figure, kpi.tables),
            as_of=self._now,
            computed=computed,
            published=self._published.get(figure_id),
            recounted=None if closed else _outcome_of(recounted, computed),
            agrees=None if closed else _agree(computed, recounted),
            rows_counted=recounted.counted,
            rows_left_out=dict(sorted(recounted.left_out.items())),
            rows_refused=self._refused_of(recounted.delivery_ids),
            deliveries=tuple(
                origin
                for name, origin in self._origins.items()
                if name in recounted.delivery_ids
            ),
            code_version=code_version(),
            closed=closed,
        )

    def _refused_of(self, delivery_ids: Iterable[str]) -> dict[str, int]:
        total: Counter[str] = Counter()
        for delivery_id in delivery_ids:
            total.update(self._refused.get(delivery_id, {}))
        return dict(sorted(total.items()))


def _closing(connection: duckdb.DuckDBPyConnection, figure: FigureId) -> Closed | None:
    try:
        return closing_of(figure, read_closings(connection))
    except ValueError:  # no period: what was meant is said later
        return None


def _by_id(figures: pl.DataFrame) -> dict[str, Outcome]:
    parts = ("value", "n", "numerator", "state", "reason")
    return {
        row["figure_id"]: Outcome(**{part: row[part] for part in parts})
        for row in figures.iter_rows(named=True)
    }


def _parsed(figure_id: str) -> FigureId:
    try:
        return parse_figure_id(figure_id)
    except ValueError as error:
        raise UnknownFigure(str(error)) from error


def _known(figure: FigureId, known: Mapping[str, Outcome]) -> FigureId:
    figure_id = str(figure)
    if figure_id not in known:
        # Only what differs in one part: there are tens of thousands of figures.
        alike = [name for name in known if _parts_in_common(name, figure) == 5]
        near = difflib.get_close_matches(figure_id, alike, n=1, cutoff=0.5)
        meant = f"; did you mean {near[0]}?" if near else ""
        message = f"there is no figure {figure_id}{meant}"
        raise UnknownFigure(message)
    return figure


def _parts_in_common(figure_id: str, figure: FigureId) -> int:
    ours = str(figure).split("/")
    return sum(a == b for a, b in zip(figure_id.split("/"), ours, strict=True))


def _texts(kpi: Kpi) -> dict[str, Any]:
    texts = {language: text.model_dump() for language, text in kpi.texts.items()}
    names = {
        "label": "label",
        "definition": "definition",
        "population": "population",
        "left_out_by_definition": "left_out",
    }
    return {
        ours: {language: text[theirs] for language, text in texts.items()}
        for ours, theirs in names.items()
    }


def _agree(computed: Outcome, recounted: Recounted) -> bool:
    if computed.value is None or recounted.value is None:
        return computed.value is None and recounted.value is None
    return (
        math.isclose(computed.value, recounted.value, rel_tol=_EXACT, abs_tol=_EXACT)
        and computed.n == recounted.n
        and computed.numerator == recounted.numerator
    )


def _outcome_of(recounted: Recounted, computed: Outcome) -> Outcome:
    """Tell the recount as a figure: whether it is final is not for it to say."""
    if recounted.value is None:
        return Outcome(None, None, None, "no_data", computed.reason)
    return replace(
        computed,
        value=recounted.value,
        n=recounted.n,
        numerator=recounted.numerator,
        reason=None,
    )


def _origins(connection: duckdb.DuckDBPyConnection) -> dict[str, Origin]:
    columns = ", ".join(Origin.__dataclass_fields__)
    statement = (
        f"SELECT {columns} FROM deliveries"  # noqa: S608 - names of our own
        " WHERE superseded_at IS NULL ORDER BY received_at, delivery_id"
    )
    rows = read_frame(connection, statement)
    return {row["delivery_id"]: Origin(**row) for row in rows.iter_rows(named=True)}


def _refused(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    statement = """
        SELECT delivery_id, reason, count(*) AS rows
        FROM quarantine
        GROUP BY delivery_id, reason
    """
    found: dict[str, dict[str, int]] = {}
    for delivery_id, reason, count in read_frame(connection, statement).iter_rows():
        found.setdefault(delivery_id, {})[reason] = count
    return found


def _warehouse_as_of(
    connection: duckdb.DuckDBPyConnection, family: str, as_of: datetime
) -> duckdb.DuckDBPyConnection:
    """Copy what a family's KPIs counted at a moment into a warehouse in memory."""
    then = duckdb.connect(":memory:")
    for file in sorted(SCHEMA.glob("*.sql")):
        then.execute(file.read_text(encoding="utf-8"))
    then.execute("SET GLOBAL TimeZone = 'UTC'")
    kpis = [kpi for kpi in CATALOGUE.values() if kpi.family == family]
    counted = {table for kpi in kpis for table in kpi.tables}
    for table in sorted({"deliveries", "quarantine"} | counted):
        rows = read_rows(connection, table, as_of=as_of)
        if table == "deliveries":
            rows = rows.with_columns(
                superseded_at=pl.lit(None, rows.schema["superseded_at"]),
                superseded_by=pl.lit(None, pl.String),
            )
        insert_rows(then, table, rows)
    # How far looks reached that were deleted since.
    for table in ("closings", "closed_figures", "closed_days"):
        insert_rows(then, table, read_frame(connection, f"FROM {table}"))
    return then
