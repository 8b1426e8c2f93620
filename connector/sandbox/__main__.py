"""`python -m connector.sandbox erp|ap --home DIR`: run one practice system on loopback.

When it answers, one line of JSON is printed: {"system", "url", "keys", "pid"};
`keys` is the file with its secrets. It ends on SIGTERM, on SIGINT and when the
process that started it is gone.
"""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from connector.sandbox import keys
from connector.sandbox.errors import Refusal
from connector.sandbox.events import Target
from connector.sandbox.server import Name, Options, running

PARENT_LOOK_S = 1.0


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    try:
        _run(asked.system, _options(asked))
    except (OSError, ValueError, Refusal) as error:
        sys.stderr.write(f"The practice system cannot start: {error}\n")
        return 1
    return 0


def _run(name: Name, options: Options) -> None:
    """Answer until a signal comes or the parent is gone."""
    parent = os.getppid()
    over = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: over.set())
    with running(name, options) as system:
        ready = {"system": name, "url": system.url, "pid": os.getpid()}
        ready["keys"] = str(options.home / keys.FILE)
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        while not over.wait(PARENT_LOOK_S) and os.getppid() == parent:
            pass


def _options(asked: argparse.Namespace) -> Options:
    secret = ""
    if asked.webhook_secret_file:
        secret = asked.webhook_secret_file.read_text(encoding="utf-8").strip()
    return Options(
        home=asked.home,
        port=asked.port,
        vendors=asked.vendors if asked.vendors is not None else 40 * (asked.system == "erp"),
        bills=asked.bills,
        seed=asked.seed,
        sign_in_s=asked.sign_in_s,
        idempotent=not asked.ignore_keys,
        window_s=asked.window_s,
        webhook=Target(asked.webhook_url, secret, str(asked.webhook_ca or "")),
        faults=asked.faults,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connector.sandbox", description=__doc__)
    parser.add_argument("system", choices=("erp", "ap"))
    parser.add_argument("--home", type=Path, required=True, help="directory for data and secrets")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--vendors", type=int, help="vendors of a new ERP (40) or ledger (0)")
    parser.add_argument("--bills", type=int, default=240, help="bills of a new ERP")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sign-in-s", type=float, default=3600, help="life of a token or session")
    parser.add_argument("--ignore-keys", action="store_true", help="ignore keys of repeated calls")
    parser.add_argument("--window-s", type=float, default=86_400, help="how long a key is known")
    parser.add_argument("--webhook-url", default="", help="where events are sent")
    parser.add_argument("--webhook-secret-file", type=Path, help='holds "whsec_…"')
    parser.add_argument("--webhook-ca", type=Path, help="certificate to trust for an https address")
    parser.add_argument("--faults", type=json.loads, default={}, help="JSON, see faults.py")
    return parser


if __name__ == "__main__":
    sys.exit(main())
