"""A key as word lists, of which some together make it again, and fewer tell nothing: SLIP-39.

Source: https://github.com/satoshilabs/slips/blob/master/slip-0039.md. One group, no passphrase:
each list has 33 words with a check sum of its own.
"""

from collections.abc import Sequence

import shamir_mnemonic
from shamir_mnemonic import MnemonicError, Share

from connector.crypto.errors import CannotOpen
from connector.crypto.secret import Secret

MOST = 16


def split(key: bytes, *, shares: int, threshold: int) -> tuple[Secret, ...]:
    """Split a key.

    Raises:
        ValueError: not 2 <= threshold <= shares <= 16.
    """
    if not 2 <= threshold <= shares <= MOST:
        raise ValueError(f"A key is split into 2 to {MOST} shares, of which 2 or more are needed.")
    ((*lists,),) = shamir_mnemonic.generate_mnemonics(1, [(threshold, shares)], key)
    return tuple(Secret(words) for words in lists)


def needed(share: Secret) -> int:
    """How many lists of its kind make the key.

    Raises:
        CannotOpen: it is no such list, or a word is wrong. It repeats no word.
    """
    try:
        return int(Share.from_mnemonic(share.reveal()).member_threshold)
    except MnemonicError:
        raise CannotOpen("This is no share of a key, or a word of it is wrong.") from None


def join(shares: Sequence[Secret]) -> bytes:
    """The key again.

    Raises:
        CannotOpen: a list is wrong, or they are too few, the same, or of different keys.
    """
    try:
        return bytes(shamir_mnemonic.combine_mnemonics([share.reveal() for share in shares]))
    except MnemonicError:
        raise CannotOpen(
            "These shares don't make a key: they are too few, or not of the same splitting."
        ) from None
