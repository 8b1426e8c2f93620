"""Pages about people as the web process runs them."""

from tests.connector.console.conftest import signed_in, web  # noqa: F401
