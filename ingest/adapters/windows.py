"""When a window of time that was loaded before is asked for again."""

from datetime import datetime
from typing import Final

from ingest.adapters.base import Loaded, Span

# A window that ended 100 days ago is asked again after 10 days: the past changes, too.
_AGE_PER_QUESTION: Final = 10


def is_due(known: Loaded | None, covers: Span, now: datetime) -> bool:
    """Tell whether to ask for a window: the newest always, older ones rarely."""
    if known is None:
        return True
    age = known.received_at - covers[1]
    return now - known.received_at >= age / _AGE_PER_QUESTION
