"""What LOGGING is, and the ways out of a process beside logging that are closed as well."""

import logging
import logging.config
import os
import sys
import threading
import types
from typing import Any

from appliance import env
from appliance.logs.records import trace

logger = logging.getLogger("appliance.unhandled")


def from_environment(default_style: str = "json") -> dict[str, Any]:
    """The setting LOGGING: everything to standard error, through the one filter."""
    level = env.choice("CONNECTOR_LOG_LEVEL", ["DEBUG", "INFO", "WARNING", "ERROR"], default="INFO")
    style = env.choice("CONNECTOR_LOG_FORMAT", ["json", "line"], default=default_style)
    formatter = "appliance.logs.lines.Json" if style == "json" else "appliance.logs.lines.Line"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"written": {"()": formatter}},
        "handlers": {
            "stderr": {"()": "appliance.logs.records.StandardError", "formatter": "written"}
        },
        "root": {"handlers": ["stderr"], "level": level},
        # Django would add handlers of its own to these, and one that sends mails.
        "loggers": {
            name: {"handlers": [], "propagate": True, "level": "NOTSET"}
            for name in ("django", "django.server", "django.request", "django-q")
        },
    }


def configure(config: dict[str, Any]) -> None:
    """The setting LOGGING_CONFIG names this. Warnings and exceptions that nobody caught are
    log records like any other.
    """
    logging.config.dictConfig(config)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # handlers of libraries, too, say nothing of what failed
    sys.excepthook = _unhandled
    threading.excepthook = _in_thread
    sys.unraisablehook = _unraisable
    os.environ.pop("PYTHONFAULTHANDLER", None)


def _unhandled(
    kind: type[BaseException], exc: BaseException, tb: types.TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logger.critical("nobody caught this", exc_info=(kind, exc, tb))


def _in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        logger.error("a thread ended: %s", trace(args.exc_value))


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    if args.exc_value is not None:
        logger.error("an exception could not be raised: %s", trace(args.exc_value))
