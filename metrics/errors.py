"""What may go wrong with figures, in words for whoever runs a city."""


class MetricsError(Exception):
    """Something that is expected to happen; its text says what to do."""
