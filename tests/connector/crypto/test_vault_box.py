"""connector.crypto.vault_box"""

import itertools
import secrets
from dataclasses import replace
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt
from nacl.exceptions import CryptoError as NaclError
from nacl.public import PrivateKey, PublicKey, SealedBox

from appliance.keyrings import derive
from appliance.keyrings.held import HeldKeys
from connector.crypto import aead, kdf, mac, vault_box
from connector.crypto.errors import CannotOpen, CryptoError, NotHeld, UnknownFormat, UnknownKey
from connector.crypto.keyring import Domain, Key, Role, get_keyring
from connector.crypto.secret import Secret
from connector.crypto.vault_box import Binding
from tests import keyrings
from tests.keyrings import holding

BINDING = Binding(UUID(int=7), 2, "bill", ("api.bill.com",))
OTHER_BINDINGS = [
    replace(BINDING, credential=UUID(int=8)),
    replace(BINDING, version=1),
    replace(BINDING, version=3),
    replace(BINDING, system="netsuite"),
    replace(BINDING, hosts=("evil.example",)),
    replace(BINDING, hosts=("api.bill.com", "evil.example")),
    replace(BINDING, hosts=()),
    replace(BINDING, system="billapi.bill.com", hosts=()),
]
SEALED = bytes.fromhex(
    "0101714589ca9edf6634c326a4a950dc2dd3baaa9d5b49c80ff183f08bb7d28deb3ef5ab6b3a3f4e3f3ad7a9c7f6"
    "6228bd5b6c552eeb4f37d1a306870b25eee2b3b22c186f076c740dba5ad4fe44b183a968b1ec70360cda22ad165a"
    "1295e4bf997b75d4311e5a92327436679e8a2a01d46fdbb672f7b74fa2a7e719311d92eb1571155fab38fea4455f"
    "9defee4519dc8a25555cd38f676cd625cae1f6db2b0000482df68329771342ed7d594074f79a586f620d8fd6cd1b"
    "8347f3a9c5068ab7e64497ee3391f9c21eb0d039cdb831e70592a7c90571db6bfce5fcb26e627e1e9180286a9b36"
    "1e1cdf1fa6bb4bf60dd0f6ee3275a0bfb1b5dd2d2998d0d2b6e55841e73100718f87bf535b7a8517963d03bb24cf"
    "96520ea0692d5e150cb067cb9dd467a662762f68fb66610143355a3d1aae0a159408d81b9922356ed3c0d75c70e1"
    "12dfc55f30927378359bd2d0c1f39fbbb1427d96a3add01dd7f50077c837fed394"
)
WRAPPED = bytes.fromhex(
    "01029faf1cd8ea5305c3643814a30b3e07538e5155e9c2c3e07790c19154c63925cc1b717a23fbe113e3a3c781a6"
    "83eb616b9899bfc36500b42a18a3971ed4447584a13086fb62e434b9c7e707d1b041bc469f1f5c4afe839e2bf7f4"
    "c35433de9eb991f826c3d81cf845e9b82e8ff4898175e2ff8f5d5a93490e7e3b14ec2135190ab46b1a9dda7a627f"
    "765e5fb021bf06606cc350f1bb709fd8a53fb461e50b373be48d9e0bf789b848023c90aaeed3510d48927281e8f6"
    "a55c09f890c6658124c488f56d7a6109587a98d5c64c9d3c0a274deeb3e7b97765163b1639a76fb4f82256520df0"
    "ca2cecff1c"
)
FORMS = pytest.mark.parametrize("blob", [SEALED, WRAPPED], ids=["sealed", "wrapped"])


def _fields(**texts: str) -> dict[str, Secret]:
    return {name: Secret(text) for name, text in texts.items()}


@FORMS
def test_the_formats_never_change(blob: bytes) -> None:
    """A change here makes the credentials of every box unreadable: it needs a new version."""
    assert vault_box.open_box(blob, expected=BINDING) == _fields(api_key="s3cret")


def test_the_sealed_form_is_the_one_that_the_docstring_describes() -> None:
    keyring = get_keyring()
    blob = vault_box.seal(_fields(api_key="s3cret"), binding=BINDING)
    private = keyring.primary(Domain.VAULT, role=Role.OPEN)
    binding = mac.join(UUID(int=7).bytes, b"2", b"bill", b"api.bill.com")
    bound_to = mac.join(b"\1", b"\1", b"02d7c3a9684a4456", b"vault", binding)

    data_key = SealedBox(PrivateKey(private.material)).decrypt(blob[18:98])
    plain = msgspec.json.decode(
        crypto_aead_xchacha20poly1305_ietf_decrypt(blob[122:-32], bound_to, blob[98:122], data_key)
    )

    assert blob[:2] == b"\1\1"
    assert blob[2:10].hex() == private.id
    assert blob[10:18].hex() == keyring.primary(Domain.VAULT).id
    assert blob[-32:] == mac.keyed_hash(Domain.VAULT, "vault box", blob[:-32], bound_to, size=32)
    assert plain.pop("created_at").endswith("Z")
    assert plain == {
        "v": 1,
        "credential": str(UUID(int=7)),
        "version": 2,
        "system": "bill",
        "hosts": ["api.bill.com"],
        "fields": {"api_key": "s3cret"},
    }


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), max_size=10),
        st.text(st.characters(codec="utf-8"), max_size=50),
        max_size=4,
    )
)
def test_what_web_seals_the_worker_opens_and_wraps(texts: dict[str, str]) -> None:
    with holding("web"):
        sealed = vault_box.seal(_fields(**texts), binding=BINDING)
    with holding("worker"):
        wrapped = vault_box.rewrap(sealed, expected=BINDING)
        again = vault_box.rewrap(wrapped, expected=BINDING)

        for blob in (sealed, wrapped, again):
            assert vault_box.open_box(blob, expected=BINDING) == _fields(**texts)
    assert [vault_box.is_wrapped(blob) for blob in (sealed, wrapped, again)] == [False, True, True]
    assert wrapped != again


def test_the_secret_is_in_no_form_to_be_seen() -> None:
    for blob in (SEALED, WRAPPED):
        assert b"s3cret" not in blob
        assert b"api_key" not in blob
        assert b"bill" not in blob


@FORMS
def test_any_flipped_bit_is_refused(blob: bytes) -> None:
    for bit in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8

        with pytest.raises((CannotOpen, UnknownKey)):
            vault_box.open_box(bytes(changed), expected=BINDING)


@FORMS
def test_any_truncation_is_refused(blob: bytes) -> None:
    for length in range(len(blob)):
        with pytest.raises(CannotOpen):
            vault_box.open_box(blob[:length], expected=BINDING)
    with pytest.raises(CannotOpen):
        vault_box.open_box(blob + b"\0", expected=BINDING)


@given(st.binary(max_size=300))
def test_nonsense_is_refused(blob: bytes) -> None:
    for start in (b"", b"\1\1", b"\1\2", SEALED[:18], SEALED[:98], WRAPPED[:10]):
        with pytest.raises((CannotOpen, UnknownKey)):
            vault_box.open_box(start + blob, expected=BINDING)


@FORMS
@pytest.mark.parametrize("expected", OTHER_BINDINGS)
def test_a_credential_moved_to_another_row_system_or_host_is_refused(
    blob: bytes, expected: Binding
) -> None:
    with pytest.raises(CannotOpen) as refused:
        vault_box.open_box(blob, expected=expected)
    with pytest.raises(CannotOpen):
        vault_box.rewrap(blob, expected=expected)

    assert "s3cret" not in str(refused.value)


@FORMS
def test_a_credential_of_another_box_is_refused(
    blob: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding("other_box"), pytest.raises(UnknownKey):
        vault_box.open_box(blob, expected=BINDING)
    renamed = HeldKeys("another", keyrings.both().held)
    monkeypatch.setattr(vault_box, "get_keyring", lambda: renamed)
    with pytest.raises(CannotOpen):
        vault_box.open_box(blob, expected=BINDING)


@FORMS
@pytest.mark.parametrize("start", [b"\0\1", b"\2\1", b"\1\0", b"\1\3"])
def test_another_format_or_form_is_refused_and_never_tried(blob: bytes, start: bytes) -> None:
    with pytest.raises(UnknownFormat):
        vault_box.open_box(start + blob[2:], expected=BINDING)


def test_one_form_is_not_taken_for_the_other() -> None:
    for blob, form in ((SEALED, b"\2"), (WRAPPED, b"\1")):
        with pytest.raises((CannotOpen, UnknownKey)):
            vault_box.open_box(b"\1" + form + blob[2:], expected=BINDING)


def test_hosts_are_compared_without_case_and_order() -> None:
    written = replace(BINDING, hosts=("B.example", "a.example", "b.example"))
    read = replace(BINDING, hosts=("a.example", "b.example"))

    sealed = vault_box.seal(_fields(k="v"), binding=written)

    assert written == read
    assert vault_box.open_box(sealed, expected=read) == _fields(k="v")


def test_web_cannot_open_what_it_sealed() -> None:
    with holding("web"):
        sealed = vault_box.seal(_fields(api_key="s3cret"), binding=BINDING)
        for blob in (sealed, SEALED, WRAPPED):
            with pytest.raises(NotHeld, match="domain vault"):
                vault_box.open_box(blob, expected=BINDING)
            with pytest.raises(NotHeld):
                vault_box.rewrap(blob, expected=BINDING)


def test_nothing_that_web_holds_opens_a_credential_in_any_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A taken-over web process tries all its keys, and keys made of them, as each kind of key."""
    web = keyrings.web()
    held = [key.material for key in web.all_keys()]
    held.append(bytes.fromhex(derive.django_secret_of(keyrings.ROOT, "web")))
    held += [
        kdf.derive(material, 1, part.context)
        for material, part in itertools.product(held, derive.PLAN)
    ]
    bound_to = mac.join(b"\1", b"\1", web.cell.encode(), b"vault", BINDING.as_bytes())
    bound_wrapped = mac.join(b"\1", b"\2", web.cell.encode(), b"vault", BINDING.as_bytes())
    for material in held:
        with pytest.raises((NaclError, ValueError)):
            SealedBox(PrivateKey(material)).decrypt(SEALED[18:98])
        with pytest.raises(CannotOpen):
            aead.decrypt(SEALED[98:-32], key=material, bound_to=bound_to, what="it")
        with pytest.raises(CannotOpen):
            aead.decrypt(WRAPPED[10:], key=material, bound_to=bound_wrapped, what="it")
        claimed = tuple(
            Key(Domain.VAULT, role, kdf.key_id(role, material), material)
            for role in (Role.OPEN, Role.WRAP)
        )
        monkeypatch.setattr(
            vault_box, "get_keyring", lambda c=claimed: HeldKeys(web.cell, web.held + c)
        )
        for blob in (SEALED, WRAPPED):
            with pytest.raises(CryptoError):
                vault_box.open_box(blob, expected=BINDING)
    public = get_keyring().primary(Domain.VAULT, role=Role.SEAL)
    with pytest.raises(TypeError):
        SealedBox(PublicKey(public.material)).decrypt(SEALED[18:98])  # type: ignore[misc]


def test_web_cannot_make_the_workers_own_form() -> None:
    worker_key = WRAPPED[2:10]
    bound_to = mac.join(b"\1", b"\2", b"02d7c3a9684a4456", b"vault", BINDING.as_bytes())
    for key in keyrings.web().all_keys():
        forged = b"\1\2" + worker_key + aead.encrypt(b"{}", key=key.material, bound_to=bound_to)
        with pytest.raises(CannotOpen):
            vault_box.open_box(forged, expected=BINDING)


def test_whoever_can_only_write_to_the_database_cannot_plant_a_credential() -> None:
    """The public key is no secret: without the MAC key a box made for it is refused."""
    public = keyrings.web().primary(Domain.VAULT, role=Role.SEAL)
    data_key = secrets.token_bytes(32)
    bound_to = mac.join(b"\1", b"\1", b"02d7c3a9684a4456", b"vault", BINDING.as_bytes())
    body = (
        SEALED[:18]
        + SealedBox(PublicKey(public.material)).encrypt(data_key)
        + aead.encrypt(b"{}", key=data_key, bound_to=bound_to)
    )
    for tag in (SEALED[-32:], bytes(32), secrets.token_bytes(32)):
        with pytest.raises(CannotOpen, match="Enter the credential again"):
            vault_box.open_box(body + tag, expected=BINDING)


def test_web_cannot_move_a_credential_by_making_the_mac_anew() -> None:
    """Web has the MAC key; the data key stays bound to the row, so the move still fails."""
    elsewhere = replace(BINDING, hosts=("evil.example",))
    bound_to = mac.join(b"\1", b"\1", b"02d7c3a9684a4456", b"vault", elsewhere.as_bytes())
    body = SEALED[:-32]
    with holding("web"):
        tag = mac.keyed_hash(Domain.VAULT, "vault box", body, bound_to, size=32)

    with pytest.raises(CannotOpen, match="moved here"):
        vault_box.open_box(body + tag, expected=elsewhere)


@pytest.mark.parametrize(
    "plain",
    [
        b"canary",
        b"{}",
        (
            b'{"v":1,"credential":"00000000-0000-0000-0000-000000000008","version":2,"system":"bill",'
            b'"hosts":["api.bill.com"],"created_at":"2026-11-25T08:00:00Z","fields":{"k":"canary"}}'
        ),
        (
            b'{"v":2,"credential":"00000000-0000-0000-0000-000000000007","version":2,"system":"bill",'
            b'"hosts":["api.bill.com"],"created_at":"2026-11-25T08:00:00Z","fields":{"k":"canary"}}'
        ),
        (
            b'{"v":1,"credential":"00000000-0000-0000-0000-000000000007","version":2,"system":"bill",'
            b'"hosts":["evil.example"],"created_at":"2026-11-25T08:00:00Z","fields":{"k":"canary"}}'
        ),
    ],
)
def test_what_is_written_inside_must_agree_too(
    plain: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_box, "_encode", lambda fields, binding: plain)
    sealed = vault_box.seal({}, binding=BINDING)

    with pytest.raises(CannotOpen) as refused:
        vault_box.open_box(sealed, expected=BINDING)

    assert "canary" not in str(refused.value)


def test_a_fingerprint_tells_two_secrets_apart_and_no_more() -> None:
    one = vault_box.fingerprint(_fields(user="ann", api_key="s3cret"))

    assert one == "14fdf32f324aa845"
    assert one == vault_box.fingerprint(_fields(api_key="s3cret", user="ann"))
    with holding("web"):
        assert one == vault_box.fingerprint(_fields(api_key="s3cret", user="ann"))
    others = {
        vault_box.fingerprint(_fields(user="ann", api_key="s3cret2")),
        vault_box.fingerprint(_fields(user="anns", api_key="3cret")),
        vault_box.fingerprint(_fields(user="s3cret", api_key="ann")),
    }
    with holding("other_box"):
        others.add(vault_box.fingerprint(_fields(user="ann", api_key="s3cret")))
    assert len(others | {one}) == 5
