"""The credential of a connection in the console: nothing that was typed comes back, ever."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connector.audit.models import Entry
from connector.flows import connections
from connector.flows.models import Connection, Flow
from connector.jobs.models import Job
from connector.vault import change_over, store
from connector.vault.models import CredentialVersion
from tests.conftest import as_role
from tests.connector.console.box import SECRET, actions, state
from tests.connector.console.conftest import SignIn

pytestmark = pytest.mark.django_db
TYPED = "sk-live-typed-just-now"
ROTATE = reverse("connection-rotate", args=["books"])
PAGE = reverse("connection", args=["books"])


def books() -> Connection:
    return Connection.objects.select_related("credential").get(slug="books")


def versions() -> list[tuple[int, str]]:
    credential = books().credential
    assert credential is not None
    return list(credential.versions.order_by("number").values_list("number", "state"))


def waiting(owner: Client, problem: str = "") -> CredentialVersion:
    """Rotate in the console; with a problem, as if its test had failed."""
    owner.post(ROTATE, {"secret-user": "robot", "secret-key": TYPED})
    credential = books().credential
    assert credential is not None
    version = store.pending(credential.pk)
    assert version is not None
    if problem:
        with as_role("worker"):
            change_over.note_failure(version.pk, problem, actor="worker")
            Connection.objects.filter(slug="books").update(checked_at=timezone.now())
    return version


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"secret-user": ""}, "required"),
        ({"secret-key": f"{TYPED}\x00"}, "control character"),
        ({"secret-key": f"{TYPED}\x1b"}, "control character"),
        ({"secret-key": f"{TYPED}\nmore"}, "line break"),
        ({"secret-key": f"{TYPED}\u202e"}, "invisible"),
        ({"secret-key": f"{TYPED}\u200b"}, "invisible"),
        ({"secret-key": f"{TYPED}\ufffd"}, "no character"),
        ({"secret-key": TYPED * 50_000}, "longer than 20000"),
        ({"expires_on": "2020-01-01"}, "gone by"),
        ({"expires_on": "soon"}, "valid date"),
    ],
)
def test_after_any_error_all_secrets_are_empty_and_the_page_says_so(
    owner: Client, wrong: dict[str, str], words: str
) -> None:
    before = state()

    answer = owner.post(ROTATE, {"secret-user": "robot-9", "secret-key": TYPED, **wrong})

    page = answer.content.decode()
    assert words in page
    assert "type them again" in page
    for typed in (TYPED, "sk-live", "robot-9"):
        assert typed not in page
    assert str(len(TYPED)) not in [part for part in page.split() if part.isdigit()]
    assert state() == before


def test_no_page_knows_how_long_a_secret_is(owner: Client) -> None:
    page = owner.get(ROTATE).content.decode()

    assert "maxlength" not in page
    assert SECRET not in page
    assert 'autocomplete="new-password"' in page


def test_bytes_that_are_no_text_are_refused(owner: Client) -> None:
    before = state()

    answer = owner.post(
        ROTATE,
        b"secret-user=robot&secret-key=%ed%a0%80half",
        content_type="application/x-www-form-urlencoded",
    )

    assert "no character" in answer.content.decode()
    assert state() == before


def test_the_page_shows_what_waits_and_what_is_used_meanwhile(owner: Client) -> None:
    waiting(owner)
    asked = owner.get(PAGE).content.decode()
    waiting(owner, "It did not accept the key.")
    failed = owner.get(PAGE).content.decode()

    assert "Version 2 is being tested" in asked
    assert "Flows use version 1 until it has passed" in asked
    assert "Version 3 did not pass its test" in failed
    assert "It did not accept the key." in failed
    assert TYPED not in asked + failed


def test_it_is_dropped(owner: Client) -> None:
    waiting(owner, "no")

    answer = owner.post(reverse("credential-drop", args=["books"]), follow=True)

    assert "shredded" in answer.content.decode()
    assert versions() == [(1, "current"), (2, "shredded")]
    again = owner.post(reverse("credential-drop", args=["books"]), follow=True)
    assert "No new version" in again.content.decode()


def test_using_it_anyway_is_asked_of_the_worker(owner: Client) -> None:
    version = waiting(owner, "no")

    owner.post(reverse("credential-use", args=["books"]))

    assert versions() == [(1, "current"), (2, "pending")]
    job = Job.objects.get(kind="vault.use")
    assert job.args == {"version": str(version.pk), "actor": "owner"}
    assert actions()[-1] == "credential.use_asked"


def test_it_is_tested_again(owner: Client) -> None:
    waiting(owner, "no")

    owner.post(reverse("connection-test", args=["books"]))

    assert "Version 2 is being tested" in owner.get(PAGE).content.decode()


def test_the_last_day_is_set_shown_and_reminded_of(owner: Client) -> None:
    day = timezone.localdate() + timedelta(days=10)

    owner.post(reverse("credential-expiry", args=["books"]), {"expires_on": day.isoformat()})

    for page in (PAGE, reverse("overview")):
        assert "works for 10 more days" in owner.get(page).content.decode()
    assert actions()[-1] == "credential.expiry_set"
    refused = owner.post(
        reverse("credential-expiry", args=["books"]), {"expires_on": "2020-01-01"}, follow=True
    )
    assert "gone by" in refused.content.decode()
    assert "works for 10 more days" in refused.content.decode()


def test_its_history_is_one_click_away_for_who_may_see_it(owner: Client) -> None:
    waiting(owner, "no")
    address = f"{reverse('audit')}?subject=credential:{books().credential_id}"

    assert address in owner.get(PAGE).content.decode()
    history = owner.get(address).content.decode()
    assert "credential.entered" in history and "credential.test_failed" in history


def test_deleting_says_first_what_stops(owner: Client) -> None:
    address = reverse("credential-delete", args=["books"])
    before = state()

    assert "Approved invoices to the ledger" in owner.get(address).content.decode()
    assert state() == before
    answer = owner.post(address, follow=True)

    assert "No credential" in answer.content.decode()
    assert "credential.deleted" in actions()
    assert (
        not CredentialVersion.objects.filter(credential__label="Ledger Books, Halden")
        .exclude(state="shredded", sealed=b"")
        .exists()
    )
    for name in ("delete", "drop", "use", "expiry"):
        assert owner.post(reverse(f"credential-{name}", args=["books"])).status_code in (404, 302)


def test_after_deleting_another_is_entered(owner: Client) -> None:
    owner.post(reverse("credential-delete", args=["books"]))

    owner.post(ROTATE, {"secret-user": "robot", "secret-key": TYPED})

    assert versions() == [(1, "current")]


@pytest.mark.parametrize("role", ["operator", "viewer", "auditor"])
def test_who_may_not_change_it_sees_it_and_no_button(
    flow: Flow, signed_in: SignIn, web: None, role: str
) -> None:
    waiting(signed_in("owner"), "It did not accept the key.")
    client = signed_in(role)

    page = client.get(PAGE).content.decode()

    assert "did not pass its test" in page
    for word in ("Use it anyway", "Drop it", "Delete credential", "Save the day"):
        assert word not in page
    for name in ("delete", "drop", "use", "expiry"):
        assert client.post(reverse(f"credential-{name}", args=["books"])).status_code == 403


def test_the_page_is_loaded_anew_when_the_test_is_over(owner: Client) -> None:
    waiting(owner)
    health = reverse("connection-health", args=["books"])
    assert "HX-Refresh" not in owner.get(health).headers

    with as_role("worker"):
        Connection.objects.filter(slug="books").update(checked_at=timezone.now())

    assert owner.get(health).headers["HX-Refresh"] == "true"


def test_entries_of_all_this_name_no_secret(owner: Client) -> None:
    waiting(owner, "no")
    owner.post(reverse("credential-use", args=["books"]))
    owner.post(reverse("credential-drop", args=["books"]))
    connections.delete_credential(books(), actor="owner")

    facts = "".join(Entry.objects.values_list("facts", flat=True))
    assert TYPED not in facts and SECRET not in facts
