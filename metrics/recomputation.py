"""How far the published files carry a figure, and the lines that recompute it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ingest.city import Text
from metrics.figures import FigureId, parse_figure_id
from metrics.periods import PeriodGrain, parse_period, periods_between
from metrics.small_numbers import SHOWN, THINGS
from metrics.snippets import Way, in_duckdb, in_polars

# In which state a figure is published; None: it is not.
StateOf = Callable[[str], str | None]

_PARTS: Final[Mapping[str, tuple[PeriodGrain, ...]]] = {
    "quarter": ("month",),
    "year": ("quarter", "month"),
}
_SAID: Final[Mapping[str, Text]] = {
    "sum": Text(
        de="Die Zahl ist die Summe ihrer Teile. Jede veröffentlichte Zahl ist für sich"
        " gerundet, deshalb darf die Summe um bis zu {within} abweichen.",
        en="The figure is the sum of its parts. Each published figure is rounded by"
        " itself, so the sum may differ by up to {within}.",
    ),
    "hidden_count": Text(
        de="Ein gesperrter Teil fehlt in der Summe. Ist sein Grund fewer_than_8, zählt"
        " er höchstens 7; sonst kann er auch mehr zählen.",
        en="A hidden part is missing in the sum. Where its reason is fewer_than_8 it"
        " counts at most 7; otherwise it may count more.",
    ),
    "hidden_sum": Text(
        de="Ein gesperrter Teil fehlt in der Summe; die Zahl kann dann größer sein.",
        en="A hidden part is missing in the sum; the figure can be larger then.",
    ),
    "last": Text(
        de="Ein Bestand gilt für den letzten Tag. Die Zahl ist deshalb dieselbe wie die"
        " des letzten Teils ihres Zeitraums.",
        en="A stock holds for the last day, so the figure is the same as that of the"
        " last part of its period.",
    ),
    "share": Text(
        de="Der Anteil folgt aus den gerundeten Anzahlen in derselben Zeile der Datei:"
        " numerator geteilt durch n.",
        en="The share follows from the rounded counts in the same row of the file:"
        " numerator divided by n.",
    ),
    "quotient": Text(
        de="Der Anteil folgt aus zwei anderen veröffentlichten Zahlen desselben"
        " Zeitraums.",
        en="The share follows from two other published figures of the same period.",
    ),
    "bound": Text(
        de="Auf der einen Seite sind es weniger als 8 oder unter 0,5 Prozent. Gezeigt"
        " wird deshalb nur eine Grenze: je nach Anzahl 5, 10 oder 16 Prozent. Die"
        " Anzahlen dazu werden nicht veröffentlicht. Die folgenden Befehle zeigen die"
        " Zahl und prüfen, ob die Datei noch die veröffentlichte ist.",
        en="On one side there are fewer than 8, or below 0.5 percent, so only a limit"
        " is shown: 5, 10 or 16 percent, depending on the number. The counts are not"
        " published. The following commands show the figure and check that the file"
        " is still the published one.",
    ),
    "row": Text(
        de="Aus den veröffentlichten Dateien lässt sich diese Zahl nicht nachrechnen:"
        " Dazu braucht man die einzelnen Zeilen der Quellen, und die werden nicht"
        " veröffentlicht. Die folgenden Befehle zeigen die Zahl und prüfen, ob die"
        " Datei noch die veröffentlichte ist. Die Stadt selbst kann die Zahl auf einem"
        " zweiten Weg nachzählen.",
        en="This figure cannot be recomputed from the published files: that takes the"
        " single rows of the sources, which are not published. The following commands"
        " show the figure and check that the file is still the published one. The city"
        " itself can recount the figure in a second way.",
    ),
    "closed": Text(
        de="Aus den veröffentlichten Dateien lässt sich diese Zahl nicht nachrechnen:"
        " Dazu braucht man die einzelnen Ablesungen, und die sind gelöscht. Die"
        " folgenden Befehle zeigen die Zahl und prüfen, ob die Datei noch die"
        " veröffentlichte ist.",
        en="This figure cannot be recomputed from the published files: that takes the"
        " single looks, which were deleted. The following commands show the figure and"
        " check that the file is still the published one.",
    ),
    "none": Text(
        de="Zu dieser Zahl ist kein Wert veröffentlicht. Die folgenden Befehle zeigen"
        " den Grund und prüfen, ob die Datei noch die veröffentlichte ist.",
        en="No value of this figure is published. The following commands show the"
        " reason and check that the file is still the published one.",
    ),
}


@dataclass(frozen=True)
class Recomputation:
    """How far the published files carry a figure; both snippets give `recomputed`.

    A sum also gives `hidden_parts`; what is not recomputed, `is_as_published`.
    """

    way: Way
    said: Mapping[str, str]  # by language
    within: float | None  # how much it may differ from the value; None: no comparison
    duckdb: str  # SQL, to be run in a folder with the files
    polars: str  # Python, likewise


def recomputation(
    figure: Mapping[str, Any],
    about: Mapping[str, Any],
    base: int,
    state_of: StateOf,
    *,
    is_closed: bool = False,
) -> Recomputation:
    """Write the lines for one row of figures.parquet.

    `about` is what the catalogue says of its KPI, `base` what counts are rounded to. Of
    a closed figure nobody has the single rows any more.
    """
    figure_id = parse_figure_id(figure["figure_id"])
    way, ids = _way(figure, figure_id, about, state_of)
    within = 0.0
    if way == "sum":
        within = _blur(about, base) * (len(ids) + 1)
    said = {
        language: _said(way, about, language, is_closed).format(within=number)
        for language, number in _numbers(within).items()
    }
    return Recomputation(
        way,
        said,
        None if way in ("bound", "row", "none") else within,
        in_duckdb(way, ids),
        in_polars(way, ids),
    )


def _numbers(number: float) -> dict[str, str]:
    return {"de": f"{number:g}".replace(".", ","), "en": f"{number:g}"}


def _way(
    figure: Mapping[str, Any],
    figure_id: FigureId,
    about: Mapping[str, Any],
    state_of: StateOf,
) -> tuple[Way, list[str]]:
    own = [str(figure_id)]
    if figure["value"] is None:
        return "none", own
    if about["kind"] in ("count", "sum", "stock") and figure["reason"] is None:
        parts = _parts(figure_id, state_of)
        if about["kind"] == "stock":
            ends = parse_period(figure_id.period).end
            last = [part for part in parts if _end(part) == ends]
            last = [part for part in last if state_of(part) in SHOWN]
            return ("last", last) if last else ("row", own)
        return ("sum", parts) if parts else ("row", own)
    if about["kind"] == "share" and figure["reason"] in ("below", "above"):
        return "bound", own
    if about["unit"] == "percent" and about["kind"] in ("share", "ratio"):
        terms = [str(figure_id._replace(kpi=kpi)) for kpi in _quotient_of(about)]
        if terms and all(state_of(term) in SHOWN for term in terms):
            return "quotient", terms
        if figure["numerator"] is not None:
            return "share", own
    return "row", own


def _quotient_of(about: Mapping[str, Any]) -> Sequence[str]:
    return about.get("quotient_of") or ()


def _parts(figure: FigureId, state_of: StateOf) -> list[str]:
    """Find the shorter periods that a figure is put together from."""
    period = parse_period(figure.period)
    for grain in _PARTS.get(figure.grain, ()):
        ids = [
            str(figure._replace(grain=grain, period=part.id))
            for part in periods_between(period.start, period.end, grain)
        ]
        published = [name for name in ids if state_of(name) is not None]
        if published:
            return published
    return []


def _end(figure_id: str) -> date:
    return parse_period(parse_figure_id(figure_id).period).end


def _blur(about: Mapping[str, Any], base: int) -> float:
    """How far a published count or sum can be from the true one."""
    if about["counts"] in THINGS:
        return 0.5
    # A sum below the base is told as the base.
    return base / 2 if about["kind"] == "count" else float(base)


def _said(way: Way, about: Mapping[str, Any], language: str, is_closed: bool) -> str:
    texts = [_SAID["closed" if is_closed and way == "row" else way]]
    if way == "sum" and about["counts"] not in THINGS:
        texts.append(_SAID[f"hidden_{about['kind']}"])
    return " ".join(text.in_language(language) for text in texts)
