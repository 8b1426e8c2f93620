"""appliance.accounts.passwords: what is refused, and what is not"""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts.models import User


@pytest.mark.parametrize(
    "password",
    [
        *("short1!", "123456789012", "qwertyuiopas", "lkjhgfdsapoi", "abcdefghijkl"),
        *("Password2026!", "P@ssw0rd12345", "!!Welcome1234", "Dragon!!!!2024", "aaaaaaaaaaaaaa"),
        *("abcabcabcabcabc", "horsehorsehorse", "1qaz2wsx3edc", "mara.lindt@halden"),
        *("9471 6620 1183", "letmein-2026"),
    ],
)
def test_what_is_guessed_early_is_refused(password: str) -> None:
    mara = User(username="mara.lindt@halden.example", email="mara.lindt@halden.example")

    with pytest.raises(ValidationError):
        validate_password(password, mara)


@pytest.mark.parametrize(
    "password",
    ["four calm grey horses", "kT9#vq2Lw!xz", "Grünkohl & drei Pinsel", "correct horse battery"],
)
def test_what_is_not_passes(password: str) -> None:
    validate_password(password, User(username="mara"))


WORDS = ["amber", "brook", "cedar", "delta", "ember", "frost"]


@given(st.lists(st.sampled_from(WORDS), min_size=3, max_size=8))
def test_no_password_breaks_the_check(words: list[str]) -> None:
    try:
        validate_password(" ".join(words), User(username="mara"))
    except ValidationError:
        assert len(set(words)) < 3
