"""How often the credentials of a run are written down as opened"""

import json

import pytest

from connector.audit.actions import Action
from connector.audit.models import Entry
from connector.flows import ledger, runner
from tests.conftest import as_role
from tests.connector.console import box

pytestmark = pytest.mark.django_db


def openings() -> list[tuple[str, str]]:
    rows = Entry.objects.filter(action=Action.CREDENTIAL_OPENED).order_by("number")
    facts = [json.loads(text) for text in rows.values_list("facts", flat=True)]
    return [(one["label"], one["purpose"]) for one in facts]


def test_a_run_of_many_slices_writes_one_entry_for_each_of_its_credentials() -> None:
    flow = box.a_flow()
    first, second = (box.a_run(flow) for _ in range(2))

    with as_role("worker"):
        for run in (first, first, second, first):
            with runner._clients(run):
                pass

    assert openings() == [
        (label, ledger.run_subject(run.pk))
        for run in (first, second)
        for label in ("Halden ERP", "Ledger Books, Halden")
    ]
