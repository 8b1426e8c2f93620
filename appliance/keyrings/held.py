"""The keys that one process holds, in memory."""

from dataclasses import dataclass

from connector.crypto import kdf
from connector.crypto.errors import BadKeyring, NotHeld, UnknownKey
from connector.crypto.keyring import KEY_BYTES, MAIN_ROLE, Domain, Key, Role


@dataclass(frozen=True, slots=True)
class HeldKeys:
    """A connector.crypto.keyring.Keyring. Within a domain and role the first key is the primary."""

    cell: str
    held: tuple[Key, ...]

    def __post_init__(self) -> None:
        """Refuse a key that is not the one that its id names. Raises BadKeyring."""
        for key in self.held:
            if len(key.material) != KEY_BYTES or kdf.key_id(key.role, key.material) != key.id:
                raise BadKeyring(
                    f"The key {key.id} ({key.domain}, {key.role}) of this keyring is damaged. "
                    "Put back a copy of the keyring, or restore it from the recovery kit."
                )

    def primary(self, domain: Domain, *, role: Role | None = None) -> Key:
        return self._of(domain, role)[0]

    def key(self, domain: Domain, key_id: str, *, role: Role | None = None) -> Key:
        for key in self._of(domain, role):
            if key.id == key_id:
                return key
        raise UnknownKey(domain, key_id)

    def all_keys(self) -> tuple[Key, ...]:
        return self.held

    def _of(self, domain: Domain, role: Role | None) -> tuple[Key, ...]:
        wanted = role or MAIN_ROLE[domain]
        found = tuple(key for key in self.held if key.domain == domain and key.role == wanted)
        if not found:
            raise NotHeld(f"This process holds no key to {_DOES[wanted]} in the domain {domain}.")
        return found


_DOES = {
    Role.AEAD: "encrypt",
    Role.MAC: "authenticate",
    Role.SEAL: "seal",
    Role.OPEN: "open what was sealed",
    Role.WRAP: "wrap",
    Role.SIGN: "sign",
}
