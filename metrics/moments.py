"""How a moment is written in a snapshot: ISO 8601, UTC, whole seconds, with a Z."""

from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")


def parse_moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
