"""Whether the time of a refused sign-in tells who is here. Run: python -m tests.benchmarks.names

Known and unknown names are tried in turns with a wrong password, through the page, at the
strength of a box. Says the CPU time of each kind and how often chance alone, by shuffling,
makes a difference as large between its median and an unknown name's. Fails under 1 in 100.
"""

import os
import random
import statistics
import sys
import time
from collections.abc import Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
ROUNDS, SHUFFLES, CHANCE = 15, 2_000, 0.01
UNKNOWN = "a name that nobody has"


def cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def chance(one: list[float], other: list[float]) -> float:
    """The share of shuffles whose medians lie as far apart as those found."""
    dice, both = random.Random(7), [*one, *other]
    found = abs(statistics.median(one) - statistics.median(other))
    hits = 0
    for _ in range(SHUFFLES):
        dice.shuffle(both)
        left, right = both[: len(one)], both[len(one) :]
        hits += abs(statistics.median(left) - statistics.median(right)) >= found
    return hits / SHUFFLES


def main() -> int:
    from django.conf import settings
    from django.test import Client

    from appliance.accounts.models import Cached, User

    settings.PASSWORD_HASHERS = ["appliance.accounts.hashers.Scrypt"]
    password = "correct horse battery staple"
    User.objects.create_user("omar", "omar@halden.example", password)
    User.objects.create_user("gone", "gone@halden.example", password, is_active=False)
    User.objects.create_user("invited", "invited@halden.example", None)
    kinds = {
        "a user name": "omar",
        "an e-mail": "omar@halden.example",
        "somebody without access": "gone",
        "somebody without a password": "invited",
        UNKNOWN: "nobody",
        "an e-mail that nobody has": "nobody@halden.example",
    }
    found: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(ROUNDS + 1):
        for kind, name in kinds.items():
            Cached.objects.all().delete()  # no pause
            sent = {"login": name, "password": "wrong horse"}
            spent = cpu_s(lambda sent=sent: Client().post("/sign-in/", sent))  # type: ignore[misc]
            if number:
                found[kind].append(spent)
    worst = 1.0
    for kind, times in found.items():
        luck = chance(times, found[UNKNOWN]) if kind != UNKNOWN else 1.0
        worst = min(worst, luck)
        print(f"{kind:30} median {statistics.median(times) * 1000:7.1f} ms   chance {luck:.3f}")
    return 0 if worst >= CHANCE else 1


if __name__ == "__main__":
    django.setup()
    from django.db import connection
    from django.test.utils import setup_test_environment, teardown_test_environment

    setup_test_environment()
    made = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        code = main()
    finally:
        connection.creation.destroy_test_db(made, verbosity=0)
        teardown_test_environment()
    sys.exit(code)
