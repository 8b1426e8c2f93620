"""appliance.keyrings.derive: which process holds what."""

import pytest

from appliance.keyrings import derive
from connector.crypto import kdf
from connector.crypto.keyring import Domain, Role
from tests.keyrings import OTHER_ROOT, ROOT

BOTH = {
    ("vault", "mac"): "c326a4a950dc2dd3",
    ("vault", "seal"): "714589ca9edf6634",
    ("receiver", "aead"): "b220342ea84a5e07",
    ("config", "aead"): "58582b3ece35f329",
    ("payload", "aead"): "2d7556e29ad47670",
    ("audit", "mac"): "072dd8986e62c9ea",
    ("receiver", "mac"): "da26e79eaca50418",
    ("config", "mac"): "2ba5e66e99211714",
    ("payload", "mac"): "5cdbff459d05a439",
}
WEB_ALONE = {("people", "aead"): "fcfe4def85954c95", ("people", "mac"): "299a854a955cb107"}
WORKER_ALONE = {
    ("vault", "open"): "714589ca9edf6634",
    ("vault", "wrap"): "9faf1cd8ea5305c3",
    ("ledger", "mac"): "3a5e5525a70b86f6",
    ("audit", "sign"): "4cfc79a99ba73608",
    ("backup", "seal"): "1f9981b3efd56597",
}


@pytest.mark.parametrize(
    ("process", "expected"), [("web", BOTH | WEB_ALONE), ("worker", BOTH | WORKER_ALONE)]
)
def test_each_process_holds_just_its_keys(
    process: derive.Process, expected: dict[tuple[str, str], str]
) -> None:
    """The ids are frozen: another id means that a kit would not bring back the same keys."""
    held = {(k.domain.value, k.role.value): k.id for k in derive.keys_of(ROOT, process)}

    assert held == expected


def test_no_keyring_holds_what_opens_the_backups() -> None:
    private = derive.backup_private_key(ROOT)

    materials = [key.material for key in derive.keys_of(ROOT, "worker")]
    (public,) = (key for key in derive.keys_of(ROOT, "worker") if key.domain is Domain.BACKUP)
    assert private.material not in materials
    assert public.material == kdf.public_half(Role.OPEN, private.material)
    assert public.id == private.id


def test_no_key_is_used_twice_and_none_is_the_root() -> None:
    materials = [key.material for key in derive.keys_of(ROOT, "worker")]
    materials += [bytes.fromhex(derive.django_secret_of(ROOT, p)) for p in derive.BOTH]
    materials += [ROOT, derive.backup_private_key(ROOT).material]

    assert len(set(materials)) == len(materials)


def test_web_and_worker_sign_with_different_django_secrets() -> None:
    assert derive.django_secret_of(ROOT, "web").startswith("9b52b75285c4574b")
    assert derive.django_secret_of(ROOT, "worker").startswith("c587be37f0ca529a")


def test_another_root_makes_another_box() -> None:
    one, other = ({key.id for key in derive.keys_of(root, "worker")} for root in (ROOT, OTHER_ROOT))

    assert not one & other
    assert derive.cell_of(ROOT) == "02d7c3a9684a4456" != derive.cell_of(OTHER_ROOT)


def test_generations_are_other_keys_of_the_same_plan_and_the_first_is_as_it_always_was() -> None:
    first = derive.keys_of(ROOT, "worker")
    third = derive.keys_of(ROOT, "worker", {Domain.VAULT: (3, 1), Domain.CONFIG: (2,)})

    vault = [(k.role, k.id) for k in third if k.domain is Domain.VAULT]
    assert [role for role, _ in vault][::2] == [Role.MAC, Role.SEAL, Role.OPEN, Role.WRAP]
    assert {k.id for k in first if k.domain is Domain.VAULT} < {id_ for _, id_ in vault}
    assert {k.id for k in first if k.domain is Domain.PAYLOAD} <= {k.id for k in third}


@pytest.mark.parametrize("domain", Domain)
def test_a_rotation_makes_all_keys_of_a_domain_that_rotate(domain: Domain) -> None:
    derived, again = derive.rotated(domain, ROOT, 2), derive.rotated(domain, ROOT, 2)
    drawn = derive.drawn(domain)

    assert [k.id for k in derived] == [k.id for k in again]
    assert [(k.domain, k.role) for k in derived] == [(k.domain, k.role) for k in drawn]
    assert not {k.id for k in derived} & {k.id for k in (*drawn, *derive.rotated(domain, ROOT, 1))}
    assert (domain is Domain.LEDGER) == (derived == ())
    if domain is Domain.VAULT:
        for keys in (derived, drawn):
            assert len({k.id for k in keys if k.role in (Role.SEAL, Role.OPEN)}) == 1
