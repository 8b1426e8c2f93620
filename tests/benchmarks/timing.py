"""Does the time of an answer tell what was right? Two classes of input, measured in turn.

`python -m tests.benchmarks.timing --json` compares both classes of each case by Welch's t-test, as
dudect does (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?", 2016): the slowest
twentieth is cut off, and |t| above 4.5 says that the times differ. Two controls say what the
figures are worth: `==` must be seen to leak, and what is the same in both classes must not.
"""

import argparse
import gc
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import sqrt
from statistics import fmean, median, variance
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

LEAKS = 4.5
KEPT = 0.95
MANY = 255
Case = tuple[Callable[[Any], object], list[Any], list[Any], str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="figures for programs")
    parser.add_argument("--times", type=int, default=200_000, help="comparisons of a class")
    parser.add_argument("--look-ups", type=int, default=5_000, help="look-ups of a class")
    parser.add_argument("--sign-ins", type=int, default=60, help="sign-ins of a class")
    wanted = parser.parse_args()
    django.setup()
    found = {}
    with a_database():
        for name, (try_it, one, other, times) in cases().items():
            found[name] = compared(try_it, one, other, getattr(wanted, times))
            if not wanted.json:
                print(f"{name:60} {found[name]}", flush=True)
    if wanted.json:
        print(json.dumps(found, indent=2))


def cases() -> dict[str, Case]:
    """Name -> (what is measured, inputs of one class, of the other, which count of tries)."""
    from connector.api import tokens
    from connector.crypto import mac

    secret = mac.random_bytes(32)
    first, last = _wrong(secret, 0, 31)
    again, right = _wrong(secret, 31, None)
    page = mac.random_bytes(65_536)
    page_first, page_last = _wrong(page, 0, 65_535)
    kept = _of_sizes(20, 60)
    text = _a_token()
    half, none = text[: len(text) // 2].ljust(len(text), "A"), "A" * len(text)
    webhook, deliveries = _webhook()
    return {
        "control: ==, wrong at the first byte or at the last": (
            page.__eq__, page_first, page_last, "times"),
        "control: mac.equal, wrong at the last byte, and again": (
            lambda given: mac.equal(secret, given), last, again, "times"),
        "mac.equal: wrong at the first byte or at the last": (
            lambda given: mac.equal(secret, given), first, last, "times"),
        "mac.equal: right or wrong at the last byte": (
            lambda given: mac.equal(secret, given), right, again, "times"),
        "mac.equal: a secret of 20 bytes or of 60": (
            lambda one: mac.equal(one, secret), kept[0], kept[1], "times"),
        "webhook: signature wrong at the first byte or at the last": (
            webhook, deliveries[0], deliveries[1], "times"),
        "API token: nothing right or the first half": (
            tokens.of, [none], [half], "look_ups"),
        "sign-in: nobody or a wrong password": (
            _sign_in, ["nobody"], ["omar"], "sign_ins"),
    }  # fmt: skip


def compared(
    try_it: Callable[[Any], object], one: list[Any], other: list[Any], times: int
) -> dict[str, float | int | bool]:
    """Measure both classes in random order, by the same lines of code."""
    spent: tuple[list[int], list[int]] = ([], [])
    turns = [0, 1] * times
    random.shuffle(turns)
    inputs = [(turn, random.choice((one, other)[turn])) for turn in turns]
    for _, given in inputs[:100]:
        try_it(given)
    gc.collect()
    gc.disable()
    for turn, given in inputs:
        began = time.perf_counter_ns()
        try_it(given)
        spent[turn].append(time.perf_counter_ns() - began)
    gc.enable()
    most = sorted([*spent[0], *spent[1]])[int(len(turns) * KEPT) - 1]
    a, b = ([taken for taken in each if taken <= most] for each in spent)
    t = welch(a, b)
    return {
        "times": times,
        "median_us": round(median([*a, *b]) / 1000, 2),
        "difference_us": round((fmean(a) - fmean(b)) / 1000, 3),
        "t": round(t, 2),
        "differs": abs(t) > LEAKS,
    }


def welch(a: list[int], b: list[int]) -> float:
    """Welch's t: the difference of the means in units of its standard error."""
    error = sqrt(variance(a) / len(a) + variance(b) / len(b))
    return (fmean(a) - fmean(b)) / error if error else 0.0


def _wrong(value: bytes, *places: int | None) -> tuple[list[bytes], ...]:
    """For each place, values that are wrong there.

    They are made in random order, so that no class lies at better places in memory.
    """
    classes: tuple[list[bytes], ...] = tuple([] for _ in places)
    order = [index for index in range(len(places)) for _ in range(MANY)]
    random.shuffle(order)
    for index in order:
        changed = bytearray(value)
        place = places[index]
        if place is not None:
            changed[place] ^= random.randint(1, 255)
        classes[index].append(bytes(changed))
    return classes


def _of_sizes(*sizes: int) -> tuple[list[bytes], ...]:
    """Random values of each size, made in random order too."""
    from connector.crypto import mac

    classes: tuple[list[bytes], ...] = tuple([] for _ in sizes)
    order = [index for index in range(len(sizes)) for _ in range(MANY)]
    random.shuffle(order)
    for index in order:
        classes[index].append(mac.random_bytes(sizes[index]))
    return classes


def _webhook() -> tuple[Callable[[Any], object], tuple[list[Any], ...]]:
    """Verifying, and deliveries whose signature is wrong at its first or its last byte."""
    from connector.crypto import mac
    from connector.webhooks import schemes
    from connector.webhooks.schemes import Delivery

    scheme = schemes.get("github")
    assert scheme
    body, secret, now_s = b'{"id": 1}', "a secret of the endpoint", time.time()
    right = mac.hmac_digest("sha256", secret.encode(), body)
    url = "https://box.example/hooks/x/"
    deliveries = tuple(
        [
            Delivery(body=body, headers=(("X-Hub-Signature-256", f"sha256={one.hex()}"),), url=url)
            for one in wrong
        ]
        for wrong in _wrong(right, 0, 31)
    )
    return lambda given: schemes.verify(scheme, given, [secret], now_s=now_s), deliveries


def _a_token() -> str:
    from appliance.accounts.models import User
    from connector.api import tokens

    omar = User.objects.create_user(username="omar", password="a password of omar", role="owner")
    made, _ = tokens.create(
        maker=omar, title="All", scopes=tokens.scopes_for("owner"), days=1, actor="omar"
    )
    return made.reveal()


def _sign_in(name: str) -> object:
    from appliance.accounts.backend import NameOrEmail

    return NameOrEmail().authenticate(None, username=name, password="a wrong password")


@contextmanager
def a_database() -> Iterator[None]:
    """A database of its own, with passwords hashed as in a real box."""
    from django.db import connection
    from django.test.utils import override_settings

    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"timing_{os.getpid()}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        with override_settings(PASSWORD_HASHERS=["appliance.accounts.hashers.Scrypt"]):
            yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
