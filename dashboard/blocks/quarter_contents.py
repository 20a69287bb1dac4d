"""Which figures a quarter shows, and which of them stand side by side."""

from typing import Final

from dashboard.texts import german

HEADLINES: Final = (
    "waiting.median_minutes",
    "waiting.share_within_target",
    "waiting.visits",
    "waiting.hours_waited",
    "waiting.no_show_share",
    "queue.median_wait_minutes",
    "processing.expected_days",
    "backlog.open",
    "processing.share_within_deadline",
)
TABLES: Final = (
    (
        "wartezeit",
        german("Wartezeiten"),
        (
            "waiting.median_minutes",
            "waiting.p90_minutes",
            "waiting.mean_minutes",
            "waiting.share_within_target",
        ),
    ),
    (
        "besuche",
        german("Besuche"),
        (
            "waiting.visits",
            "waiting.no_show_share",
            "waiting.left_share",
            "waiting.hours_waited",
        ),
    ),
    (
        "anzeige",
        german("Angezeigte Wartezeiten"),
        (
            "queue.median_wait_minutes",
            "queue.p90_wait_minutes",
            "queue.median_waiting_people",
            "queue.hours_observed",
        ),
    ),
    (
        "klassen",
        german("Geschätzt aus Klassen"),
        (
            "bands.median_minutes",
            "bands.p90_minutes",
            "bands.share_within_target",
            "bands.median_days",
            "bands.p90_days",
        ),
    ),
    (
        "termine",
        german("Termine"),
        (
            "appointments.median_lead_days",
            "appointments.share_booked_within_14_days",
            "appointments.median_days_to_next_free",
            "appointments.share_offered_within_14_days",
            "appointments.search_success_share",
            "appointments.capacity_used_percent",
        ),
    ),
    (
        "platz",
        german("Am Platz"),
        (
            "visit.median_walk_minutes",
            "visit.median_desk_minutes",
            "visit.p90_desk_minutes",
        ),
    ),
    (
        "ausverkauft",
        german("Ausgegangene Wartenummern"),
        (
            "sold_out.share_of_hours",
            "sold_out.days",
            "sold_out.median_minutes_after_opening",
        ),
    ),
    (
        "eingang",
        german("Eingang und Erledigung"),
        ("backlog.received", "backlog.decided", "backlog.clearance_percent"),
    ),
    (
        "offen",
        german("Bestand"),
        (
            "backlog.open",
            "backlog.older_than_deadline",
            "backlog.older_than_3_months",
            "backlog.reach_working_days",
        ),
    ),
    (
        "dauer",
        german("Bearbeitungsdauer"),
        (
            "processing.expected_days",
            "processing.share_within_deadline",
            "processing.median_days_decided",
            "processing.median_net_days_decided",
            "processing.p80_days_decided",
        ),
    ),
    (
        "online",
        german("Online-Dienste"),
        (
            "digital.online_share",
            "digital.end_to_end_share",
            "digital.services_online",
            "digital.level_4_share_model_20",
        ),
    ),
)
# Apart, since a service with visits need not have applications, nor the other way.
SERVICE_TABLES: Final = (
    (
        "besuche",
        german("{office}: Besuche nach Leistung"),
        (
            "waiting.visits",
            "waiting.median_minutes",
            "waiting.p90_minutes",
            "waiting.no_show_share",
            "visit.median_desk_minutes",
        ),
    ),
    (
        "termine",
        german("{office}: Termine nach Leistung"),
        (
            "appointments.median_lead_days",
            "appointments.share_booked_within_14_days",
            "appointments.median_days_to_next_free",
            "appointments.search_success_share",
        ),
    ),
    (
        "faelle",
        german("{office}: Bearbeitung nach Leistung"),
        (
            "backlog.received",
            "backlog.decided",
            "backlog.open",
            "processing.expected_days",
            "processing.share_within_deadline",
        ),
    ),
)
