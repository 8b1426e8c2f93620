"""manage.py internal_token"""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from appliance.internal import tokens
from appliance.internal.models import InternalToken
from connector.audit.models import Entry
from connector.crypto import mac
from tests.connector.console import box

pytestmark = pytest.mark.django_db


def said(*words: str) -> str:
    out = StringIO()
    call_command("internal_token", *words, stdout=out)
    return out.getvalue().strip()


def test_a_token_is_printed_once_and_stored_as_a_hash() -> None:
    text = said("create", "prometheus")

    assert tokens.is_valid(text)
    assert bytes(InternalToken.objects.get().token_hash) == mac.sha256(text.encode())
    assert text not in said("list")
    assert said("list").startswith("prometheus ")
    assert text not in " ".join(Entry.objects.values_list("facts", flat=True))


def test_it_ends_when_it_is_revoked_and_its_name_is_free_again() -> None:
    text = said("create", "prometheus")

    assert said("revoke", "prometheus") == "prometheus is not taken any more."

    assert not tokens.is_valid(text)
    assert said("list") == ""
    assert tokens.is_valid(said("create", "prometheus"))
    assert box.actions() == [
        "internal_token.created",
        "internal_token.revoked",
        "internal_token.created",
    ]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("create", "there"), "A token there works already"),
        (("create", ""), "1 to 60 characters"),
        (("create", "a\nb"), "1 to 60 characters"),
        (("revoke", "absent"), "No token absent works"),
    ],
)
def test_what_can_t_be_done_is_said_and_changes_nothing(
    words: tuple[str, ...], reason: str
) -> None:
    said("create", "there")

    with pytest.raises(CommandError, match=reason) as refused:
        said(*words)

    assert refused.value.returncode == 3
    assert InternalToken.objects.count() == Entry.objects.count() == 1


def test_there_is_a_limit_so_that_each_call_compares_few() -> None:
    for number in range(tokens.MOST):
        said("create", f"service-{number}")

    with pytest.raises(CommandError, match="Revoke one first"):
        said("create", "one more")
