"""What Django says of an exception, by page or by text: the traceback alone, and redacted.

Neither settings nor request nor the values of variables: also where DEBUG is on.
"""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter

from appliance.logs.records import trace


class Reporter(ExceptionReporter):
    """Named by DEFAULT_EXCEPTION_REPORTER."""

    def get_traceback_html(self) -> SafeString:
        return format_html("<!doctype html><title>Error</title><pre>{}</pre>", self._trace())

    def get_traceback_text(self) -> str:  # type: ignore[override]
        return self._trace()

    def _trace(self) -> str:
        return trace(self.exc_value) if self.exc_value is not None else "No exception was given."
