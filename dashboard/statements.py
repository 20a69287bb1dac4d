"""What the value of each KPI means, as a clause without a full stop."""

from typing import Final

from dashboard.i18n import Words, german
from dashboard.reading import Figure, KpiWords, is_instant, value_words
from metrics.catalogue import in_number

# Where a city's cases are neither applications nor reports.
_EXPECTED: Final = german(
    "Stand {end}: Was neu eingeht, ist voraussichtlich nach {about} fertig"
)
# The seconds in which a line promises to answer.
_ANSWERED_WITHIN: Final = german(
    "{period} [wurde|wurden] {value} der Anfragen innerhalb von {limit} angenommen"
)
_WITHIN: Final = german(
    "{period} [kam|kamen] {value} innerhalb von {limit} an die Reihe"
)


def statement(words: Words, kpi: KpiWords, figure: Figure) -> str:
    """Say what a figure means, without its change and without a full stop."""
    template = kpi.sentence
    if kpi.id == "processing.expected_days" and kpi.noun == "cases":
        template = words(_EXPECTED)
    elif kpi.id == "waiting.share_within_target" and kpi.limit is not None:
        template = words(_WITHIN)
    elif kpi.id == "contacts.service_level" and kpi.limit is not None:
        template = words(_ANSWERED_WITHIN)
    dative = _dative(words, kpi, figure)
    value = value_words(words, kpi, figure)
    is_one = round(figure.value or 0, kpi.decimals) == 1
    return in_number(template, is_one=is_one).format(
        period=words.in_period(figure.grain, figure.period_start),
        limit=words.quantity(kpi.limit or 0, limit_unit(kpi), case="dative"),
        number=words.number(figure.value or 0, kpi.decimals),
        end=words.date(figure.period_end),
        value=value,
        dative=dative,
        about=_about(words, kpi, figure, dative),
        most=_at_most(words, kpi, figure, value),
        most_dative=_at_most(words, kpi, figure, dative),
    )


def limit_unit(kpi: KpiWords) -> str:
    return "seconds" if kpi.family == "contacts" else "minutes"


def _dative(words: Words, kpi: KpiWords, figure: Figure) -> str:
    said = words.quantity(figure.value or 0, kpi.unit, kpi.decimals, case="dative")
    if figure.reason == "below":
        return words("unter {value}", value=said)
    if figure.reason == "above":
        return words("über {value}", value=said)
    return said


def _about(words: Words, kpi: KpiWords, figure: Figure, said: str) -> str:
    if figure.is_bound:
        return said
    if is_instant(kpi, figure):
        return words("weniger als {value}", value=words.quantity(1, kpi.unit))
    return words("rund {value}", value=said)


def _at_most(words: Words, kpi: KpiWords, figure: Figure, said: str) -> str:
    if figure.is_bound:
        return said
    if is_instant(kpi, figure):
        return words("weniger als {value}", value=words.quantity(1, kpi.unit))
    return words("höchstens {value}", value=said)
