"""Offices side by side: each figure with its span, and which of them really differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.blocks.provenance import late_note, source_line
from dashboard.charts.intervals import (
    Intervals,
    Row,
    Sign,
    draw_intervals,
    interval_swatch,
)
from dashboard.components.aria import aria
from dashboard.components.chart_block import Picture, origin, picture_block
from dashboard.components.drawing import Drawing
from dashboard.components.table import Column, table
from dashboard.i18n import german
from dashboard.reading import Figure, KpiWords, range_words, value_words
from dashboard.view import View
from metrics.comparison import Verdict, compare
from metrics.periods import Period

_ID: Final = "chart-side-by-side"
_VERDICTS: Final[dict[Verdict, str]] = {
    "different": german("Unterschied sicher"),
    "indistinguishable": german("Unterschied nicht sicher"),
    "unknown": german("nicht zu beurteilen"),
}
# A promise of its own for each office: what is compared is how well each is kept.
_OWN_MEASURE: Final = {
    "waiting.share_within_target": german(
        "Jedes Amt wird an seiner eigenen Zielzeit gemessen."
    ),
    "processing.share_within_deadline": german(
        "Jedes Amt wird an seinen eigenen Fristen gemessen."
    ),
}


@dataclass(frozen=True)
class Side:
    """One office's figure and that of the year before."""

    name: str
    kpi: KpiWords
    figure: Figure
    before: Figure | None


def side_by_side(
    view: View, kpi: KpiWords, quarter: Period, sides: Sequence[Side]
) -> html.Section:
    words = view.words
    title = f"{kpi.label}, {words.quarter(quarter.start)}"
    rows = tuple(_row(view, side) for side in sides)
    picture = Picture(_ID, title, _picture(view, kpi, title, rows))
    return picture_block(
        view,
        picture,
        headline=headline(view, kpi, quarter, sides),
        measured=_measured(view, kpi),
        table=_table(view, kpi, title, sides),
        source=source_line(view, kpi, None),
        origin=_origin(view, kpi),
        download=view.addresses.figures(
            kpi=kpi.id,
            grain="quarter",
            **{"from": quarter.start.isoformat(), "to": quarter.end.isoformat()},
        ),
        hint=late_note(view, kpi, None),
        is_table_wide=True,
    )


def headline(view: View, kpi: KpiWords, quarter: Period, sides: Sequence[Side]) -> str:
    """Say of how many pairs of offices the difference is more than chance."""
    words, base = view.words, view.city.publish.rounding_base
    verdicts = [
        compare(one.figure, other.figure, kpi.kind, base=base)
        for one, other in combinations(sides, 2)
    ]
    judged = [each for each in verdicts if each != "unknown"]
    apart = judged.count("different")
    period = words.in_period(quarter.grain, quarter.start)
    if not judged:
        return words("{period} gibt es zu wenige Werte für einen Vergleich.",
                     period=period)  # fmt: skip
    if not apart:
        return words(
            "{period} unterscheidet sich kein Amt sicher von einem anderen: Die"
            " Unterschiede können Zufall sein.",
            period=period,
        )
    if apart == len(judged):
        return words(
            "{period} unterscheiden sich alle Ämter, die sich vergleichen lassen,"
            " sicher voneinander.",
            period=period,
        )
    return words(
        "{period} ist der Unterschied zwischen zwei Ämtern in {apart} von {all}"
        " Vergleichen sicher. Sonst kann er Zufall sein.",
        period=period,
        apart=words.number(apart),
        all=words.number(len(judged)),
    )


def _measured(view: View, kpi: KpiWords) -> str:
    words = view.words
    said = [f"{kpi.label}. {kpi.definition}"]
    if kpi.id in _OWN_MEASURE and kpi.limit is None:
        said.append(words(_OWN_MEASURE[kpi.id]))
    said.append(words("Die Reihenfolge ist keine Rangfolge."))
    if kpi.family == "processing":
        said.append(
            words(
                "Wo Leistungen verschieden lange dauern dürfen, ist ein Unterschied"
                " noch kein Vorsprung."
            )
        )
    return " ".join(said)


def _row(view: View, side: Side) -> Row:
    figure, before = side.figure, side.before
    return Row(
        name=side.name,
        words=value_words(view.words, side.kpi, figure),
        value=figure.value,
        lower=figure.lower,
        upper=figure.upper,
        earlier=None if before is None else before.value,
    )


def _picture(
    view: View, kpi: KpiWords, title: str, rows: tuple[Row, ...]
) -> list[Component]:
    words = view.words
    said = "; ".join(f"{row.name}: {row.words}" for row in rows)
    chart = Intervals(words.unit(kpi.unit), rows, view.language, kpi.most)
    drawing = html.Div(
        Drawing(draw_intervals(chart)),
        className="still-drawing",
        role="img",
        **aria(label=f"{title}. {said}."),
    )
    signs: tuple[tuple[Sign, str], ...] = (
        ("value", words("Wert")),
        ("span", words("Spanne, in der der wahre Wert vermutlich liegt")),
        ("earlier", words("Wert im Vorjahr")),
    )
    key = [
        html.Li([Drawing(interval_swatch(sign)), html.Span(label)])
        for sign, label in signs
    ]
    return [html.Ul(key, className="chart-key", role="list"), drawing]


def _table(view: View, kpi: KpiWords, title: str, sides: Sequence[Side]) -> Component:
    words = view.words
    columns = [
        Column(words("Amt")),
        Column(kpi.label, is_number=True),
        Column(words("Spanne"), is_number=True),
        Column(words("Vorjahr"), is_number=True),
        Column(words("Gegenüber dem Vorjahr")),
        Column(words("Gegenüber den anderen Ämtern")),
    ]
    rows = [
        [
            side.name,
            value_words(words, side.kpi, side.figure),
            range_words(words, side.kpi, side.figure) or words("nicht berechnet"),
            value_words(words, side.kpi, side.before),
            _since(view, side),
            _among(view, side, sides),
        ]
        for side in sides
    ]
    return table(title, columns, rows, is_caption_visible=False, is_stacked=True)


def _since(view: View, side: Side) -> str:
    if side.figure.value is None or side.before is None:
        return view.words("kein Vergleich")
    return view.words(_VERDICTS[_verdict(view, side, side.before)])


def _verdict(view: View, side: Side, other: Figure) -> Verdict:
    base = view.city.publish.rounding_base
    return compare(side.figure, other, side.kpi.kind, base=base)


def _among(view: View, side: Side, sides: Sequence[Side]) -> str:
    """Name the offices that this one cannot be told from."""
    words = view.words
    if side.figure.value is None:
        return words("kein Vergleich")
    by_verdict: dict[Verdict, list[str]] = {}
    for other in sides:
        if other is not side and other.figure.value is not None:
            verdict = _verdict(view, side, other.figure)
            by_verdict.setdefault(verdict, []).append(other.name)
    alike = by_verdict.get("indistinguishable", [])
    unknown = by_verdict.get("unknown", [])
    if not alike and "different" in by_verdict:
        said = [words("von allen sicher verschieden") if not unknown
                else words("sonst von allen sicher verschieden")]  # fmt: skip
    elif alike and "different" not in by_verdict:
        said = [words("von keinem sicher verschieden")]
    elif alike:
        names = words.listing(alike)
        said = [words("nicht sicher verschieden von: {names}", names=names)]
    else:
        said = []
    if unknown:
        names = words.listing(unknown)
        said.append(words("nicht zu beurteilen: {names}", names=names))
    return "; ".join(said) or words("kein Vergleich")


def _origin(view: View, kpi: KpiWords) -> html.Details:
    words = view.words
    rule = (
        words(
            "Der Unterschied zweier Anteile gilt als sicher, wenn seine Spanne (95 %,"
            " nach Newcombe) die Null nicht enthält, auch wenn man bedenkt, dass die"
            " Anzahlen gerundet sind."
        )
        if kpi.kind == "share"
        else words(
            "Der Unterschied zweier Werte gilt als sicher, wenn sich ihre Spannen"
            " (95 %) nicht überschneiden."
        )
    )
    caution = words(
        "Bei sehr vielen Vergleichen kann ein Unterschied auch durch Zufall sicher"
        " erscheinen."
    )
    return origin(
        view,
        [
            (words("Was sie bedeutet"), kpi.definition),
            (words("Wer gezählt wird"), kpi.population),
            (words("Was nicht mitzählt"), kpi.left_out),
            (words("Formel"), html.Code(kpi.formula, lang="en")),
            (words("Wann ein Unterschied sicher ist"), f"{rule} {caution}"),
        ],
        view.addresses.method(kpi.id),
    )
