"""Filters: plain forms and links, so that every view has an address."""

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html

from dashboard.components.aria import aria
from dashboard.view import View


@dataclass(frozen=True)
class Choice:
    value: str  # "" is the default and is left out of the address
    label: str


@dataclass(frozen=True)
class Select:
    """One drop-down list of a filter form; `name` is the query parameter."""

    name: str
    label: str
    choices: Sequence[Choice]
    chosen: str | None = None  # what is shown; None: what the address says


def filter_form(view: View, selects: Sequence[Select]) -> html.Form:
    """Build a form that reloads this page with the chosen values in its address.

    It needs no JavaScript; where there is some, the takeover script changes the
    page in place. Put all filters of a page into one form, since a form replaces the
    whole query. The chosen values are read from `view.query`.
    """
    fields = [_field(view, select) for select in selects]
    button = html.Button(
        html.Span(view.words("Anzeigen"), className="kern-label"),
        type="submit",
        # Keeps the focus where a choice brings another field before it.
        id="filter-anzeigen",
        className="kern-btn kern-btn--primary",
    )
    return html.Form(
        [*fields, html.Div(button, className="filter-submit")],
        method="get",
        action=view.addresses.to(view.path),
        className="filters",
        role="search",
        **aria(label=view.words("Auswahl")),
    )


def choice_links(
    label: str, choices: Sequence[tuple[str, str]], current: str
) -> html.Nav:
    """Build a row of links of which one is current: pairs of address and words.

    `current` is the address of the view that is shown. Good for two to six choices.
    """
    items = [
        html.Li(
            html.A(
                words,
                href=address,
                className="choice",
                **aria(current="true" if address == current else None),
            )
        )
        for address, words in choices
    ]
    return html.Nav(
        html.Ul(items, className="choices", role="list"), **aria(label=label)
    )


def _field(view: View, select: Select) -> html.Div:
    chosen = select.chosen
    if chosen is None:
        chosen = view.query.get(select.name, "")
    field = f"filter-{select.name}"
    # A new key makes React build the options anew, with the new one selected.
    options = [
        html.Option(
            choice.label,
            value=choice.value,
            selected=choice.value == chosen,
        )
        for choice in select.choices
    ]
    control = html.Select(
        options,
        id=field,
        name=select.name,
        key=f"{field}-{chosen}",
        className="kern-form-input__select",
    )
    return html.Div(
        [
            html.Label(select.label, htmlFor=field, className="kern-label"),
            html.Div(control, className="kern-form-input__select-wrapper"),
        ],
        className="kern-form-input filter-field",
    )
