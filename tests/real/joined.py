"""A practice box that is connected to a running Tryton, and what is in the books at each end."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests

from connector.sandbox import jsontext
from tests.real.tryton import LOGIN, PASSWORD, Tryton
from tests.walks.live import Live, live_box

FLOWS = Path(__file__).resolve().parent / "flows"
BILLS = 80
ERP_PAGE = 500

Totals = dict[str, dict[str, Decimal]]
"""Number of the vendor -> currency -> sum of its invoices."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The box and Tryton; both are running."""

    live: Live
    tryton: Tryton

    def apply(self, *, post_invoices: bool) -> str:
        """Make the box what the flow files say; what has changed."""
        files = _files(self.live, self.tryton, post_invoices=str(post_invoices).lower())
        folder = self.live.home.path.parent / "files"
        applied = self.live.apply(folder, files, **_secrets(self.live))
        assert applied.returncode == 0, applied.stdout + applied.stderr
        return applied.stdout

    def run(self, flow: str, *more: str) -> dict[str, Any]:
        """Run a flow to its end; nothing may be left over that nobody accounted for."""
        sums = self.live.run(flow, *more)
        parts = ("delivered", "unchanged", "skipped", "held", "rejected", "uncertain")
        assert sums["read"] == sum(sums[part] for part in parts), sums
        assert (sums["held"], sums["rejected"], sums["uncertain"]) == (0, 0, 0), sums
        return sums

    def invoices(self, codes: str) -> list[dict[str, Any]]:
        """The supplier invoices in Tryton of suppliers with such numbers (SQL's LIKE)."""
        wanted = [["type", "=", "in"], ["party.code", "like", codes], ["state", "!=", "cancelled"]]
        names = ("reference", "state", "party.code", "currency.code", "total_amount", "lines")
        return self.tryton.search("account.invoice", wanted, *names)

    def totals_in_tryton(self, codes: str) -> Totals:
        sums: Totals = defaultdict(lambda: defaultdict(Decimal))
        for one in self.invoices(codes):
            sums[one["party."]["code"]][one["currency."]["code"]] += one["total_amount"]
        return _plain(sums)

    def totals_in_ap(self) -> Totals:
        said = self.live.ask("ap", "/admin/stats")["totals"]
        return {
            vendor: {code: Decimal(total) for code, total in by_code.items()}
            for vendor, by_code in said.items()
        }

    def approved_in_erp(self) -> list[dict[str, Any]]:
        """The bills of the ERP that its flow sends."""
        bills = self.erp("GET", f"bills?limit={ERP_PAGE}")["data"]
        assert 0 < len(bills) < ERP_PAGE
        return [one for one in bills if (one["status"], one["currency"]) == ("approved", "EUR")]

    def totals_in_erp(self) -> Totals:
        sums: Totals = defaultdict(lambda: defaultdict(Decimal))
        for one in self.approved_in_erp():
            sums[one["vendor_id"]][one["currency"]] += one["total"]
        return _plain(sums)

    def erp(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A call of the ERP's own API."""
        keys, url = self.live.keys("erp"), self.live.state["erp_url"]
        token = requests.post(
            f"{url}/oauth/token",
            {"grant_type": "client_credentials"},
            auth=(keys["client_id"], keys["client_secret"]),
            timeout=10,
        ).json()["access_token"]
        return _call(method, f"{url}/api/v1/{path}", {"Authorization": f"Bearer {token}"}, body)

    def ap(self, path: str) -> list[dict[str, Any]]:
        """All records of a kind, by the AP ledger's own API."""
        keys, url = self.live.keys("ap"), self.live.state["ap_url"]
        user = {name: keys[name] for name in ("user", "password")}
        session = _call("POST", f"{url}/login", {}, user)["session_id"]
        found = _call("GET", f"{url}/v2/{path}?limit=200", {"X-Session-Id": session}, None)
        return list(found["items"])


@contextmanager
def joined(tryton: Tryton, folder: Path) -> Iterator[Joined]:
    """Start a box in `folder` and apply the flow files to it, as a person would."""
    with live_box(folder / "home", bills=BILLS) as live:
        both = Joined(live, tryton)
        both.apply(post_invoices=False)
        yield both


def _secrets(live: Live) -> dict[str, str]:
    erp, ap = live.keys("erp"), live.keys("ap")
    return {
        "TRYTON_LOGIN": LOGIN,
        "TRYTON_PASSWORD": PASSWORD,
        "ERP_CLIENT_ID": erp["client_id"],
        "ERP_CLIENT_SECRET": erp["client_secret"],
        "AP_USER": ap["user"],
        "AP_PASSWORD": ap["password"],
    }


def _files(live: Live, tryton: Tryton, **chosen: str) -> dict[str, str]:
    """The flow files with what only the running systems know: addresses and Tryton's numbers."""
    known = {"tryton_url": tryton.url, **live.state, **chosen}
    used = ["closed", "!=", True]
    for account in tryton.search("account.account", [used], "code"):
        known[account["code"]] = account["id"]
    payable = tryton.search("account.account", [used, ["type.payable", "=", True]])
    known["payable"] = payable[0]["id"]
    known["journal"] = tryton.search("account.journal", [["type", "=", "expense"]])[0]["id"]
    texts = {file.name: file.read_text(encoding="utf-8") for file in FLOWS.iterdir()}
    for name, value in known.items():
        texts = {file: text.replace(f"@{name}@", str(value)) for file, text in texts.items()}
    countries = tryton.search("country.country", [], "code")
    rows = [f"{country['code']},{country['id']}" for country in countries]
    return {**texts, "tryton-countries.csv": "\n".join(["country,value", *rows, ""])}


def _call(method: str, url: str, headers: dict[str, str], body: dict[str, Any] | None) -> Any:
    data = None if body is None else jsontext.encode(body)
    answer = requests.request(method, url, headers=headers, data=data, timeout=10)
    assert answer.ok, answer.text
    return jsontext.decode(answer.content)


def _plain(sums: Totals) -> Totals:
    return {vendor: dict(by_code) for vendor, by_code in sums.items()}
