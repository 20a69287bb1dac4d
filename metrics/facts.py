"""Every kind of facts, and the function that reads its rows from the warehouse."""

from collections.abc import Callable, Mapping
from typing import Final

from metrics.bands import count_day_bands, count_minute_bands
from metrics.book import keep_book
from metrics.cases import count_decisions, count_receipts
from metrics.contacts import count_contacts
from metrics.costs import count_case_costs, count_visit_costs
from metrics.estimates import count_estimates
from metrics.looks import count_hours
from metrics.measure import Facts
from metrics.online_services import count_services
from metrics.ratings import count_answers
from metrics.reading import Reading
from metrics.searches import count_searches
from metrics.slots import count_slots
from metrics.spans import Counted
from metrics.ticket_hours import count_ticket_hours
from metrics.verdicts import count_verdicts
from metrics.visits import count_visits

# None where the city has no such rows.
FACTS: Final[Mapping[Facts, Callable[[Reading], Counted | None]]] = {
    "visits": count_visits,
    "searches": count_searches,
    "slots": count_slots,
    "hours": count_hours,
    "ticket_hours": count_ticket_hours,
    "minute_bands": count_minute_bands,
    "day_bands": count_day_bands,
    "estimates": count_estimates,
    "decisions": count_decisions,
    "receipts": count_receipts,
    "book": keep_book,
    "contacts": count_contacts,
    "answers": count_answers,
    "visit_costs": count_visit_costs,
    "case_costs": count_case_costs,
    "services": count_services,
    "verdicts": count_verdicts,
}
