"""Logs of the running system: one line a happening, as text or as JSON, to standard error."""

import logging
import sys
from typing import Any, Final

import structlog

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def _name_level(_logger: Any, method: str, event: Any) -> Any:
    event["level"] = "error" if method == "exception" else method
    return event


def set_up_logs(level: str, format: str) -> None:
    """Have logs written.

    Parameters
    ----------
    level : {"debug", "info", "warning", "error"}
    format : {"text", "json"}
    """
    is_json = format == "json"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _name_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True)
            if is_json
            else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=_LEVELS[level] if level != "info" else logging.WARNING)
