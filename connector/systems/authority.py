"""How a host is written together with its port: as in a Host header."""

PORTS = {"https": 443, "http": 80}


def authority(scheme: str, host: str, port: int | None) -> str:
    """Host and port; the port only where it is not the usual one, an IPv6 address in brackets."""
    named = f"[{host}]" if ":" in host else host
    return named if port in (None, PORTS.get(scheme)) else f"{named}:{port}"
