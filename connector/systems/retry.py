"""When to try again. Pure functions: no clock, no sleep, no settings."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 3600.0


def wait_before_retry(attempt: int, *, jitter: float) -> float:
    """Seconds before the next try of a call that is safe to repeat: 0.5 s, doubled each time.

    Args:
        attempt: tries made so far, from 1.
        jitter: random share in [0, 1), given by the caller so that tests can fix it.

    Raises:
        ValueError: attempt is below 1.
    """
    if attempt < 1:
        raise ValueError("attempt counts from 1")
    return min(0.5 * 2.0 ** (min(attempt, 20) - 1) * (1 + jitter), LONGEST_WAIT_S)


def asked_wait(text: str | None, *, now: datetime) -> float | None:
    """Seconds that a Retry-After asks for, from 0 to an hour; None if it is no such value.

    Both forms are understood, delay-seconds and HTTP-date; vendors also send fractions.

    Source: RFC 9110 section 10.2.3.
    """
    if not text:
        return None
    text = text.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= 12:
        return min(float(text), LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT_S)
