"""A practice box that is connected to a running Tryton, and what is in the books at each end."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.real.tryton import LOGIN, PASSWORD, Tryton
from tests.walks.live import Live, live_box

FLOWS = Path(__file__).resolve().parent / "flows"
BILLS = 80

Totals = dict[str, dict[str, Decimal]]
"""Number of the vendor -> currency -> sum of its invoices."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The box and Tryton; both are running."""

    live: Live
    tryton: Tryton

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


@contextmanager
def joined(tryton: Tryton, folder: Path) -> Iterator[Joined]:
    """Start a box in `folder` and apply the flow files to it, as a person would."""
    with live_box(folder / "home", bills=BILLS) as live:
        _write_files(live, tryton, folder / "files")
        applied = live.manage("apply", str(folder / "files"), extra=_secrets(live))
        assert applied.returncode == 0, applied.stdout + applied.stderr
        yield Joined(live, tryton)


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


def _write_files(live: Live, tryton: Tryton, folder: Path) -> None:
    """The flow files with what only the running systems know: addresses and Tryton's numbers."""
    known = {"tryton_url": tryton.url, **live.state}
    used = ["closed", "!=", True]
    for account in tryton.search("account.account", [used], "code"):
        known[account["code"]] = account["id"]
    payable = tryton.search("account.account", [used, ["type.payable", "=", True]])
    known["payable"] = payable[0]["id"]
    known["journal"] = tryton.search("account.journal", [["type", "=", "expense"]])[0]["id"]
    folder.mkdir()
    for file in FLOWS.iterdir():
        text = file.read_text(encoding="utf-8")
        for name, value in known.items():
            text = text.replace(f"@{name}@", str(value))
        (folder / file.name).write_text(text, encoding="utf-8")
    countries = tryton.search("country.country", [], "code")
    rows = [f"{country['code']},{country['id']}" for country in countries]
    (folder / "tryton-countries.csv").write_text("\n".join(["country,value", *rows, ""]))


def _plain(sums: Totals) -> Totals:
    return {vendor: dict(by_code) for vendor, by_code in sums.items()}
