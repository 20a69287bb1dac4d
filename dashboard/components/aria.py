"""ARIA attributes as Dash wants them: aria(label=…) for aria-label=…."""

from typing import Any


def aria(**values: str | None) -> dict[str, Any]:
    """Keywords for a component; those that are None are left out."""
    return {f"aria-{name}": said for name, said in values.items() if said is not None}
