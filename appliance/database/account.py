"""Postgres refuses to run as root. Where we are root, it runs as an account of its own."""

import os
import pwd
import stat
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from appliance.database.errors import PostgresFailed

NAME = "connector-postgres"
# May pass what only root may enter. The second is all that a container usually has.
PASSING = (("dac_read_search", 2), ("dac_override", 1))
SETPCAP = 8


def run_as(program: Path, *, reads: Iterable[Path]) -> list[str]:
    """What stands before a command of Postgres: nothing, unless we are root.

    The home or the programs may lie below a directory that only root may enter;
    then, and only then, the account gets the capability to pass it.

    Args:
        reads: what the program must get at.

    Raises:
        PostgresFailed: there is no such account and it can't be made, or it can't
            get at one of the paths.
    """
    if os.geteuid() != 0:
        return []
    account = _account()
    command = [
        *("setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"),
        "--no-new-privs",
    ]
    closed = [path for path in (program, *reads) if not may_be_reached(path)]
    may_run = bool(program.stat().st_mode & stat.S_IXOTH)
    if may_run and not closed:
        return [*command, "--inh-caps=-all"]
    granted = _passing_capability(closed or [program], PASSING if may_run else PASSING[1:])
    # Without that bit, access(2) forgets capabilities, and initdb asks by it for its programs.
    command.append("--securebits=+no_setuid_fixup")
    return [*command, f"--inh-caps=-all,+{granted}", f"--ambient-caps=-all,+{granted}"]


def give(path: Path) -> None:
    """As root, hand a path to the account that Postgres runs as."""
    if os.geteuid() == 0:
        account = _account()
        os.chown(path, account.pw_uid, account.pw_gid)


def may_be_reached(path: Path) -> bool:
    """Whether every account may pass the directories above a path."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def _passing_capability(closed: Sequence[Path], wanted: Sequence[tuple[str, int]]) -> str:
    status = Path("/proc/self/status").read_text()
    held = int(status.partition("CapEff:")[2].split()[0], 16)
    for name, bit in wanted:
        if held >> bit & held >> SETPCAP & 1:
            return name
    raise PostgresFailed(
        f"Postgres refuses to run as root, and its account {NAME} can't get at {closed[0]}. "
        "Start as somebody else, or use a directory that others may enter."
    )


def _account() -> pwd.struct_passwd:
    """The account, made if it is missing."""
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
        made = _output_of(command)
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        raise PostgresFailed(
            f"Postgres refuses to run as root, and its account {NAME} can't be made: {made}. "
            "Start as somebody else."
        ) from None


def _output_of(command: list[str]) -> str:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return f"there is no {command[0]}"
    return done.stderr.strip()[-200:]
