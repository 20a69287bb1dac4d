"""A judgement in one or two words; colour and icon only repeat what the word says."""

from typing import Literal

from dash import html

from dashboard.components.aria import aria

Kind = Literal["success", "warning", "danger", "info", "neutral"]


def badge(kind: Kind, word: str) -> html.Span:
    """Say a judgement: `badge("success", words("Ziel erreicht"))`."""
    return html.Span(
        [icon(kind), html.Span(word, className="kern-label")]
        if kind != "neutral"
        else [html.Span(word, className="kern-label")],
        className=f"kern-badge kern-badge--{kind} badge",
    )


def icon(name: str) -> html.Span:
    """One of KERN's icons, silent for screen readers: a word must stand beside it."""
    return html.Span(className=f"kern-icon kern-icon--{name}", **aria(hidden="true"))
