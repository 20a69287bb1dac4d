"""The list of services: whether each is online, how mature, by which model and when."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboard.components.chart_block import disclosure
from dashboard.components.section import section
from dashboard.components.table import Cell, Column, table
from dashboard.selection import Population
from dashboard.view import View
from ingest.city import HIGHEST_MATURITY

_State = Mapping[str, Any]


def states_of(view: View, population: Population) -> list[_State]:
    """Give what is known of each service, in the order of the city file."""
    frame = view.snapshot.frames["online_services"].filter(
        pl.col("is_online").is_not_null() | pl.col("maturity").is_not_null()
    )
    if population.office is not None:
        frame = frame.filter(pl.col("office") == population.office)
    known = {row["service"]: row for row in frame.iter_rows(named=True)}
    return [known[service.id] for service in view.city.services if service.id in known]


def online_list(view: View, population: Population) -> Component | None:
    """List the services; what nobody says of one is said to be unknown."""
    words, states = view.words, states_of(view, population)
    if not states:
        return None
    heading = words("Die Leistungen im Einzelnen")
    with_office = population.office is None and len(view.city.offices) > 1
    columns = [
        Column(words("Leistung")),
        Column(words("Online")),
        Column(words("Reifegrad")),
        Column(words("Eingestuft")),
    ]
    rows = [_row(view, each, with_office=with_office) for each in states]
    caption = f"{heading}, {population.name(view)}"
    shown = table(caption, columns, rows, is_caption_visible=False, is_stacked=True)
    return section(
        heading,
        html.P(
            words(
                "Der Reifegrad sagt, wie weit eine Leistung digital ist. Ab Stufe 4"
                " geht es von Anfang bis Ende ohne Papier. Die Stufen des Modells 1.1"
                " (0 bis 4) und des Modells 2.0 (0 bis 7) bedeuten Verschiedenes und"
                " lassen sich nicht vergleichen."
            )
        ),
        disclosure(
            words("Als Tabelle: {title}", title=heading), [shown], kind="folds-on-phone"
        ),
        id="leistungen",
    )


def _row(view: View, state: _State, *, with_office: bool) -> list[Cell]:
    city, language = view.city, view.language
    service = city.service(state["service"]).name.in_language(language)
    office = city.office(state["office"]).name.in_language(language)
    return [
        _two_lines(service, office) if with_office else service,
        _online(view, state),
        _maturity(view, state),
        _rated(view, state),
    ]


def _online(view: View, state: _State) -> Cell:
    words = view.words
    if state["is_online"] is None:
        return html.Span(words("Keine Angabe"), className="cell-missing")
    said = words("Ja") if state["is_online"] else words("Nein")
    if state["observed_on"] == state["rated_on"]:
        return said  # the last column tells the day of both
    seen = words("Stand {day}", day=words.short_date(state["observed_on"]))
    return _two_lines(said, seen)


def _maturity(view: View, state: _State) -> Cell:
    words = view.words
    if state["maturity"] is None:
        return html.Span(words("Keine Angabe"), className="cell-missing")
    model = state["maturity_model"]
    level = words.number(state["maturity"])
    if model in HIGHEST_MATURITY:
        highest = words.number(HIGHEST_MATURITY[model])
        said = words("Stufe {level} von {highest}", level=level, highest=highest)
    else:
        said = words("Stufe {level}", level=level)
    return _two_lines(said, words("Modell {model}", model=model))


def _rated(view: View, state: _State) -> Cell:
    words = view.words
    if state["rated_on"] is None:
        return html.Span(words("Keine Angabe"), className="cell-missing")
    publishers = {source.id: source.publisher for source in view.city.sources}
    said = publishers.get(state["rated_by"], words("Angabe der Stadt"))
    return _two_lines(words.short_date(state["rated_on"]), said)


def _two_lines(said: str, below: str) -> Component:
    return html.Div(
        [html.Span(said), html.Span(below, className="cell-note")], className="cell"
    )
