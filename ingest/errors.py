"""What can go wrong on the way in; each message says what to do next.

A message may name a source, a column, a count or a rule, never what a row says.
"""


class IngestError(Exception):
    """The base of all errors of this layer."""


class SourceUnavailable(IngestError):  # noqa: N818 - says what is the matter
    """The source does not answer, or its file cannot be read."""

    def __init__(self, message: str, http_status: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status


class SourceChanged(IngestError):  # noqa: N818 - says what is the matter
    """The source has other columns, fields or words than its mapping knows."""


class DeliveryRefused(IngestError):  # noqa: N818 - says what is the matter
    """The delivery as a whole cannot be trusted."""


class WarehouseLocked(IngestError):  # noqa: N818 - says what is the matter
    """Another process holds the warehouse."""


class UnknownSource(IngestError):  # noqa: N818 - says what is the matter
    """The city file has no source of that name."""


class UnknownTable(IngestError):  # noqa: N818 - says what is the matter
    """There is no template for a table of that name."""
