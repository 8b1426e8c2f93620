"""Patterns for settings: the part of regular expressions that can't be made to run for hours.

A description may come from anywhere, and the pattern runs over what a person types. So repeats
don't nest, at most four are open, and nothing looks around or back.
"""

import re
import warnings

MOST_OPEN = 4
MOST_OPTIONAL = 10

_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<open>\((?:\?:)?)|(?P<close>\))"
    r"|(?P<fixed>\{[0-9]{1,4}\})|(?P<wide>[*+]|\{[0-9]{0,4},[0-9]{0,4}\})|(?P<maybe>\?)|(?P<or>\|)|.",
    re.DOTALL,
)


def wrong(pattern: str) -> str:
    """What is wrong with a pattern, in words; "" if nothing is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # signs that will mean something else
            re.compile(pattern)
    except (re.error, FutureWarning) as error:
        return f"is not a pattern: {getattr(error, 'msg', error)}"
    except (RecursionError, OverflowError):
        return "is not a pattern: too large"
    if re.search(r"\(\?(?!:)|\\[1-9]", pattern):
        return "no look-around, no names, no flags and no back references in a pattern"
    return _repeats(pattern)


def _repeats(pattern: str) -> str:
    wide = maybe = 0
    varies = [False]  # for each open group: does it hold something that may match in two ways?
    closed = False  # the token before closed a group that varies
    for token in _TOKEN.finditer(pattern):
        kind = token.lastgroup
        if kind in ("wide", "fixed") and closed:
            return "a group that holds a repeat or a choice can't be repeated"
        closed = False
        wide += kind == "wide"
        maybe += kind == "maybe"
        if kind == "open":
            varies.append(False)
        elif kind == "close" and len(varies) > 1:
            closed = varies.pop()
            varies[-1] = varies[-1] or closed
        elif kind in ("wide", "maybe", "or"):
            varies[-1] = True
    if wide > MOST_OPEN or maybe > MOST_OPTIONAL:
        return (
            f"has more than {MOST_OPEN} repeats of open length, or {MOST_OPTIONAL} optional parts"
        )
    return ""
