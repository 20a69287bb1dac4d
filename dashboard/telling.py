"""A sentence for any figure of a snapshot: its value and its change in a year."""

import polars as pl

from dashboard.comparable import days_of, year_before
from dashboard.reading import Figure, KpiWords, read_figures
from dashboard.selection import is_pooled, kpi_words
from dashboard.sentences import headline
from dashboard.view import View


class Teller:
    """Tells the figures of one snapshot in one language, as pages do."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._kpis: dict[tuple[str, str | None], KpiWords | None] = {}

    def sentence(self, figure: Figure) -> str | None:
        """Say a figure; None where the snapshot does not know its KPI."""
        kpi = self._kpi(figure)
        return None if kpi is None else told(self._view, kpi, figure)

    def _kpi(self, figure: Figure) -> KpiWords | None:
        key = (figure.kpi, figure.office)
        if key not in self._kpis:
            self._kpis[key] = kpi_words(self._view, *key)
        return self._kpis[key]


def told(view: View, kpi: KpiWords, figure: Figure) -> str:
    """Say a figure beside the one of the year before."""
    said = headline(
        view.words,
        kpi,
        figure,
        year_before(view, figure),
        days=days_of(view, kpi, figure),
        base=view.city.publish.rounding_base,
    )
    if figure.value is None or not is_pooled(view.city, kpi.id, figure.office):
        return said
    mixed = view.words("Der Wert mischt Ämter mit sehr verschiedenen Aufgaben.")
    return f"{said} {mixed}"


def with_sentences(view: View, figures: pl.DataFrame) -> pl.DataFrame:
    """Add to figures of this snapshot what each of them says."""
    teller = Teller(view)
    said = [teller.sentence(each) for each in read_figures(figures)]
    return figures.with_columns(sentence=pl.Series(said, dtype=pl.String))
