"""Certificates for tests, made by openssl on the spot."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pair:
    certificate: Path
    key: Path


class Authority:
    """A certificate authority that lives in a directory."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.own = Pair(home / "ca.pem", home / "ca.key")
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", self.own.key, "-out", self.own.certificate, "-days", "2",
            "-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign",
        )  # fmt: skip

    def issue(self, name: str, alternative: str, *, days: int = 1) -> Pair:
        """A certificate for `alternative`, such as "DNS:localhost"."""
        pair = Pair(self.home / f"{name}.pem", self.home / f"{name}.key")
        request = self.home / f"{name}.csr"
        extensions = self.home / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative}\nbasicConstraints=CA:FALSE\n")
        self._openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", pair.key, "-out", request, "-subj", f"/CN={name}",
        )  # fmt: skip
        self._openssl(
            "x509", "-req", "-in", request, "-CA", self.own.certificate, "-CAkey", self.own.key,
            "-CAcreateserial", "-out", pair.certificate, "-days", str(days),
            "-extfile", extensions,
        )  # fmt: skip
        return pair

    @staticmethod
    def _openssl(*arguments: str | Path) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
