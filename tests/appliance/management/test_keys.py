"""manage.py keys"""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command

from appliance.accounts.models import FactorSecret
from appliance.keyrings import files
from appliance.keyrings.derive import Process
from appliance.management.commands import keys
from connector.audit.models import Entry
from connector.crypto import envelope, keyring
from connector.crypto.keyring import Domain, Role
from tests.appliance.accounts.people import somebody
from tests.appliance.keyrings.boxes import a_box, bytes_of, cheap_passphrases, ids

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[3]
WORDS = "correct horse battery"


def _run(*words: str | Path) -> str:
    out = StringIO()
    call_command("keys", *(str(word) for word in words), stdout=out)
    return out.getvalue()


def test_init_status_and_recover_from_an_empty_directory(tmp_path: Path) -> None:
    """In a process of its own, as on a machine where there is no database and no setting yet."""
    home, file = tmp_path / "home", tmp_path / "passphrase"
    home.mkdir(mode=0o700)
    file.write_text(f"{WORDS}\n")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}

    def manage(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "keys", *map(str, words)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    made = manage("init", "--home", home, "--passphrase-file", file)
    again = manage("init", "--home", home, "--passphrase-file", file)
    kit = (home / "recovery.kit").rename(tmp_path / "recovery.kit")
    (home / "worker.keyring").rename(tmp_path / "old.keyring")
    (home / "web.keyring").unlink()
    restored = manage("recover", "--home", home, "--kit", kit, "--passphrase-file", file)
    told = manage("status", "--home", home)

    assert (made.returncode, made.stderr) == (0, "")
    assert again.returncode == 3
    assert "has keys already" in again.stderr
    assert (restored.returncode, restored.stderr) == (0, "")
    assert (told.returncode, told.stderr) == (0, "")
    assert "worker  vault     open" in told.stdout
    assert "web     vault     open" not in told.stdout
    assert (home / "worker.keyring").read_bytes() == (tmp_path / "old.keyring").read_bytes()
    assert WORDS not in made.stdout + again.stderr + restored.stdout + told.stdout


def test_a_passphrase_typed_twice_differently_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter([WORDS, "correct horse batterz"])
    monkeypatch.setattr(keys, "getpass", lambda prompt: next(typed))

    with pytest.raises(CommandError, match="two passphrases differ"):
        _run("init", "--home", tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_short_passphrase_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "getpass", lambda prompt: "short")

    with pytest.raises(CommandError, match="at least 12 characters"):
        _run("init", "--home", tmp_path)


def test_a_directory_that_is_not_there_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="mkdir -m 700"):
        _run("status", "--home", tmp_path / "none")


def test_without_a_home_it_asks_which_box() -> None:
    with pytest.raises(CommandError, match="Which box"):
        _run("status")


def test_status_of_an_empty_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no keyring at"):
        _run("status", "--home", tmp_path)


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A box with a kit; its passphrase is in a file beside."""
    cheap_passphrases(monkeypatch)
    (tmp_path / "passphrase").write_text(WORDS)
    return a_box(tmp_path / "home")


def _with_passphrase(box: Path) -> tuple[str, ...]:
    return ("--home", str(box), "--passphrase-file", str(box.parent / "passphrase"))


def test_a_rotation_is_made_told_and_retired(box: Path) -> None:
    said = _run("rotate", "vault", *_with_passphrase(box))
    told = _run("status", "--home", box)
    done = _run("reseal", "vault", "--home", box)
    gone = _run("retire", "vault", "--home", box)

    assert "Replace the copies that you keep elsewhere" in said
    assert "The worker seals anew" in said
    assert told.count("older") == 6
    assert "vault: 0 values sealed anew; at the beginning" in told
    assert "0 values" in done
    assert gone.startswith("Retired from vault: ")
    assert "older" not in _run("status", "--home", box)


def test_second_factors_are_sealed_anew_by_the_command(box: Path) -> None:
    """The worker holds no key of people, so this domain waits for the command."""

    def web() -> AbstractContextManager[None]:
        return keyring.using(files.read(box / "web.keyring").keyring)

    data = {"secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}
    with web():
        factor = Authenticator.objects.create(user=somebody(), type="totp", data=data)
    before = bytes(FactorSecret.objects.get().sealed)

    said = _run("rotate", "people", *_with_passphrase(box))
    assert "keys reseal people" in said
    with pytest.raises(CommandError, match="people"):
        _run("retire", "people", "--home", box)
    assert _run("reseal", "people", "--home", box) == "1 values of people are sealed anew.\n"
    after = bytes(FactorSecret.objects.get().sealed)
    assert _run("reseal", "people", "--home", box) == "1 values of people are sealed anew.\n"
    assert bytes(FactorSecret.objects.get().sealed) == after
    assert _run("retire", "people", "--home", box).startswith("Retired from people: ")

    assert envelope.key_id(after) in ids(box, "web", Domain.PEOPLE, Role.AEAD)
    assert envelope.key_id(before) not in ids(box, "web", Domain.PEOPLE, Role.AEAD)
    with web():
        assert Authenticator.objects.get(pk=factor.pk).data == data


def test_a_rotation_that_was_cut_off_is_told_with_the_cure(
    box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = files.write_both
    written: list[Path] = []

    def once(directory: Path, keyrings: Mapping[Process, files.Opened]) -> None:
        if written:
            raise OSError("No space left on device")
        written.append(directory)
        write(directory, keyrings)

    with monkeypatch.context() as patch, pytest.raises(CommandError, match="No space"):
        patch.setattr(files, "write_both", once)
        _run("rotate", "config", *_with_passphrase(box))
    before = _run("status", "--home", box)
    _run("rotate", "config", *_with_passphrase(box))
    after = _run("status", "--home", box)

    assert "config: the rotation was cut off; run: manage.py keys rotate config" in before
    assert "cut off" not in after


def test_without_its_kit_a_box_rotates_only_if_told_so(box: Path) -> None:
    kit = (box / "recovery.kit").rename(box.parent / "away.kit")

    with pytest.raises(CommandError, match="Give it by --kit FILE"):
        _run("rotate", "config", "--home", box)
    assert "no recovery kit brings them back" in _run("rotate", "config", "--home", box, "--drawn")
    assert "was written again" in _run("rotate", "people", *_with_passphrase(box), "--kit", kit)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("rotate", "ledger"), "would know no record"),
        (("retire", "audit"), "could not be verified"),
        (("retire", "config"), "no older keys"),
        (("reseal", "people"), "were not rotated"),
    ],
)
def test_what_is_not_done_is_said(box: Path, words: tuple[str, ...], refusal: str) -> None:
    before = bytes_of(box)

    with pytest.raises(CommandError, match=refusal):
        _run(*words, "--home", box)

    assert bytes_of(box) == before


def test_a_split_root_is_joined_by_as_many_as_it_takes(
    box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bytes_of(box)
    said = _run("split", *_with_passphrase(box), "--shares", "3", "--threshold", "2").splitlines()
    lists = [line for line in said if len(line.split()) == 33]
    (box / "web.keyring").unlink()
    typed = iter([lists[2], lists[0]])
    monkeypatch.setattr(keys, "getpass", lambda prompt: next(typed))

    _run("recover", "--shares", "--home", box)

    assert bytes_of(box) == before
    entries = list(Entry.objects.order_by("number").values_list("action", "facts"))
    assert [action for action, _ in entries] == ["key.split", "key.recovered"]
    assert not any(word in str(entries) for word in lists[0].split() if len(word) > 6)


@pytest.mark.parametrize("case", ["shares", "kit", "both", "passphrase"])
def test_a_recovery_that_can_not_be_repeats_no_secret_and_writes_nothing(
    case: str, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (box / "web.keyring").unlink()
    before = bytes_of(box)
    (box.parent / "wrong").write_text("canary canary canary")
    monkeypatch.setattr(keys, "getpass", lambda prompt: "canary words that are no share")
    words: dict[str, tuple[object, ...]] = {
        "shares": ("--shares",),
        "kit": ("--kit", box.parent / "passphrase", "--passphrase-file", box.parent / "wrong"),
        "both": ("--shares", "--kit", box / "recovery.kit"),
        "passphrase": ("--kit", box / "recovery.kit", "--passphrase-file", box.parent / "wrong"),
    }

    with pytest.raises(CommandError) as refused:
        _run("recover", "--home", box, *map(str, words[case]))

    assert "canary" not in str(refused.value)
    assert WORDS not in str(refused.value)
    assert bytes_of(box) == before
