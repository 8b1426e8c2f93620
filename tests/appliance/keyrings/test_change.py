"""appliance.keyrings.change: rotating and retiring keys of a box"""

import stat
from pathlib import Path

import pytest

from appliance.keyrings import change, files, recovery
from appliance.keyrings.change import Kit, Refused
from appliance.keyrings.held import HeldKeys
from connector.audit.models import Entry
from connector.crypto import envelope
from connector.crypto import keyring as keyrings
from connector.crypto.envelope import Place
from connector.crypto.errors import BadKeyring, CannotOpen, CryptoError
from connector.crypto.keyring import Domain, Role
from connector.crypto.secret import Secret
from connector.jobs.models import Job
from connector.rekey import store
from connector.rekey.models import ExpectedKey, Reseal
from connector.rekey.store import StillNeeded
from tests.appliance.keyrings.boxes import WORDS, a_box, bytes_of, cheap_passphrases, ids

pytestmark = pytest.mark.django_db
ACTOR = "command:keys"
PLACE = Place("a", "b", "c")


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cheap_passphrases(monkeypatch)
    return a_box(tmp_path / "home")


def rotate(box: Path, domain: Domain = Domain.CONFIG) -> tuple[str, ...]:
    kit = Kit(box / "recovery.kit", WORDS)
    return change.rotate(box, domain, kit=kit, actor=ACTOR).key_ids


def test_a_rotation_puts_new_keys_in_front_and_keeps_the_old(box: Path) -> None:
    (old,) = ids(box, "web", Domain.CONFIG, Role.AEAD)
    with keyrings.using(files.read(box / "web.keyring").keyring):
        sealed = envelope.seal(Domain.CONFIG, b"mine", place=PLACE)

    (new,) = rotate(box)

    for process in ("web", "worker"):
        assert ids(box, process, Domain.CONFIG, Role.AEAD) == [new, old]
        assert stat.S_IMODE((box / f"{process}.keyring").stat().st_mode) == 0o600
    with keyrings.using(files.read(box / "worker.keyring").keyring):
        assert envelope.open_sealed(Domain.CONFIG, sealed, place=PLACE) == b"mine"
        assert envelope.key_id(envelope.seal(Domain.CONFIG, b"", place=PLACE)) == new
    assert {path.name for path in box.iterdir()} == {
        "web.keyring",
        "worker.keyring",
        "recovery.kit",
    }


def test_a_rotation_is_recorded_expected_and_asks_the_worker_to_seal_anew(box: Path) -> None:
    (new,) = rotate(box)

    entry = Entry.objects.get(action="key.rotated")
    assert (entry.actor, entry.subject, new in entry.facts) == (ACTOR, "keys:config", True)
    expected = ExpectedKey.objects.filter(domain="config", role="aead")
    assert dict(expected.values_list("key_id", "primary"))[new] is True
    assert list(expected.values_list("primary", flat=True)).count(True) == 1
    assert Reseal.objects.get().key_id == new
    assert Job.objects.get().args == {"domain": "config"}


def test_the_vault_gets_all_its_keys_and_web_still_can_open_nothing(box: Path) -> None:
    rotate(box, Domain.VAULT)

    for role, of_web in ((Role.MAC, 2), (Role.SEAL, 2), (Role.OPEN, 0), (Role.WRAP, 0)):
        assert len(ids(box, "worker", Domain.VAULT, role)) == 2
        assert len(ids(box, "web", Domain.VAULT, role)) == of_web
    sealing, opening = (ids(box, "worker", Domain.VAULT, r) for r in (Role.SEAL, Role.OPEN))
    assert sealing == opening


def test_what_recognises_records_and_events_stays(box: Path) -> None:
    before = ids(box, "web", Domain.PAYLOAD, Role.MAC)

    rotate(box, Domain.PAYLOAD)

    assert ids(box, "web", Domain.PAYLOAD, Role.MAC) == before


def test_the_kit_brings_back_what_was_rotated(box: Path) -> None:
    first, second = rotate(box), rotate(box)

    root = recovery.open_kit((box / "recovery.kit").read_text(), WORDS)

    assert root.generations == {Domain.CONFIG: 3}
    assert first != second


def test_an_old_copy_of_the_kit_makes_no_key_twice(box: Path) -> None:
    copy = (box / "recovery.kit").read_bytes()
    (first,) = rotate(box)
    (box / "recovery.kit").write_bytes(copy)

    (second,) = rotate(box)

    assert first != second
    assert recovery.open_kit((box / "recovery.kit").read_text(), WORDS).generations == {
        Domain.CONFIG: 3
    }


def test_a_box_without_a_kit_gets_drawn_keys(tmp_path: Path) -> None:
    box = a_box(tmp_path / "home", kit=False)

    assert not change.has_kit(box)
    change.rotate(box, Domain.VAULT, kit=None, actor=ACTOR)

    assert len(ids(box, "worker", Domain.VAULT, Role.WRAP)) == 2
    assert '"recoverable": false' in Entry.objects.get(action="key.rotated").facts
    with pytest.raises(Refused, match="come from the recovery kit"):
        change.rotate(box, Domain.BACKUP, kit=None, actor=ACTOR)


@pytest.mark.parametrize("case", ["passphrase", "kit", "cut kit", "ledger", "cut", "newer"])
def test_what_is_wrong_is_refused_and_changes_nothing(case: str, box: Path, tmp_path: Path) -> None:
    kit, domain = Kit(box / "recovery.kit", WORDS), Domain.CONFIG
    error: type[CryptoError] = CannotOpen
    if case == "passphrase":
        kit = Kit(kit.path, Secret("not what it was sealed with"))
    elif case == "kit":
        kit = Kit(a_box(tmp_path / "other") / "recovery.kit", WORDS)
    elif case == "cut kit":
        kit.path.write_text(kit.path.read_text()[:-20])
    elif case == "ledger":
        domain, error = Domain.LEDGER, Refused
    elif case == "cut":
        file = box / "worker.keyring"
        file.write_bytes(file.read_bytes()[:-40])
        error = BadKeyring
    else:
        file = box / "web.keyring"
        file.write_text(file.read_text().replace('"format": 1', '"format": 2'))
        error = BadKeyring
    before = bytes_of(box)

    with pytest.raises(error) as refused:
        change.rotate(box, domain, kit=kit, actor=ACTOR)

    assert bytes_of(box) == before
    assert WORDS.reveal() not in str(refused.value)
    assert "not what it was" not in str(refused.value)
    assert not Entry.objects.exists()
    assert not ExpectedKey.objects.exists()


def test_a_database_that_fails_in_the_middle_leaves_a_box_that_works(
    box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = ids(box, "web", Domain.CONFIG, Role.AEAD)

    def fails(*_: object, **__: object) -> None:
        raise OSError("cut off")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="cut off"):
        patch.setattr(store, "rotate", fails)
        rotate(box)
    assert ids(box, "web", Domain.CONFIG, Role.AEAD)[0] == old

    (new,) = rotate(box)

    assert ids(box, "worker", Domain.CONFIG, Role.AEAD)[0] == new
    assert len(ids(box, "web", Domain.CONFIG, Role.AEAD)) == 3


def test_two_commands_at_once_are_refused(box: Path) -> None:
    with files.alone(box), pytest.raises(BadKeyring, match="Another command"):
        rotate(box)


def test_old_keys_are_retired_once_nothing_names_them(box: Path) -> None:
    (old,) = ids(box, "web", Domain.RECEIVER, Role.AEAD)
    (new,) = rotate(box, Domain.RECEIVER)

    done = change.retire(box, Domain.RECEIVER, actor=ACTOR)

    assert done.key_ids == (old,)
    for process in ("web", "worker"):
        assert ids(box, process, Domain.RECEIVER, Role.AEAD) == [new]
        assert len(ids(box, process, Domain.RECEIVER, Role.MAC)) == 1
    assert old in Entry.objects.get(action="key.retired").facts
    assert not ExpectedKey.objects.filter(key_id=old).exists()
    with pytest.raises(Refused, match="no older keys"):
        change.retire(box, Domain.RECEIVER, actor=ACTOR)


@pytest.mark.parametrize(("domain", "why"), [("audit", "could not be verified"), ("ledger", "no ")])
def test_keys_that_prove_the_past_are_never_retired(box: Path, domain: str, why: str) -> None:
    if domain == "audit":
        rotate(box, Domain.AUDIT)

    with pytest.raises(Refused, match=why):
        change.retire(box, Domain(domain), actor=ACTOR)
    for process in ("web", "worker"):
        assert len(ids(box, process, Domain.AUDIT, Role.MAC)) == (2 if domain == "audit" else 1)


def test_a_key_that_a_value_names_stays(box: Path) -> None:
    from tests.connector.console.box import a_busy_box

    with keyrings.using(_everything(box)):
        a_busy_box()
    rotate(box, Domain.PAYLOAD)
    before = bytes_of(box)

    with pytest.raises(StillNeeded, match=r"\d+ sealed values name .* in flows_delivery"):
        change.retire(box, Domain.PAYLOAD, actor=ACTOR)
    assert bytes_of(box) == before

    assert change.reseal(box, Domain.PAYLOAD, actor=ACTOR) > 5
    change.retire(box, Domain.PAYLOAD, actor=ACTOR)

    assert len(ids(box, "web", Domain.PAYLOAD, Role.AEAD)) == 1


def _everything(box: Path) -> keyrings.Keyring:
    both = files.read_both(box)
    return HeldKeys(
        both["web"].keyring.cell,
        (*both["worker"].keyring.all_keys(), *both["web"].keyring.all_keys()),
    )
