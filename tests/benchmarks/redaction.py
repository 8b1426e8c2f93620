"""What redaction costs a record: python -m tests.benchmarks.redaction [--json]."""

import json
import logging
import sys
import time
import timeit
from contextlib import ExitStack

from appliance.logs.records import Redact
from connector.crypto import live
from connector.crypto.secret import Secret
from tests.appliance.logs import corpus

TYPICAL: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("run %s of %s began", ("6f1c1f60-8f0e-4b5e-9c3e-6d1a2b3c4d5e", "bills-to-ap")),
    ("%s: page %d read, %d records", ("bills-to-ap", 12, 100)),
    ("delivery %d posted in %.1f ms", (8812, 41.3)),
    ("token of connection %s was renewed; it expires in %d s", ("erp", 3600)),
    ('%s://%s:%s "%s %s %s" %s %s', ("http", "127.0.0.1", 80, "GET", "/v1/bills", "1.1", 200, 9)),
)
ROUNDS = 5_000


def measure(lines: list[tuple[str, tuple[object, ...]]]) -> float:
    """Microseconds of processor time a record beyond its making; the best of five."""
    keep = Redact()

    def made(redacted: bool) -> float:
        def all_of_them() -> None:
            for message, args in lines:
                record = logging.LogRecord("a", 20, "a.py", 1, message, args, None)
                if redacted:
                    keep.filter(record)

        rounds = max(1, ROUNDS // len(lines))
        return (
            min(timeit.repeat(all_of_them, number=rounds, repeat=5, timer=time.process_time))
            / rounds
            / len(lines)
            * 1e6
        )

    return made(True) - made(False)


def main() -> None:
    typical, secret = list(TYPICAL), [(line, ()) for line in corpus.secret_lines()]
    said = {"typical_us": measure(typical)}
    with ExitStack() as stack:
        for number in range(5):
            stack.enter_context(live.known([Secret(f"{number}{corpus.RANDOM}")]))
        said["typical_with_5_open_secrets_us"] = measure(typical)
    said["line_with_secret_us"] = measure([(one, ()) for one, _ in secret])
    lines = corpus.clean_lines()
    said["clean_us"] = measure([(line.replace("%", "%%"), ()) for line in lines])
    rounded = {name: round(value, 1) for name, value in said.items()}
    if "--json" in sys.argv:
        print(json.dumps(rounded))
    else:
        print("\n".join(f"{name:32} {value:8.1f}" for name, value in rounded.items()))


if __name__ == "__main__":
    main()
