"""Start a practice system: in this process for a test, or for `python -m connector.sandbox`."""

import http.client
import json
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from connector.sandbox import admin, ap, ap_records, data, erp, erp_records, keys
from connector.sandbox.events import NOWHERE, Sender, Target, secret_key
from connector.sandbox.faults import Faults, settings
from connector.sandbox.sessions import Sessions
from connector.sandbox.site import Site
from connector.sandbox.store import Store
from connector.sandbox.webserver import WebServer

Name = Literal["erp", "ap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a practice system starts. Data is made only when its directory is new."""

    home: Path
    port: int = 0
    vendors: int = 0
    bills: int = 0
    seed: int = 1
    sign_in_s: float = 3600
    idempotent: bool = True
    window_s: float = 86_400
    webhook: Target = NOWHERE
    first_wait_s: float = 0.5
    faults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """A system that answers: its address, what to sign in with, and its administration."""

    url: str
    keys: Mapping[str, str]
    site: Site

    @property
    def credential(self) -> dict[str, str]:
        """The fields of a credential for the system's description."""
        names = ("client_id", "client_secret") if self.site.name == "erp" else ("user", "password")
        return {name: self.keys[name] for name in names}

    def stats(self) -> Any:
        return self.ask("GET", "/admin/stats")

    def faults(self, **asked: float | None) -> Any:
        return self.ask("POST", "/admin/faults", asked)

    def touch(self, kind: str = "bills", **which: Any) -> Any:
        """Change records without a change: `ids=[…]` or `count=n`, the newest."""
        return self.ask("POST", "/admin/touch", {"kind": kind, **which})

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A call of the administration. Raises ValueError with the answer if it is refused."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        headers = {"Authorization": f"Bearer {self.keys['admin_token']}"}
        try:
            content = json.dumps(body) if body is not None else None
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise ValueError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text, parse_float=Decimal) if text else None


@contextmanager
def running(name: Name, options: Options) -> Iterator[Running]:
    """The system answers in threads of this process until the block ends."""
    options.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    secrets = keys.read_or_make(options.home)
    site = _site(name, options, secrets)
    server = WebServer(site.answer, options.port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name=name, daemon=True)
    site.sender.start()
    thread.start()
    try:
        yield Running(server.url, secrets, site)
    finally:
        server.stop()
        thread.join()
        site.sender.stop()
        site.store.close()


@contextmanager
def running_erp(home: Path | None = None, **options: Any) -> Iterator[Running]:
    """An ERP with 40 vendors and 240 bills, unless `options` (see Options) say otherwise."""
    with _somewhere(home) as place:
        asked = {"vendors": 40, "bills": 240, **options}
        with running("erp", Options(home=place, **asked)) as system:
            yield system


@contextmanager
def running_ap(home: Path | None = None, **options: Any) -> Iterator[Running]:
    """An empty AP ledger, unless `options` (see Options) say otherwise."""
    with _somewhere(home) as place, running("ap", Options(home=place, **options)) as system:
        yield system


@contextmanager
def _somewhere(home: Path | None) -> Iterator[Path]:
    if home:
        yield home
        return
    with tempfile.TemporaryDirectory(prefix="practice-") as made:
        yield Path(made)


def _site(name: Name, options: Options, secrets: Mapping[str, str]) -> Site:
    if options.webhook.url:
        secret_key(options.webhook.secret)
    faults = Faults(settings(options.faults))
    file = options.home / f"{name}.sqlite"
    fresh = not file.exists()
    store = Store(file)
    if fresh and name == "erp":
        data.fill_erp(store, vendors=options.vendors, bills=options.bills, seed=options.seed)
    elif fresh:
        data.fill_ap(store, vendors=options.vendors)
    part, kinds = (erp, erp_records.KINDS) if name == "erp" else (ap, ap_records.KINDS)
    return Site(
        name=name,
        store=store,
        sessions=Sessions(options.sign_in_s, idle=name == "ap"),
        faults=faults,
        sender=Sender(store, options.webhook, first_wait_s=options.first_wait_s),
        keys=secrets,
        routes={**part.routes(), **admin.routes(kinds)},
        token_of=erp.bearer_of if name == "erp" else ap.session_of,
        idempotent=options.idempotent,
        window_s=options.window_s,
    )
