"""What a page may load and do: everything from here, nothing inline, nothing from elsewhere."""

from collections.abc import Mapping
from typing import Final

PAGE_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""Content security policy of every page. Charts set styles through scripts, which it allows."""


def page_headers() -> Mapping[str, str]:
    """Headers of a page, beside those that every answer gets anyway; a page is not kept by anybody's cache."""
    return {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"}
