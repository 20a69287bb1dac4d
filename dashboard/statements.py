"""What the value of each KPI means, as a clause without a full stop."""

from typing import Final

from dashboard.i18n import Words, german
from dashboard.reading import Figure, KpiWords, is_instant, value_words

# Each says what the value means; `most` is "höchstens 14 Minuten" or "weniger als
# 1 Minute".
_SAID: Final = {
    "waiting.median_minutes": german("{period} wartete die Hälfte {most}"),
    "waiting.p90_minutes": german("{period} warteten neun von zehn {most}"),
    "waiting.mean_minutes": german("{period} wartete man im Durchschnitt {value}"),
    "waiting.share_within_target": german(
        "{period} kamen {value} innerhalb der Zielzeit an die Reihe"
    ),
    "waiting.visits": german("{period} gab es {value}"),
    "waiting.no_show_share": german(
        "{period} wurden {value} der Termine nicht wahrgenommen"
    ),
    "waiting.left_share": german(
        "{period} gingen {value} der Wartenden vor dem Aufruf"
    ),
    "waiting.hours_waited": german("{period} warteten alle zusammen {value}"),
    "queue.median_wait_minutes": german(
        "{period} betrug die angezeigte Wartezeit die Hälfte der Zeit {most}"
    ),
    "queue.p90_wait_minutes": german(
        "{period} betrug die angezeigte Wartezeit in neun von zehn Stunden {most}"
    ),
    "queue.median_waiting_people": german(
        "{period} warteten die Hälfte der Zeit höchstens {value}"
    ),
    "queue.hours_observed": german("{period} liegen Angaben für {value} vor"),
    "processing.median_days_decided": german(
        "{period} war die Hälfte der entschiedenen Fälle nach {most_dative} entschieden"
    ),
    "processing.p80_days_decided": german(
        "{period} waren vier von fünf entschiedenen Fällen nach {most_dative}"
        " entschieden"
    ),
    "processing.share_within_deadline": german(
        "{period} gingen Fälle ein, von denen {value} in der Frist entschieden wurden"
    ),
    "backlog.received": german("{period} gingen {value} ein"),
    "backlog.decided": german("{period} wurden {value} erledigt"),
    "backlog.open": german("Am {end} waren {value} offen"),
    "backlog.older_than_deadline": german(
        "Am {end} waren {value} länger offen, als die Frist vorsieht"
    ),
    "backlog.clearance_percent": german(
        "{period} wurden je 100 neue Fälle {number} erledigt"
    ),
    "backlog.reach_working_days": german("Am {end} lag Arbeit für {value} vor"),
}
_EXPECTED: Final = {
    "applications": german(
        "Stand {end}: Wer einen Antrag stellt, muss mit {about} rechnen"
    ),
    "reports": german("Stand {end}: Wer etwas meldet, muss mit {about} rechnen"),
    "cases": german(
        "Stand {end}: Was neu eingeht, ist voraussichtlich nach {about} fertig"
    ),
}


def statement(words: Words, kpi: KpiWords, figure: Figure) -> str:
    """Say what a figure means, without its change and without a full stop."""
    if kpi.id == "processing.expected_days":
        template = _EXPECTED[kpi.noun]
    elif kpi.id == "waiting.share_within_target" and kpi.limit is not None:
        template = german("{period} kamen {value} innerhalb von {limit} an die Reihe")
    else:
        template = _SAID.get(kpi.id, german("{period}, {label}: {value}"))
    dative = words.quantity(figure.value or 0, kpi.unit, kpi.decimals, case="dative")
    return words(
        template,
        period=words.in_period(figure.grain, figure.period_start),
        limit=words.quantity(kpi.limit or 0, "minutes", case="dative"),
        number=words.number(figure.value or 0, kpi.decimals),
        end=words.date(figure.period_end),
        label=kpi.label,
        value=value_words(words, kpi, figure),
        about=_about(words, kpi, figure, dative),
        most=_at_most(words, kpi, figure, value_words(words, kpi, figure)),
        most_dative=_at_most(words, kpi, figure, dative),
    )


def _about(words: Words, kpi: KpiWords, figure: Figure, said: str) -> str:
    if is_instant(kpi, figure):
        return words("weniger als {value}", value=words.quantity(1, kpi.unit))
    return words("rund {value}", value=said)


def _at_most(words: Words, kpi: KpiWords, figure: Figure, said: str) -> str:
    if is_instant(kpi, figure):
        return words("weniger als {value}", value=words.quantity(1, kpi.unit))
    return words("höchstens {value}", value=said)
