"""Columns of people's that hold sealed bytes. Sessions are none of them: they end by themselves."""

from appliance.accounts.models import FactorSecret
from appliance.accounts.seals import place
from connector.crypto.keyring import Domain
from connector.rekey.columns import in_place

SEALED = (
    in_place(
        FactorSecret,
        "sealed",
        Domain.PEOPLE,
        lambda row: place(row.authenticator),
        related=("authenticator",),
    ),
)
