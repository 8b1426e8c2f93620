"""connector.systems.settings: plain http is refused when it is entered, not when it is called."""

import pytest
from django.test import override_settings

from connector.systems.settings import check_settings
from tests.fakes.systems import described

PLAIN = "must be an address that starts with https://"


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.2",
        "http://10.0.0.1",
        "http://user@erp.example.com",
        "http://[::1",
    ],
)
def test_plain_http_to_another_machine_is_refused(url: str) -> None:
    checked, problems = check_settings(described(), {"url": url})

    assert problems == [f"url: {PLAIN}"]
    assert "url" not in checked


@pytest.mark.parametrize("url", ["http://127.0.0.1:8001", "http://localhost", "http://[::1]:8001"])
def test_plain_http_to_this_machine_is_for_a_practice_box_alone(url: str) -> None:
    assert check_settings(described(), {"url": url}) == ({"url": url}, [])
    with override_settings(CONNECTOR_ALLOW_LOOPBACK=False):
        assert check_settings(described(), {"url": url}) == ({}, [f"url: {PLAIN}"])


def test_an_address_over_tls_loses_only_its_last_slash() -> None:
    checked, problems = check_settings(described(), {"url": "https://erp.example.com:8443/a/"})

    assert (checked, problems) == ({"url": "https://erp.example.com:8443/a"}, [])
