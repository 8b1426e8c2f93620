"""Administration of a practice system: counts, faults, changes on request. Not part of its API.

    GET  /admin/stats     counts, repeated references and numbers, exact totals per vendor
    GET  /admin/faults    what is asked for and what befell so far
    POST /admin/faults    ask for faults (`connector.sandbox.faults`); what isn't named stays
    POST /admin/touch     {"kind": "bills", "ids": […]} or {"kind", "count": n}: a new version
    POST /admin/webhook   {"url", "secret"?, "ca"?}: where events go from now on
    POST /admin/expire    end every sign-in

Each call carries `Authorization: Bearer <admin_token>`.
"""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from connector.sandbox import checks, jsontext, records
from connector.sandbox.errors import Refusal
from connector.sandbox.events import Target
from connector.sandbox.records import Kind
from connector.sandbox.site import Handler, Route, Site, body_of
from connector.sandbox.webserver import Request, Response

MOST_TOUCHED = 10_000


def routes(kinds: tuple[Kind, ...]) -> Mapping[tuple[str, str], Route]:
    """The addresses of the administration of a system with these kinds of record."""
    names = {kind.name: kind for kind in kinds}
    return {
        ("GET", "/admin/stats"): Route(_stats(names)),
        ("GET", "/admin/faults"): Route(_faults),
        ("POST", "/admin/faults"): Route(_change_faults),
        ("POST", "/admin/touch"): Route(_touch(names)),
        ("POST", "/admin/webhook"): Route(_aim),
        ("POST", "/admin/expire"): Route(_expire),
    }


def _stats(kinds: Mapping[str, Kind]) -> Handler:
    def answer(site: Site, _request: Request, _id: str) -> Response:
        stats: dict[str, Any] = {name: site.store.count(name) for name in kinds}
        stats["repeated_references"] = site.store.repeated("bills", "reference")
        stats["repeated_numbers"] = site.store.repeated("bills", "number")
        stats["totals"] = _totals(site)
        stats["events"] = site.store.events_by_state()
        stats["calls"] = dict(site.calls)
        stats["faults"] = dict(site.faults.counts)
        return Response(200, jsontext.encode(stats))

    return answer


def _totals(site: Site) -> dict[str, dict[str, str]]:
    """Vendor (its reference, else its id) → currency → exact sum of its bills."""
    sums: dict[str, dict[str, Decimal]] = {}
    for vendor_id, currency, total in site.store.amounts("bills"):
        of_vendor = sums.setdefault(vendor_id, {})
        of_vendor[currency] = of_vendor.get(currency, Decimal(0)) + Decimal(total)
    named = {}
    for vendor_id, by_currency in sums.items():
        vendor = site.store.get("vendors", vendor_id) or {}
        totals = {code: str(total) for code, total in sorted(by_currency.items())}
        named[vendor.get("reference") or vendor_id] = totals
    return named


def _faults(site: Site, _request: Request, _id: str) -> Response:
    now = {"asked": asdict(site.faults.settings), "befell": dict(site.faults.counts)}
    return Response(200, jsontext.encode(now))


def _change_faults(site: Site, request: Request, _id: str) -> Response:
    site.faults.change(body_of(request))
    return _faults(site, request, "")


def _touch(kinds: Mapping[str, Kind]) -> Handler:
    def answer(site: Site, request: Request, _id: str) -> Response:
        given = body_of(request)
        name = checks.one_of(given.get("kind", "bills"), kinds, "kind", "unknown_kind")
        ids = given.get("ids")
        with site.store.change():
            if ids is None:
                ids = _newest(site, name, given.get("count", 1))
            for record_id in ids:
                record = site.store.get(name, record_id)
                if record is None:
                    raise Refusal(404, "not_found", f"There is no {record_id}.")
                records.renew(site, kinds[name], record)
        site.sender.wake()
        return Response(200, jsontext.encode({"touched": ids}))

    return answer


def _newest(site: Site, kind: str, count: object) -> list[str]:
    if not isinstance(count, int) or not 0 < count <= MOST_TOUCHED:
        raise Refusal(422, "invalid_count", f"count must be 1 to {MOST_TOUCHED}")
    offset = max(0, site.store.count(kind) - count)
    bodies = site.store.by_age(kind, {}, "", offset, count)
    return [jsontext.decode(body)["id"] for body in bodies]


def _aim(site: Site, request: Request, _id: str) -> Response:
    given = body_of(request)
    checks.needed(given, "url")
    checks.text(given, "url", "secret", "ca", most=500)
    now = site.sender.target
    target = Target(given["url"], given.get("secret", now.secret), given.get("ca", now.ca))
    try:
        site.sender.aim(target)
    except ValueError as error:
        raise Refusal(422, "invalid_secret", str(error)) from None
    return Response(204)


def _expire(site: Site, _request: Request, _id: str) -> Response:
    site.sessions.close_all()
    return Response(204)
