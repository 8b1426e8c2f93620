"""connector.console.public: a client does not choose where our addresses lead"""

from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory

from appliance.accounts.sso import Provider
from connector.console import public


@pytest.fixture(autouse=True)
def _any_host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]


@pytest.mark.parametrize("url", ["https://box.example", "https://box.example/"])
def test_an_address_begins_with_the_public_one_whatever_host_was_asked(
    url: str, settings: Any
) -> None:
    settings.PUBLIC_URL = url
    request = RequestFactory().get("/people/", headers={"Host": "evil.example"})

    assert public.address(request, "/invited/x/") == "https://box.example/invited/x/"


def test_single_sign_on_comes_back_to_the_public_address(settings: Any) -> None:
    settings.PUBLIC_URL = "https://box.example"
    request = RequestFactory().get("/sign-in/with/sso/", headers={"Host": "evil.example"})

    back = Provider(request, "sso").get_callback_url(request, None)

    assert back == "https://box.example/sign-in/from/sso/"


def test_a_practice_box_that_does_not_know_its_address_takes_the_one_it_was_asked_at(
    settings: Any,
) -> None:
    settings.PUBLIC_URL = ""
    request = RequestFactory().get("/people/", headers={"Host": "127.0.0.1:8123"})

    assert public.address(request, "/x/") == "http://127.0.0.1:8123/x/"


def test_nothing_else_makes_an_address_from_what_a_client_asked() -> None:
    root = Path(public.__file__).parents[2]
    files = [*(root / "connector").rglob("*.py"), *(root / "appliance").rglob("*.py")]

    asking = {file.name for file in files if "build_absolute_uri" in file.read_text("utf-8")}

    assert asking == {"public.py"}
