"""Refreshes from many processes at once, and a process killed in the middle of one"""

from collections.abc import Iterator

import pytest

from connector.vault.oauth.models import Grant
from tests.chaos.oauth import at_once, is_right, killed, oauth_process
from tests.chaos.world import World
from tests.connector.flows.granted import a_connection

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world() -> Iterator[World]:
    with oauth_process() as url:
        a_connection(url)
        world = World(url)
        world.renew()
        yield world


def test_of_many_refreshes_at_once_one_is_made_and_a_killed_one_locks_nobody_out(
    world: World,
) -> None:
    outcome = at_once(world.url, world, parallel=24, processes=2)

    assert is_right(outcome), outcome
    assert Grant.objects.get().refreshes == 1

    after = killed(world.url, world, ["stored"])

    assert after.points == {"stored": 1}
    assert after.locked_out == {}
    assert after.reused == 0
