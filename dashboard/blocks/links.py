"""Where an office or a service is named, it leads to its page."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.section import section
from dashboard.selection import Population
from dashboard.view import View
from ingest.city import Service


def office_link(view: View, office: str) -> Component:
    return html.A(
        view.city.office(office).name.in_language(view.language),
        href=view.addresses.office(office),
        className="kern-link",
    )


def service_link(view: View, service: Service) -> Component:
    return html.A(
        service.name.in_language(view.language),
        href=view.addresses.service(service.id),
        className="kern-link",
    )


def service_rows(view: View, office: str) -> list[tuple[Component, Population]]:
    """Head the rows of a table of an office's services."""
    return [
        (service_link(view, each), Population(office, each.id))
        for each in view.city.services_of(office)
    ]


def all_services(view: View) -> Component | None:
    """List every service of the city by its name; None where it names none."""
    services = sorted(
        view.city.services, key=lambda each: each.name.in_language(view.language)
    )
    if not services:
        return None
    items = [html.Li(service_link(view, each)) for each in services]
    return section(
        view.words("Wie lange dauert mein Anliegen?"),
        html.Ul(items, className="service-links", role="list"),
        id="leistungen",
    )
