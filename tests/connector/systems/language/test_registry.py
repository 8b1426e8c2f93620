"""Which systems there are: shipped ones first, then uploaded ones."""

from collections.abc import Iterable, Iterator

import pytest

from connector.systems import registry
from connector.systems.errors import SpecError, UnknownSystem
from tests.connector.systems.language.documents import FILES


class Table:
    """Uploaded descriptions, kept in a dict."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def text(self, name: str) -> str | None:
        return self.texts.get(name)

    def names(self) -> Iterable[str]:
        return self.texts


@pytest.fixture(autouse=True)
def nothing_uploaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_uploaded", [])


@pytest.fixture
def uploaded(nothing_uploaded: None) -> Iterator[Table]:
    table = Table({"bill": FILES["bill"].read_text(encoding="utf-8"), "broken": "name: 1\n"})
    registry.register_source(table)
    registry.register_source(table)
    yield table


def test_a_shipped_system_is_read_once() -> None:
    assert registry.get("tryton") is registry.get("tryton")


def test_an_uploaded_system_is_read_from_its_text_and_follows_it(uploaded: Table) -> None:
    assert registry.get("bill").title == "BILL"
    uploaded.texts["bill"] = uploaded.texts["bill"].replace("title: BILL", "title: Bill")
    assert registry.get("bill").title == "Bill"


def test_names_hold_both_kinds_once(uploaded: Table) -> None:
    uploaded.texts["tryton"] = "x"
    found = registry.names()
    assert found == sorted(set(found))
    assert {"tryton", "bill", "broken"} <= set(found)


def test_an_upload_can_not_take_the_place_of_a_shipped_system(uploaded: Table) -> None:
    uploaded.texts["tryton"] = "name: evil"
    assert registry.get("tryton").title == "Tryton"


def test_a_broken_upload_says_where_it_is_broken(uploaded: Table) -> None:
    with pytest.raises(SpecError, match=r"broken\.yaml:1: name: must be a text, is 1"):
        registry.get("broken")


def test_an_unknown_name_is_refused_with_what_is_near() -> None:
    with pytest.raises(UnknownSystem, match=r"did you mean tryton\?"):
        registry.get("tritn")
    with pytest.raises(UnknownSystem, match=r'no system "zzzzzz" here$'):
        registry.get("zzzzzz")


def test_every_shipped_file_is_a_system_of_its_name() -> None:
    for name, system in registry.catalogue().items():
        assert system.name == name
