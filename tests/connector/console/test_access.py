"""connector.console.access: where somebody is sent who may not"""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_a_fragment_sends_somebody_whose_session_is_over_to_the_sign_in_page() -> None:
    answer = Client().get(reverse("run-progress", args=[uuid4()]), headers={"HX-Request": "true"})

    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/sign-in/"


def test_after_signing_in_somebody_gets_the_page_that_they_asked_for() -> None:
    assert Client().get("/runs/?state=stopped")["Location"] == (
        "/sign-in/?next=%2Fruns%2F%3Fstate%3Dstopped"
    )
    assert Client().post("/flows/bills/run/")["Location"] == "/sign-in/"
