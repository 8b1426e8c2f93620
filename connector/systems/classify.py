"""What an answer means: the description's rules first, then what HTTP says, then success. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from connector.systems import path, retry, token_answer
from connector.systems.condition import all_hold
from connector.systems.errors import AccessEnded, Kind, SystemFailure
from connector.systems.path import MISSING
from connector.systems.reply import Reply
from connector.systems.spec import ErrorRule, System
from connector.systems.spec_request import Operation
from connector.systems.wire import decimals, jsontext

_MOST_RAW = 10_000

TroubleKind: TypeAlias = Literal[
    "config", "transient", "rate_limited", "refused", "session_expired", "duplicate", "stale",
    "missing", "warning", "unproven",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer. `body` is parsed as the request says; None where there is none."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(default=None, repr=False)
    cookies: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Trouble:
    """No good answer. `done` says whether a write could have happened all the same.

    `unproven`: neither an error nor a success as the description knows them. `by_rule`: the
    description says so, and not HTTP alone. `code`: the error code of an answer about tokens.
    """

    kind: TroubleKind
    message: str
    done: Literal["no", "maybe"] = "no"
    wait_s: float | None = None
    id: str | None = None
    detail: str = ""
    by_rule: bool = False
    code: str = ""

    def failure(self) -> SystemFailure:
        """As an exception, for everything that is not a write with an outcome of its own."""
        kind = _FAILURES.get(self.kind, Kind.REFUSED)
        cls = AccessEnded if self.code in token_answer.ENDED else SystemFailure
        return cls(kind, self.message, detail=self.detail, wait_s=self.wait_s)


_FAILURES = {
    "config": Kind.CONFIG,
    "session_expired": Kind.CONFIG,
    "transient": Kind.TRANSIENT,
    "unproven": Kind.TRANSIENT,
    "rate_limited": Kind.RATE_LIMITED,
}


def read_answer(reply: Reply, wanted: str) -> tuple[Answer, bool]:
    """The answer parsed, and whether it is what the request wanted.

    An empty body is fine here: what is missing in it is missed later. Of an error any JSON is read.
    """
    body: Any = None
    fits = True
    if wanted == "text":
        body = reply.body.decode("utf-8", "replace")
    elif wanted == "token":
        body, fits = token_answer.read(reply.body)
    elif reply.body.strip() and not (wanted == "none" and 200 <= reply.status < 300):
        try:
            body = jsontext.decode(reply.body.removeprefix(b"\xef\xbb\xbf"))
        except jsontext.NotJson:
            fits = False
    return Answer(reply.status, reply.headers, body, reply.cookies), fits


def judge(
    system: System, operation: Operation, answer: Answer, *, fits: bool, now: datetime
) -> Trouble | None:
    """What is wrong with an answer, or None if it is a good one."""
    for rule in system.errors:
        if _matches(rule, operation, answer):
            trouble = _by_rule(rule, system, answer, now)
            return replace(trouble, code=_code(operation, answer))
    good = system.success.status or range(200, 300)
    if answer.status not in good:
        return _by_status(system.title, operation, answer, now)
    if not fits:
        return Trouble("transient", f"{system.title} answered something that is no JSON.", "maybe")
    if not all_hold(system.success.require, answer.body, answer.headers):
        return Trouble(
            "unproven", f"{system.title} gave an answer that proves nothing.", "maybe",
            detail=f"status {answer.status}",
        )  # fmt: skip
    return None


def _matches(rule: ErrorRule, operation: Operation, answer: Answer) -> bool:
    if rule.on and operation not in rule.on:
        return False
    if rule.status and answer.status not in rule.status:
        return False
    return all_hold(rule.when, answer.body, answer.headers)


def _by_rule(rule: ErrorRule, system: System, answer: Answer, now: datetime) -> Trouble:
    theirs = messages(answer, rule.message)
    words = " ".join(part for part in (rule.say, theirs) if part)
    waits = (rule.wait_s, _asked(answer, rule.wait_header, now))
    found = path.take(rule.id, answer.body, answer.headers) if rule.id else MISSING
    return Trouble(
        rule.kind,
        words or _default_words(system.title, rule.kind, answer.status),
        rule.done,
        wait_s=max((wait for wait in waits if wait is not None), default=None),
        id=id_text(found),
        detail=f"status {answer.status}",
        by_rule=True,
    )


def _by_status(title: str, operation: Operation, answer: Answer, now: datetime) -> Trouble:
    status = answer.status
    wait_s = _asked(answer, None, now)
    trouble = Trouble("refused", "", detail=f"status {status}", wait_s=wait_s)
    code = _code(operation, answer)
    if 400 <= status < 500 and (code in token_answer.PASSING or token_answer.words(code)):
        return by_code(title, code, status)
    if operation in ("login", "token") and status in (400, 401, 403):
        trouble = replace(trouble, kind="config")
        return replace(trouble, message=f"{title} did not accept the sign-in ({status}).")
    if status == 429 or (status == 503 and wait_s is not None):
        trouble = replace(trouble, kind="rate_limited")
    elif status == 408 or status >= 500:
        trouble = replace(trouble, kind="transient", done="maybe")
    elif status in _STATUS:
        trouble = replace(trouble, kind=_STATUS[status])
    elif not 400 <= status < 500:
        trouble = replace(trouble, kind="unproven", done="maybe")
    return replace(trouble, message=_default_words(title, trouble.kind, status))


def _code(operation: Operation, answer: Answer) -> str:
    return token_answer.code(answer.body) if operation == "token" else ""


def by_code(title: str, code: str, status: int) -> Trouble:
    """What the known error code of an answer about tokens means."""
    if code in token_answer.PASSING:
        return Trouble("transient", _default_words(title, "transient", status), "maybe", code=code)
    words = f"{title} {token_answer.words(code)} ({status}, {code})."
    return Trouble("config", words, detail=f"status {status}", code=code)


_STATUS: Mapping[int, TroubleKind] = {
    401: "session_expired", 403: "config", 404: "missing", 412: "stale",
}  # fmt: skip
_WORDS: Mapping[str, str] = {
    "config": "does not allow this",
    "transient": "failed inside",
    "rate_limited": "asks for a pause",
    "refused": "refused it",
    "session_expired": "did not accept the sign-in",
    "duplicate": "has this already",
    "stale": "says that the record was changed in the meantime",
    "missing": "does not know this",
    "warning": "asks for a confirmation",
    "unproven": "gave an answer that proves nothing",
}


def _default_words(title: str, kind: str, status: int) -> str:
    return f"{title} {_WORDS[kind]} ({status})."


def messages(answer: Answer, places: tuple[path.Path, ...]) -> str:
    """The vendor's own words at these places, as one line. Secrets are taken out later."""
    found = (text for place in places for text in path.find_all(answer.body, place))
    words = (text if isinstance(text, str) else str(text) for text in found if _sayable(text))
    line = " ".join(" ".join(words).split())
    return "".join(letter for letter in line if letter.isprintable())[:_MOST_RAW]


def _sayable(value: object) -> bool:
    return isinstance(value, str | int) and value != ""


def _asked(answer: Answer, own: str | None, now: datetime) -> float | None:
    waits = [
        retry.asked_wait(text, now=now)
        for name in ("Retry-After", own)
        if name and isinstance(text := path.header(answer.headers, name), str)
    ]
    return max((wait for wait in waits if wait is not None), default=None)


def id_text(value: object) -> str | None:
    """A remote id as text, or None if there is none."""
    if isinstance(value, bool) or value in ("", None):
        return None
    if isinstance(value, str | int):
        return str(value)
    return decimals.plain(value) if isinstance(value, Decimal) else None
