"""npm's oidc-provider on the loopback: installed once into a cache, started in a second.

The cache is `OIDC_CACHE`, else `.oidc` in the checkout. Versions and digests are those of
package-lock.json.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = ("package.json", "package-lock.json", "server.mjs")
SECRET = "provider-canary-6f2a91d0c7"
STOP_S = 10.0


class CannotInstall(Exception):
    """Node.js is missing, or the registry does not give the packages."""


@contextmanager
def running_provider(callback: str) -> Iterator[str]:
    """Its issuer, like http://127.0.0.1:40001.

    Args:
        callback: the one address that it sends people back to.

    Raises:
        CannotInstall: there is no cached one and it can't be made.
    """
    folder = _installed(Path(os.environ.get("OIDC_CACHE") or HERE.parents[2] / ".oidc"))
    port = _free_port()
    process = subprocess.Popen(
        ["node", "server.mjs", str(port), callback, SECRET],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        _wait(process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(STOP_S)
        if process.stdout:
            process.stdout.close()


def _wait(process: subprocess.Popen[str]) -> None:
    for line in process.stdout or ():
        if line == "ready\n":
            return
    raise RuntimeError("the provider of single sign-on does not start")


def _installed(cache: Path) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    texts = [(HERE / name).read_bytes() for name in FILES]
    folder = cache / f"{zlib.crc32(b''.join(texts)):08x}"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        raise CannotInstall("Node.js is not installed, so there is no provider to test against.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in FILES:
        shutil.copy(HERE / name, folder)
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotInstall(f"oidc-provider can't be installed: {done.stderr.strip()[-600:]}")
    (folder / "complete").touch()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
