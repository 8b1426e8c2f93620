"""The internal interface as the web process runs it."""

from tests.connector.console.conftest import flow, web  # noqa: F401
