"""Fills an empty Tryton: a company with its books, and suppliers with invoices of every kind.

    tryton_setup.py CONFIGURATION DATABASE

Runs inside Tryton's own virtual environment, by Tryton's own client library. The invoices: whole
and broken quantities, prices of four digits, taxed lines, a comment between the lines, credit
notes, drafts, posted ones, and one that was cancelled.
"""

import sys
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from proteus import Model, config  # type: ignore[import-not-found]
from trytond.modules.account.tests.tools import (  # type: ignore[import-not-found]
    create_chart,
    create_fiscalyear,
    create_tax,
    get_accounts,
)
from trytond.modules.account_invoice.tests.tools import (  # type: ignore[import-not-found]
    set_fiscalyear_invoice_sequences,
)
from trytond.modules.company.tests.tools import (  # type: ignore[import-not-found]
    create_company,
    get_company,
)

COUNTRIES = (
    *(
        "AU",
        "BE",
        "BG",
        "BR",
        "CA",
        "CH",
        "CN",
        "CZ",
        "DE",
        "DK",
        "EG",
        "ES",
        "FR",
        "GB",
        "GR",
        "HU",
    ),
    *(
        "IE",
        "IL",
        "IN",
        "IT",
        "JP",
        "KR",
        "KW",
        "NL",
        "NO",
        "PL",
        "SE",
        "TH",
        "TR",
        "UA",
        "US",
        "VN",
    ),
)
SUPPLIERS = (
    ("S-101", "Müller & Söhne GmbH", "DE", "Köln"),
    ("S-102", "Société d'Électricité de l'Ouest", "FR", "Saint-Étienne"),
    ("S-103", "株式会社さくら製作所", "JP", "大阪市"),
    ("S-104", "Ελληνικά Έλαια Α.Ε.", "GR", "Θεσσαλονίκη"),
    ("S-105", "ТОВ «Ромашка»", "UA", "Львів"),
    ("S-106", 'O\'Brien "Quality" & Co. <Ltd>', "IE", "Cork"),
)
INVOICES = 20
QUANTITIES = ("1", "2.5", "0.125", "12", "3", "7.75")
PRICES = ("19.99", "0.0125", "1234.5678", "8.30", "99.995", "450")
CODES = ("5.1.1", "5.1.3", "5.2.1")


def main(configuration: str, database: str) -> None:
    settings = config.set_trytond(database, config_file=configuration)
    _company(settings)
    countries = _countries()
    suppliers = [_supplier(*one, countries) for one in SUPPLIERS]
    company = get_company()
    tax = create_tax(Decimal("0.19"))
    tax.save()
    payable = get_accounts(company)["payable"]
    accounts = {code: _account(code) for code in CODES}
    for number in range(INVOICES):
        _invoice(number, suppliers[number % len(suppliers)], payable, accounts, tax)


def _company(settings: Any) -> None:
    party = Model.get("party.party")(name="Practice Company")
    party.save()
    create_company(party=party, currency="EUR")
    settings._context = Model.get("res.user").get_preferences(True, {})
    company = get_company()
    create_chart(company)
    year = set_fiscalyear_invoice_sequences(create_fiscalyear(company))
    year.save()
    year.click("create_period")
    term = Model.get("account.invoice.payment_term")(name="30 days")
    term.lines.new().relativedeltas.new().days = 30
    term.save()


def _countries() -> dict[str, Any]:
    made = {code: Model.get("country.country")(name=code, code=code) for code in COUNTRIES}
    for country in made.values():
        country.save()
    return made


def _supplier(code: str, name: str, country: str, city: str, countries: dict[str, Any]) -> Any:
    party = Model.get("party.party")(name=name, code=code)
    (address,) = party.addresses or [party.addresses.new()]
    address.city, address.country = city, countries[country]
    party.save()
    return party


def _account(code: str) -> Any:
    (account,) = Model.get("account.account").find([("code", "=", code)])
    return account


def _invoice(number: int, party: Any, payable: Any, accounts: dict[str, Any], tax: Any) -> None:
    invoice = Model.get("account.invoice")(type="in", party=party, account=payable)
    invoice.reference = f"{party.code}/{number:03}"
    invoice.invoice_date = date.today() - timedelta(days=number % 28)
    sign = -1 if number % 7 == 6 else 1
    for place in range(1 + number % 4):
        line = invoice.lines.new()
        line.description = f"Item {place + 1} – ítem №{number}"
        line.quantity = sign * float(QUANTITIES[(number + place) % len(QUANTITIES)])
        line.unit_price = Decimal(PRICES[(number + 2 * place) % len(PRICES)])
        line.account = accounts[CODES[(number + place) % len(CODES)]]
        if number % 3 == 0:
            line.taxes.append(type(tax)(tax.id))
    if number % 5 == 0:
        comment = invoice.lines.new()
        comment.type, comment.description = "comment", "Delivered to the back door"
    invoice.save()
    if number % 10 == 4:
        invoice.click("post")
    if number == INVOICES - 1:
        invoice.click("cancel")


if __name__ == "__main__":
    main(*sys.argv[1:])
