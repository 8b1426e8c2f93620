"""connector.jobs.errors"""

from connector.jobs.errors import NotIds, safe_text


def test_the_text_of_a_foreign_error_is_never_kept() -> None:
    assert safe_text(ValueError("password hunter2")) == "ValueError"
    assert safe_text(KeyError("hunter2")) == "KeyError"


def test_the_message_of_an_own_error_is_kept_in_bounds() -> None:
    assert safe_text(NotIds("an argument is not an id")) == "an argument is not an id"
    assert len(safe_text(NotIds("x" * 2_000))) == 500


def test_a_message_that_pretends_to_be_own_is_not_kept() -> None:
    class Foreign(Exception):
        message = "hunter2"

    assert safe_text(Foreign()) == "Foreign"
