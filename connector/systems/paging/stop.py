"""When numbered pages end: at the total, when there is no more, or at a short page."""

from decimal import Decimal

from connector.systems import path
from connector.systems.classify import Answer
from connector.systems.errors import Kind, SystemFailure
from connector.systems.spec_objects import Pages


def ended(pages: Pages, answer: Answer, count: int, *, read: int) -> bool:
    """Whether this was the last page, which held `count` records.

    Raises SystemFailure (config) if the answer lacks the total: reading on or stopping would be
    a guess.
    """
    stop = pages.stop
    if stop.total is not None:
        total = path.find(answer.body, stop.total)
        if isinstance(total, str) and total.isdecimal():
            total = int(total)
        if not isinstance(total, int | Decimal) or isinstance(total, bool):
            raise SystemFailure(Kind.CONFIG, "An answer came without the number of all records.")
        return count == 0 or read >= total
    if stop.more is not None:
        return path.find(answer.body, stop.more) is not True
    return count < pages.size
