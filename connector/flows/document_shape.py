"""The shape of a file of flows: which keys stand where, and what they hold."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any
from zoneinfo import available_timezones

SLUG = re.compile(r"[a-z0-9-]{1,40}\Z")
SYSTEM_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}\Z")

Place = tuple[str | int, ...]
Note = Callable[[Place, str], None]
Shape = Callable[[Any, Place, Note], None]


def text(value: Any, at: Place, note: Note) -> None:
    if not isinstance(value, str) or not value.strip():
        note(at, "must be a text" + ("; put it in quotes" if isinstance(value, int) else ""))


def flag(value: Any, at: Place, note: Note) -> None:
    if not isinstance(value, bool):
        note(at, "must be true or false")


def anything(value: Any, at: Place, note: Note) -> None:
    """Checked elsewhere."""


def mapping(value: Any, at: Place, note: Note) -> None:
    if not isinstance(value, dict):
        note(at, "must be an object")


def whole(low: int, high: int) -> Shape:
    def check(value: Any, at: Place, note: Note) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            note(at, f"must be {low} to {high}")

    return check


def one_of(*choices: str) -> Shape:
    def check(value: Any, at: Place, note: Note) -> None:
        if value not in choices:
            note(at, "must be one of " + ", ".join(choices))

    return check


def matches(pattern: str, words: str) -> Shape:
    compiled = re.compile(pattern + r"\Z")

    def check(value: Any, at: Place, note: Note) -> None:
        if not isinstance(value, str) or not compiled.match(value):
            note(at, f"must be {words}")

    return check


def list_of(shape: Shape) -> Shape:
    def check(value: Any, at: Place, note: Note) -> None:
        if not isinstance(value, list) or not value:
            note(at, "must be a list")
            return
        for number, each in enumerate(value):
            shape(each, (*at, number), note)

    return check


def map_of(shape: Shape) -> Shape:
    def check(value: Any, at: Place, note: Note) -> None:
        if not isinstance(value, dict):
            note(at, "must be an object")
            return
        for key, each in value.items():
            shape(each, (*at, key), note)

    return check


def keys(required: Mapping[str, Shape], optional: Mapping[str, Shape]) -> Shape:
    known = {**required, **optional}

    def check(value: Any, at: Place, note: Note) -> None:
        if not isinstance(value, dict):
            note(at, "must be an object with " + ", ".join(known))
            return
        for key in required:
            if key not in value:
                note(at, f'"{key}" is missing')
        for key, each in value.items():
            if key in known:
                known[key](each, (*at, key), note)
            else:
                close = get_close_matches(key, known, 1)
                note((*at, key), "unknown key" + (f'; did you mean "{close[0]}"?' if close else ""))

    return check


def secret(value: Any, at: Place, note: Note) -> None:
    """A reference. What stands there instead is never repeated: it may be the secret itself."""
    match value:
        case {"env": str(name)} if len(value) == 1 and re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
            return
        case {"file": str(name)} if len(value) == 1 and re.fullmatch(r"[A-Za-z0-9_.-]+", name):
            if not name.startswith("."):
                return
        case {"unset": True} if len(value) == 1:
            return
    note(at, "a secret is a reference, {env: NAME} or {file: name}; it never stands in the file")


def zone(value: Any, at: Place, note: Note) -> None:
    if value not in available_timezones():
        note(at, "must be a time zone such as Europe/Berlin")


def schedule(value: Any, at: Place, note: Note) -> None:
    if isinstance(value, str):
        if re.fullmatch(r"every [1-9][0-9]{0,3}[mhd]", value):
            return
        if len(value.split()) == 5 and re.fullmatch(r"[0-9A-Za-z*/,#LW -]+", value):
            return
    note(at, 'must be like "every 10m" or five cron fields like "0 6 * * 1-5"')


def instant(value: Any, at: Place, note: Note) -> None:
    try:
        if datetime.fromisoformat(value).tzinfo is not None:
            return
    except (TypeError, ValueError):
        pass
    note(at, 'must be a time with zone such as "2026-11-01T00:00:00+01:00"')


def trigger(value: Any, at: Place, note: Note) -> None:
    _TRIGGER(value, at, note)
    cron = value.get("schedule") if isinstance(value, dict) else None
    if isinstance(cron, str) and not cron.startswith("every ") and "zone" not in value:
        note(at, '"zone" is missing: cron fields are read in a time zone')


_slug = matches(SLUG.pattern.removesuffix(r"\Z"), "a name of a-z, 0-9 and - (at most 40)")
_file = matches(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", "the name of a file beside this one")
_duration = matches(r"[1-9][0-9]{0,4}[smhd]", "a time such as 30m, 12h or 30d")
_count = whole(0, 1_000_000)
_was: dict[str, Shape] = {"was": _slug}
_TRIGGER = keys(
    {},
    {
        "schedule": schedule,
        "zone": zone,
        "webhook": _slug,
        "after": list_of(_slug),
        "by_hand": flag,
    },
)
_POLICIES = keys(
    {},
    {
        "on_missed": one_of("once", "skip"),
        "re_read": flag,
        "start_from": instant,
        "changed_after_final": one_of("hold", "send"),
        "reversed": one_of("hold", "send"),
        "adopt": keys({"by": list_of(text)}, {"ambiguous": one_of("hold")}),
        "alert": keys({}, {"held": _count, "late": _duration, "uncertain": _count}),
        "keep_held": _duration,
        "concurrency": whole(1, 100),
    },
)

SHAPES: Mapping[str, Shape] = {
    "systems": keys({"file": _file}, _was),
    "connections": keys(
        {"title": text, "system": text},
        {"settings": mapping, "secrets": map_of(secret), "limits": mapping, **_was},
    ),
    "value_maps": keys(
        {"title": text, "keys": list_of(text)},
        {
            "value": one_of("text", "integer", "id"),
            "unknown": anything,
            "ignore_case": flag,
            "entries": mapping,
            "csv": _file,
            **_was,
        },
    ),
    "flows": keys(
        {
            "title": text,
            "source": keys({"connection": _slug, "stream": text}, {"params": mapping}),
            "destination": keys({"connection": _slug, "object": text}, {}),
            "mapping": mapping,
        },
        {"enabled": flag, "trigger": trigger, "policies": _POLICIES, **_was},
    ),
    "endpoints": keys(
        {
            "title": text,
            "connection": _slug,
            "events": list_of(text),
            "secrets": keys({"signing": secret}, {}),
        },
        _was,
    ),
}
