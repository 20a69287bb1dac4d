"""How counts hang together: what an outsider may add up and subtract.

A name is a KPI and means what its n counts; `kpi:numerator` is those of them that its
numerator counts, `kpi:rest` the others. Sums over offices, months and quarters, that a
share's two sides make its n, and which KPIs count by the same expression, need not be
said here.
"""

from collections.abc import Mapping
from typing import Final

# As many of one as of the other, though counted in other words.
SAME: Final = (
    ("waiting.median_minutes", "waiting.mean_minutes"),
    ("waiting.visits", "waiting.left_share:rest"),
    ("contacts.offered", "contacts.answered_share"),
    ("contacts.answered_share:numerator", "contacts.solved_first_share"),
    ("backlog.open", "backlog.reach_working_days:numerator"),
)

# A whole and all its parts.
SUMS: Final[Mapping[str, tuple[str, ...]]] = {
    "waiting.left_share": ("waiting.visits", "waiting.left_share:numerator"),
    "satisfaction.answers": (
        *("satisfaction.very_satisfied", "satisfaction.satisfied"),
        "satisfaction.neither",
        *("satisfaction.dissatisfied", "satisfaction.very_dissatisfied"),
    ),
    "satisfaction.satisfied_share:numerator": (
        *("satisfaction.very_satisfied", "satisfaction.satisfied"),
    ),
    "satisfaction.satisfied_share:rest": (
        "satisfaction.neither",
        *("satisfaction.dissatisfied", "satisfaction.very_dissatisfied"),
    ),
    "contacts.service_level": (
        *("contacts.answered_share:numerator", "contacts.abandoned_share:numerator"),
    ),
    "backlog.open": (
        *("backlog.with_office", "backlog.with_applicant"),
        "backlog.with_third_party",
    ),
}

# A whole and some of its parts.
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "contacts.offered": (
        *("contacts.answered_share:numerator", "contacts.abandoned_share:numerator"),
    ),
    "backlog.decided": ("processing.median_days_decided",),
    "processing.median_days_decided": ("processing.median_net_days_decided",),
    "backlog.received": ("digital.online_share",),
    "backlog.open": ("backlog.older_than_3_months",),
}

# On one day, or of the time up to one: the next month's are no further ones.
AT_ONE_MOMENT: Final = frozenset(
    {
        "backlog.old_case_percent",
        "backlog.reach_working_days",
        "processing.expected_days",
    }
)
