"""A system on loopback that treats what it is sent as badly as systems do."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Mood = Literal["answers", "refuses", "fails", "hangs up", "says nothing"]
STATUS = {"answers": 200, "refuses": 401, "fails": 500}
SILENCE_S = 4.0


class Listener(ThreadingHTTPServer):
    """It answers as its mood is, and repeats in each answer whatever it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mood: Mood = "answers"
        self.calls = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers that hang up are expected; a traceback would show what they sent."""


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        self.server.calls += 1
        mood = self.server.mood
        if mood == "says nothing":
            time.sleep(SILENCE_S)
        if mood not in STATUS:
            self.close_connection = True
            return
        body = f'{{"name": "leak test", "problem": "{self._echo()}"}}'.encode()
        self.send_response_only(STATUS[mood])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _echo(self) -> str:
        said = " ".join(f"{name}: {value}" for name, value in self.headers.items())
        return said.replace("\\", "\\\\").replace('"', '\\"')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen for the length of a `with`."""
    listener = Listener()
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield listener
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
