"""How to reach whoever answers for the site."""

from dash import html
from dash.development.base_component import Component

from dashboard.view import View


def contact_lines(view: View) -> list[Component]:
    """Give name, mail, telephone and web address, as far as the city file has them."""
    words, contact = view.words, view.city.info.contact
    lines: list[Component] = [html.P(contact.name)]
    if contact.mail:
        link = html.A(
            contact.mail, href=f"mailto:{contact.mail}", className="kern-link"
        )
        lines.append(html.P([f"{words('E-Mail')}: ", link]))
    if contact.phone:
        number = contact.phone.replace(" ", "")
        link = html.A(contact.phone, href=f"tel:{number}", className="kern-link")
        lines.append(html.P([f"{words('Telefon')}: ", link]))
    if contact.url:
        link = html.A(contact.url, href=contact.url, className="kern-link")
        lines.append(html.P([f"{words('Internet')}: ", link]))
    return lines
