"""A walk that is killed at random moments; the long one is `python -m tests.chaos.rotation`"""

import multiprocessing
import os
import random
import signal
import time

import pytest
from django.db import connections as database

from connector.crypto import vault_box
from connector.crypto.keyring import Domain, get_keyring
from connector.crypto.secret import Secret
from connector.rekey import columns, walk
from connector.rekey.models import Reseal
from connector.vault import store
from connector.vault.models import CredentialVersion
from tests import keyrings

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]
MANY = 200
KILLS = 3


def test_all_credentials_open_after_a_rotation_though_the_walk_is_killed_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(walk, "BATCH", 5)
    for number in range(MANY):
        fields = {"key": Secret(f"secret {number}")}
        store.create(label=f"{number}", system="bill", hosts=["a"], fields=fields, actor="me")
    dice, kills = random.Random(5), 0

    with keyrings.holding("rotated"):
        Reseal.objects.create(domain="vault", key_id=get_keyring().primary(Domain.VAULT).id)
        while kills < KILLS:
            kills += killed_walk(after=values() + dice.randrange(1, MANY // KILLS - 10))
        assert 0 < values() < MANY
        while walk.batch(Domain.VAULT, actor="worker"):
            pass
        old = walk.old_keys(Domain.VAULT)
        assert not any(column.naming(old).exists() for column in columns.of(Domain.VAULT))

    assert values() == MANY
    with keyrings.holding("retired"):
        for version in CredentialVersion.objects.select_related("credential"):
            fields = vault_box.open_box(bytes(version.sealed), expected=version.binding)
            assert fields["key"].reveal() == f"secret {version.credential.label}"


def killed_walk(*, after: int) -> int:
    """Walk in another process and kill it when so many values are done; 1 if it was under way."""
    database.close_all()
    process = multiprocessing.get_context("fork").Process(target=_walk)
    process.start()
    while process.is_alive() and values() < after:
        time.sleep(0.001)
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    return int(process.exitcode == -signal.SIGKILL)


def _walk() -> None:
    while walk.batch(Domain.VAULT, actor="worker"):
        pass
    os._exit(0)


def values() -> int:
    return Reseal.objects.get().values
