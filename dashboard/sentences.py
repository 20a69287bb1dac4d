"""Headlines computed from the same figures as the table below them."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from dashboard.comparable import Days, is_comparable
from dashboard.i18n import Words, german
from dashboard.reading import (
    FEW,
    Figure,
    KpiWords,
    value_words,
)
from dashboard.statements import statement
from metrics.catalogue import in_number
from metrics.comparison import compare
from metrics.small_numbers import THINGS

_AMOUNT: Final = (
    german("{difference} weniger als im Vorjahr"),
    german("{difference} mehr als im Vorjahr"),
)
_STOCK: Final = (
    german("das [ist|sind] {difference} weniger als im Vorjahr"),
    german("das [ist|sind] {difference} mehr als im Vorjahr"),
)
_PER_DAY: Final = (
    german("je Öffnungstag {difference} weniger als im Vorjahr"),
    german("je Öffnungstag {difference} mehr als im Vorjahr"),
)


# Then the data simply do not reach back so far.
_NO_YEAR_BEFORE: Final = frozenset({None, "no_rows", "history_too_short"})


def headline(
    words: Words,
    kpi: KpiWords,
    figure: Figure,
    before: Figure | None = None,
    *,
    days: Days | None = None,
    base: int = 5,
) -> str:
    """Say a figure and its change in one or two sentences."""
    if figure.value is None:
        period = words.period(figure.grain, figure.period_start)
        why = value_words(words, kpi, figure)
        return words(
            "{label}, {period}: {why}.", label=kpi.label, period=period, why=why
        )
    said = statement(words, kpi, figure)
    change = change_words(words, kpi, figure, before, days=days, base=base)
    sentence = f"{said}, {change}." if change else f"{said}."
    return " ".join([sentence, *_cautions(words, kpi, figure, before, base)])


def change_words(
    words: Words,
    kpi: KpiWords,
    now: Figure,
    before: Figure | None,
    *,
    days: Days | None = None,
    base: int = 5,
) -> str | None:
    """Say the change since the year before; None where nothing certain can be said."""
    if before is None or now.value is None or before.value is None:
        return None
    if now.is_bound or before.is_bound or now.is_provisional or before.is_provisional:
        return None
    if not is_comparable(kpi, now, before, days):
        return None
    if now.value != before.value and min(now.value, before.value) <= 0:
        # "100 % weniger", or "4 Minuten mehr" than minus 20, would be a riddle.
        return words("im Vorjahr {value}", value=value_words(words, kpi, before))
    if kpi.is_count:
        return _count_change(words, kpi, now.value, before.value, days, base)
    return _change(words, kpi, now, before, base)


def _change(
    words: Words, kpi: KpiWords, now: Figure, before: Figure, base: int
) -> str | None:
    difference = round(_value(now), kpi.decimals) - round(_value(before), kpi.decimals)
    if difference == 0 and kpi.is_time:
        return words("genauso lange wie im Vorjahr")
    if difference == 0:
        return words("genauso viel wie im Vorjahr")
    if compare(now, before, kpi.kind, base=base) == "indistinguishable":
        return None
    unit = "points" if kpi.unit == "percent" else kpi.unit
    said = words.quantity(abs(difference), unit, kpi.decimals)
    return words(_AMOUNT[difference > 0], difference=said)


def year_before_words(
    words: Words,
    kpi: KpiWords,
    now: Figure,
    before: Figure | None,
    *,
    days: Days | None = None,
    base: int = 5,
) -> str:
    """Say the comparison in few words, for a tile or a table's cell."""
    if now.is_provisional:
        return words("Noch kein Vergleich")
    if before is None or (before.value is None and before.reason in _NO_YEAR_BEFORE):
        return words("Kein Wert aus dem Vorjahr")
    if before.value is None:
        return words("Vorjahr: {value}", value=value_words(words, kpi, before))
    change = change_words(words, kpi, now, before, days=days, base=base)
    if change:
        return change[0].upper() + change[1:]
    value = value_words(words, kpi, before)
    if now.is_bound or before.is_bound:
        return words("Vorjahr: {value}", value=value)
    if not is_comparable(kpi, now, before, days):
        return words("Vorjahr: {value}, nicht vergleichbar", value=value)
    return words("Vorjahr: {value}, Unterschied nicht sicher", value=value)


def target_sentence(
    words: Words, kpi: KpiWords, figure: Figure, decided_by: str, since: date
) -> str | None:
    """Say whether the target is reached, who set it and since when."""
    if figure.value is None or figure.target is None:
        return None
    goal = words.quantity(figure.target, kpi.unit, kpi.decimals)
    if kpi.direction == "higher_is_better":
        reached = figure.value >= figure.target
        goal = words("mindestens {value}", value=goal)
    else:
        reached = figure.value <= figure.target
        goal = words("höchstens {value}", value=goal)
    template = (
        german("Das Ziel ({goal}) ist erreicht. Gesetzt: {who}, gültig seit {since}.")
        if reached
        else german(
            "Das Ziel ({goal}) ist nicht erreicht. Gesetzt: {who}, gültig seit {since}."
        )
    )
    return words(template, goal=goal, who=decided_by, since=words.date(since))


def chart_description(
    words: Words, kpi: KpiWords, title: str, figures: Sequence[Figure]
) -> str:
    """Say in words what a chart of one series shows: ends, extremes, gaps."""
    shown = [figure for figure in figures if figure.value is not None]
    if not shown:
        return words("{title}: keine Werte.", title=title)
    lowest = min(shown, key=_value)
    highest = max(shown, key=_value)

    def at(figure: Figure) -> str:
        period = words.period(figure.grain, figure.period_start)
        return f"{value_words(words, kpi, figure)} ({period})"

    parts = [
        words(
            "{title}, {first} bis {last}.",
            title=title,
            first=words.period(figures[0].grain, figures[0].period_start),
            last=words.period(figures[-1].grain, figures[-1].period_start),
        ),
        words(
            "Niedrigster Wert {lowest}, höchster {highest}, letzter {latest}.",
            lowest=at(lowest),
            highest=at(highest),
            latest=at(shown[-1]),
        ),
    ]
    gaps = len(figures) - len(shown)
    if gaps:
        parts.append(
            words.plural("Für {n} Zeitraum gibt es keinen Wert.",
                         "Für {n} Zeiträume gibt es keinen Wert.", gaps)
        )  # fmt: skip
    return " ".join(parts)


def _value(figure: Figure) -> float:
    return figure.value if figure.value is not None else 0.0


def _count_change(
    words: Words,
    kpi: KpiWords,
    now: float,
    before: float,
    days: Days | None,
    base: int,
) -> str:
    """Say the change of a count; published counts are rounded to `base`."""
    same = words("etwa so viel wie im Vorjahr")
    if not kpi.is_flow:
        difference = round(now) - round(before)  # of the numbers shown
        # Two rounded counts can differ by one step without any change.
        if abs(difference) <= (0 if kpi.counts in THINGS else base):
            return same
        said = words.quantity(abs(difference), kpi.unit)
        template = words(_STOCK[difference > 0])
        is_one = abs(difference) == 1
        return in_number(template, is_one=is_one).format(difference=said)
    if before <= 0:  # then both are
        return same
    scale = days.before / days.now if days is not None else 1.0
    percent = (now * scale / before - 1) * 100
    blur = base / before * 100
    if abs(percent) < max(1.0, blur):
        return same
    said = words.percent(abs(percent))
    return words((_PER_DAY if days else _AMOUNT)[percent > 0], difference=said)


def _is_unclear(kpi: KpiWords, now: Figure, before: Figure | None, base: int) -> bool:
    """Tell whether two values differ, but not by enough to be sure."""
    if before is None or now.value is None or before.value is None:
        return False
    if round(now.value, kpi.decimals) == round(before.value, kpi.decimals):
        return False
    return compare(now, before, kpi.kind, base=base) == "indistinguishable"


def _cautions(
    words: Words, kpi: KpiWords, figure: Figure, before: Figure | None, base: int
) -> list[str]:
    cautions = []
    if _is_unclear(kpi, figure, before, base) and before is not None:
        cautions.append(
            words(
                "Im Vorjahr: {value}. Der Unterschied ist zu klein, um sicher zu sein.",
                value=value_words(words, kpi, before),
            )
        )
    if figure.n is not None and figure.n < FEW and kpi.kind == "quantile":
        cautions.append(words("Das sind nur wenige Fälle."))
    if figure.is_provisional:
        cautions.append(words("Der Wert ist vorläufig."))
    elif before is not None and not is_comparable(kpi, figure, before):
        cautions.append(words("Mit dem Vorjahr nicht vergleichbar, weil Daten fehlen."))
    return cautions
