"""connector.crypto.secret"""

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from connector.crypto.secret import Secret

TEXT = "canary-4711"


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        format,
        ascii,
        lambda s: f"{s}",
        lambda s: f"{s!r:>30}",
        lambda s: f"{s:>30}",
        lambda s: "%s %r" % (s, s),  # noqa: UP031
        lambda s: "{0} {0!s}".format(s),  # noqa: UP032
        lambda s: str([s]) + str({"k": s}) + str((s,)),
        lambda s: json.dumps({"k": s}, default=str),
    ],
)
def test_whatever_shows_it_shows_stars(show: Callable[[Secret], str]) -> None:
    shown = show(Secret(TEXT))

    assert "***" in shown
    assert TEXT not in shown


@pytest.mark.parametrize(
    "carry",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        hash,
        json.dumps,
        msgspec.json.encode,
        bytes,
        vars,
        len,
        iter,
    ],
)
def test_nothing_carries_it_away(carry: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError) as refused:
        carry(Secret(TEXT))

    assert TEXT not in str(refused.value)


def test_a_log_line_and_a_traceback_with_its_locals_hold_stars(
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret = Secret(TEXT)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").error("saved %s for %r", secret, {"key": secret})
    try:
        raise RuntimeError(f"no {secret}")
    except RuntimeError as exc:
        told = traceback.TracebackException.from_exception(exc, capture_locals=True)
        text = "".join(told.format())

    assert "***" in caplog.text
    assert TEXT not in caplog.text
    assert "secret = ***" in text
    assert TEXT not in text


def test_it_comes_out_by_reveal_alone() -> None:
    secret = Secret("pässword")

    assert secret.reveal() == "pässword"
    assert secret.reveal_bytes() == "pässword".encode()
    assert not hasattr(secret, "__dict__")


def test_it_is_equal_to_the_same_secret_and_to_nothing_else() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != Secret("a" * 1000)
    assert Secret("a") != "a"


@pytest.mark.parametrize("value", [b"canary", 4711, None, Secret("canary")])
def test_it_is_made_of_text_alone(value: Any) -> None:
    with pytest.raises(TypeError, match="made of text, not of") as refused:
        Secret(value)

    assert "canary" not in str(refused.value)
    assert "4711" not in str(refused.value)


def test_a_text_that_has_no_bytes_is_refused_without_showing_it() -> None:
    with pytest.raises(ValueError, match="surrogate") as refused:
        Secret("canary\ud800")

    assert "canary" not in str(refused.value)
    assert refused.value.__context__ is None
