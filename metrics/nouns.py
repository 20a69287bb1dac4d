"""What a city's cases are called: applications, or what its residents report."""

from collections.abc import Mapping
from typing import Final

from ingest.city import City
from ingest.sources import Open311Source
from metrics.catalogue import Kpi, KpiText

_OF_REPORTS: Final[Mapping[str, Mapping[str, str]]] = {
    "de": {
        "einen Antrag stellt": "etwas meldet",
        "Antragsteller": "Meldenden",
        "der Antrag": "die Meldung",
        "Anträgen": "Meldungen",
        "je entschiedenem Antrag": "je erledigter Meldung",
        "ein entschiedener Antrag": "eine erledigte Meldung",
        "Anträge": "Meldungen",
        "doppelt gestellte": "doppelte",
        "doppelt gestellt": "doppelt",
        "entschieden": "erledigt",
        "Entscheidung": "Erledigung",
    },
    "en": {
        "Whoever applies": "Whoever reports something",
        "whoever applies": "whoever reports something",
        "a decided application": "a closed report",
        "A decided application": "A closed report",
        "per decided application": "per closed report",
        "applicant": "person who reported",
        "applications": "reports",
        "application": "report",
        "Applications": "Reports",
        "decided": "closed",
        "Decided": "Closed",
        "to decision": "to closing",
    },
}


def only_reports(city: City) -> bool:
    """Whether all cases of a city are reports, so that nobody applies for anything."""
    told_by = [source for source in city.sources if source.table == "cases"]
    services = all(service.is_report for service in city.services)
    return bool(told_by) and all(
        isinstance(source, Open311Source) or (services and bool(city.services))
        for source in told_by
    )


def as_reports(text: str, language: str) -> str:
    """Say of reports what a definition says of applications."""
    for word, instead in _OF_REPORTS[language].items():
        text = text.replace(word, instead)
    return text


def in_words_of(city: City, kpi: Kpi) -> Kpi:
    """Give a definition in the words for what the city's cases are."""
    if not only_reports(city):
        return kpi
    texts = {
        language: KpiText(
            **{
                name: as_reports(words, language)
                for name, words in text.model_dump().items()
            }
        )
        for language, text in kpi.texts.items()
    }
    return kpi.model_copy(update={"texts": texts})
