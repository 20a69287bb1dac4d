"""What the public site tells browsers not to do, and what it refuses to read."""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from flask import Flask, Response

# The site takes no uploads; Dash's own requests have a few hundred bytes.
LARGEST_REQUEST: Final = 64 * 1024

# Of the static <style> elements that Dash's bundles and plotly put into the page.
# tests/browser/test_security.py says what they must be after an update of Dash.
STYLE_HASHES: Final = Path(__file__).with_name("csp_style_hashes.json")

_HEADERS: Final = {
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(),"
    " geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(),"
    " payment=(), publickey-credentials-get=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}


def secure(server: Flask, script_hashes: Sequence[str]) -> None:
    """Send the headers with every answer and refuse large requests.

    `script_hashes` are Dash's (`app.csp_hashes()`), taken when all callbacks are known.
    """
    server.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    headers = {
        **_HEADERS,
        "Content-Security-Policy": content_security_policy(script_hashes),
    }

    def add_headers(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    server.after_request(add_headers)


def content_security_policy(script_hashes: Sequence[str]) -> str:
    """Allow what comes from this host and the inline pieces with these hashes."""
    styles = json.loads(STYLE_HASHES.read_text(encoding="utf-8"))
    directives = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *script_hashes],
        "style-src": ["'self'", *styles],
        "img-src": ["'self'", "data:"],  # KERN's icons are data: addresses
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(said)}" for name, said in directives.items())


def csp_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
