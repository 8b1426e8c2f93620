"""How many bills a second one core maps and fingerprints. Run: python -m tests.benchmarks.mapping

Fails under 8,000 mapped bills or 20,000 canonical records a second (best of five rounds).
"""

import sys
import time
from collections.abc import Callable

from connector.flows.mapping import Mapped
from connector.flows.mapping.canonical import payload_bytes, record_bytes
from tests.connector.flows.worlds import a_compiled, the_document, the_maps, the_run

MAPPED, UNCHANGED = 8_000, 20_000
ROUNDS, RECORDS = 5, 2_000


def best(work: Callable[[], object]) -> int:
    """Calls a second, by CPU time, in the best round."""
    rates = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(RECORDS):
            work()
        rates.append(RECORDS / (time.process_time() - start))
    return round(max(rates))


def main() -> int:
    document, slug = the_document(), "invoices-to-payables"
    compiled, maps, run = a_compiled(document, slug), the_maps(document), the_run(document, slug)
    record = compiled.tests[0]["record"]
    links = dict.fromkeys(compiled.link_keys([record], run=run), "1")
    mapped = compiled.map_record(record, links=links, maps=maps, run=run)
    assert isinstance(mapped, Mapped)

    bills = best(lambda: compiled.map_record(record, links=links, maps=maps, run=run))
    unchanged = best(lambda: record_bytes(record))
    print(f"map a bill of 7 rows and 2 of 3 lines: {bills:,}/s (goal {MAPPED:,})")
    print(f"bytes of a payload: {best(lambda: payload_bytes(mapped)):,}/s")
    print(f"bytes of a raw record: {unchanged:,}/s (goal {UNCHANGED:,})")
    return 0 if bills >= MAPPED and unchanged >= UNCHANGED else 1


if __name__ == "__main__":
    sys.exit(main())
