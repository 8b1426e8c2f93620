"""gunicorn's logs: through the same filter, and lines of access without a query.

gunicorn logs before Django is there, so the box's logging is set up here first.
"""

import logging
from typing import Any

from gunicorn.glogging import Logger as Base

from appliance.logs import setup


class Logger(Base):  # type: ignore[misc]
    """Given to gunicorn by appliance.gunicorn_conf."""

    def setup(self, cfg: Any) -> None:
        """No handlers of its own: the box's is on the root."""
        setup.configure(setup.from_environment("line"))
        for log in (self.error_log, self.access_log):
            log.propagate, log.handlers = True, []
        self.error_log.setLevel(self.LOG_LEVELS.get(cfg.loglevel.lower(), logging.INFO))
        self.access_log.setLevel(logging.INFO)

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> None:
        """One line: method, path, status, bytes, milliseconds."""
        self.access_log.info(
            "%s %s %s, %s bytes, %d ms",
            environ.get("REQUEST_METHOD", ""),
            environ.get("PATH_INFO", ""),
            str(resp.status).split(" ")[0],
            getattr(resp, "sent", 0),
            request_time.total_seconds() * 1000,
        )
