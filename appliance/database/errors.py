"""What can go wrong with the embedded database."""


class PostgresFailed(Exception):
    """The embedded Postgres could not be made or started; says what to do."""
