"""appliance.keyrings.recovery"""

import re

import pytest

from appliance.keyrings import recovery
from connector.crypto.errors import CannotOpen, UnknownFormat
from connector.crypto.keyring import Domain
from connector.crypto.passphrase import Cost
from connector.crypto.secret import Secret
from tests.keyrings import ROOT

WORDS = Secret("correct horse battery")
KIT = """\
ml-connector recovery kit 1
cell: 02d7c3a9684a4456
backup key: 1f9981b3efd56597

AQAAAAEAAAAAAAAgAIcQrG2pDP7S2j9+sZDycyY0f6oGlhaMGQvMTFfeYCoOcyQX
5lQBJT/rcYd8ka4cxUmMWYVlEgugvXvKAjVS9i8Lnsgab/FHMoSUMYct0AOcZfsp
OnVyTMI=
"""


def test_the_format_never_changes() -> None:
    """People keep kits for years: a change here needs a new format beside this one."""
    assert recovery.open_kit(KIT, WORDS).material == ROOT


def test_a_kit_written_now_opens_and_shows_no_key() -> None:
    root = recovery.new_root()

    kit = recovery.write_kit(root, WORDS, cost=Cost(1, 8192))

    assert recovery.open_kit(kit, WORDS).material == root.material
    assert kit.splitlines()[:2] == ["ml-connector recovery kit 1", f"cell: {root.cell}"]
    assert root.material.hex() not in kit
    assert repr(root.material) not in repr(root)


def test_a_kit_typed_in_from_paper_may_have_other_line_ends() -> None:
    typed = "\r\n  " + KIT.replace("\n", "  \r\n ")

    assert recovery.open_kit(typed, WORDS).material == ROOT


def test_another_passphrase_is_refused() -> None:
    with pytest.raises(CannotOpen, match="With this passphrase"):
        recovery.open_kit(KIT, Secret("correct horse batterz"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("02d7c3a9684a4456", "02d7c3a9684a4457"),
        ("1f9981b3efd56597", "1f9981b3efd56598"),
        ("AIcQrG2p", "AIcQrG2q"),
        ("OnVyTMI=", ""),
        ("OnVyTMI=", "OnVyTM!="),
        ("cell: 02d7c3a9684a4456\n", ""),
    ],
)
def test_a_changed_kit_is_refused(old: str, new: str) -> None:
    with pytest.raises(CannotOpen):
        recovery.open_kit(KIT.replace(old, new), WORDS)


@pytest.mark.parametrize("text", ["", "\n", "ml-connector recovery kit 2\n", "{}"])
def test_what_is_no_kit_is_refused(text: str) -> None:
    with pytest.raises(UnknownFormat, match="not a recovery kit"):
        recovery.open_kit(text, WORDS)


def test_a_drawn_passphrase_is_long_and_easy_to_write_down() -> None:
    drawn = recovery.new_passphrase()

    assert re.fullmatch(r"([a-z2-7]{4}-){5}[a-z2-7]{4}", drawn.reveal())
    assert drawn != recovery.new_passphrase()


def test_a_kit_carries_the_generations_bound_to_the_rest() -> None:
    root = recovery.Root(ROOT, {Domain.VAULT: 2, Domain.BACKUP: 3})

    kit = recovery.write_kit(root, WORDS, cost=Cost(1, 8192))

    assert "generations: backup 3, vault 2\n" in kit
    assert recovery.open_kit(kit.replace("\n", " \r\n"), WORDS).generations == root.generations
    assert recovery.open_kit(KIT, WORDS).generation(Domain.VAULT) == 1
    for changed in ("generations: backup 3, vault 1\n", ""):
        with pytest.raises(CannotOpen):
            recovery.open_kit(kit.replace("generations: backup 3, vault 2\n", changed), WORDS)


def test_a_kit_with_a_kind_of_key_of_a_later_version_is_refused() -> None:
    kit = recovery.write_kit(
        recovery.Root(ROOT, {"tomorrow": 2}),  # type: ignore[dict-item]
        WORDS,
        cost=Cost(1, 8192),
    )

    with pytest.raises(UnknownFormat, match="newer one"):
        recovery.open_kit(kit, WORDS)
