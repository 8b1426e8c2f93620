"""appliance.management.commands.unlock"""

import pytest
from django.core.management import CommandError, call_command

from connector.audit.models import Entry
from tests.appliance.accounts.people import attempt, somebody

pytestmark = pytest.mark.django_db
WRONG = "wrong horse battery staple"


@pytest.mark.parametrize("name", ["omar", "OMAR", "omar@halden.example"])
def test_an_unlocked_name_may_be_tried_at_once(name: str) -> None:
    somebody("omar")
    for _ in range(5):
        attempt("omar", WRONG)
    assert attempt("omar").status_code == 403

    call_command("unlock", name)

    assert attempt("omar").status_code == 302
    assert Entry.objects.get(action="account.sign_in_unlocked").subject == "account:omar"


def test_nobody_unlocks_a_name_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="nobody named omar"):
        call_command("unlock", "omar")

    assert not Entry.objects.exists()
