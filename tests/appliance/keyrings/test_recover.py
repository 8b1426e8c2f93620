"""appliance.keyrings.recover: what is lost is made again, what is there never written over"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.keyrings import change, files, recover, recovery, told
from appliance.keyrings.change import Kit
from appliance.keyrings.recover import Known
from connector.crypto.errors import BadKeyring, CannotOpen
from connector.crypto.keyring import Domain, Role
from tests.appliance.keyrings.boxes import WORDS, a_box, bytes_of, cheap_passphrases, ids

pytestmark = pytest.mark.django_db
NOTHING: Sequence[Known] = ()


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cheap_passphrases(monkeypatch)
    return a_box(tmp_path / "home")


def root_of(box: Path) -> recovery.Root:
    return recovery.open_kit((box / "recovery.kit").read_text(), WORDS)


def rotate(box: Path, domain: Domain) -> str:
    done = change.rotate(box, domain, kit=Kit(box / "recovery.kit", WORDS), actor="me")
    return done.key_ids[0]


@pytest.mark.parametrize("lost", [["web"], ["worker"], ["web", "worker"]])
def test_what_is_lost_comes_back_byte_for_byte(lost: list[str], box: Path) -> None:
    before = bytes_of(box)
    for process in lost:
        (box / f"{process}.keyring").unlink()

    done = recover.recover(box, root_of(box), NOTHING)

    assert bytes_of(box) == before
    assert [path.name for path in done.made] == [f"{process}.keyring" for process in lost]
    assert done.missing == ()


@pytest.mark.parametrize("lost", [["web"], ["worker"], ["web", "worker"]])
def test_after_rotations_the_kit_brings_all_generations_back(lost: list[str], box: Path) -> None:
    for domain in (Domain.VAULT, Domain.VAULT, Domain.PEOPLE, Domain.CONFIG):
        rotate(box, domain)
    before = {process: files.read(box / f"{process}.keyring") for process in ("web", "worker")}
    for process in lost:
        (box / f"{process}.keyring").unlink()

    recover.recover(box, root_of(box), NOTHING)

    for process, opened in before.items():
        for domain, role in {(k.domain, k.role) for k in opened.keyring.all_keys()}:
            was = [k.id for k in opened.keyring.all_keys() if (k.domain, k.role) == (domain, role)]
            assert ids(box, process, domain, role) == was


def test_an_old_copy_of_the_kit_brings_back_what_the_database_names(box: Path) -> None:
    old = root_of(box)
    for _ in range(3):
        rotate(box, Domain.PEOPLE)
        rotate(box, Domain.VAULT)
    before = [
        ids(box, "worker", Domain.VAULT, Role.WRAP),
        ids(box, "web", Domain.PEOPLE, Role.AEAD),
    ]
    for process in ("web", "worker"):
        (box / f"{process}.keyring").unlink()

    done = recover.recover(box, old, told.known())

    assert done.missing == ()
    assert [
        ids(box, "worker", Domain.VAULT, Role.WRAP),
        ids(box, "web", Domain.PEOPLE, Role.AEAD),
    ] == before


def test_what_was_retired_stays_away(box: Path) -> None:
    (old,) = ids(box, "web", Domain.CONFIG, Role.AEAD)
    new = rotate(box, Domain.CONFIG)
    change.retire(box, Domain.CONFIG, actor="me")
    (box / "web.keyring").unlink()

    recover.recover(box, root_of(box), NOTHING)

    assert ids(box, "web", Domain.CONFIG, Role.AEAD) == [new]
    (box / "web.keyring").unlink()
    (box / "worker.keyring").unlink()

    recover.recover(box, root_of(box), told.known())

    assert ids(box, "worker", Domain.CONFIG, Role.AEAD) == [new]
    assert old not in str(bytes_of(box))


def test_a_drawn_key_is_copied_from_the_other_keyring_or_said_to_be_lost(box: Path) -> None:
    done = change.rotate(box, Domain.PAYLOAD, kit=None, actor="me")
    (box / "web.keyring").unlink()

    copied = recover.recover(box, root_of(box), told.known())

    assert copied.missing == ()
    assert ids(box, "web", Domain.PAYLOAD, Role.AEAD)[0] == done.key_ids[0]
    (box / "web.keyring").unlink()
    (box / "worker.keyring").unlink()

    lost = recover.recover(box, root_of(box), told.known())

    assert lost.missing == (f"payload aead {done.key_ids[0]}",)
    assert len(ids(box, "web", Domain.PAYLOAD, Role.AEAD)) == 1


def test_nothing_that_is_there_is_written_over(box: Path, tmp_path: Path) -> None:
    before = bytes_of(box)

    with pytest.raises(files.KeysExistError, match="Both keyrings are in"):
        recover.recover(box, root_of(box), NOTHING)
    assert bytes_of(box) == before

    (box / "web.keyring").unlink()
    (box / "worker.keyring").write_bytes(b"cut")
    with pytest.raises(BadKeyring, match="no keyring that this version reads"):
        recover.recover(box, root_of(box), NOTHING)
    assert (box / "worker.keyring").read_bytes() == b"cut"
    assert not (box / "web.keyring").exists()


@pytest.mark.parametrize("told_by", ["keyring", "database"])
def test_the_kit_of_another_box_is_refused(told_by: str, box: Path, tmp_path: Path) -> None:
    rotate(box, Domain.CONFIG)
    other = root_of(a_box(tmp_path / "other"))
    (box / "web.keyring").unlink()
    known = told.known()
    if told_by == "database":
        (box / "worker.keyring").unlink()
    else:
        known = []
    before = bytes_of(box)

    with pytest.raises(CannotOpen, match="Nothing was written"):
        recover.recover(box, other, known)

    assert bytes_of(box) == before
