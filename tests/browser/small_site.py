"""A small site that serves the templates with made-up content under the headers of the real pages: for what no page of a
book shows at once. It has a stream of events that a test writes to, and a search that it can hold back."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import opsbook.entrypoints as entrypoints
from opsbook.entrypoints.web.answering import MORE_PLACES, PLACES

DOOR = Path(entrypoints.__file__).parent
ASSETS = DOOR / "assets"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
DIAGRAM_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"
)
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".html": "text/html", ".txt": "text/plain"}


def address_of(name: str) -> str:
    """The address of an asset by its plain name."""
    return f"/assets/{json.loads((ASSETS / 'manifest.json').read_text())[name]}"


def templates(*folders: Path) -> Environment:
    """The templates of the pages, and those of these folders."""
    loader = FileSystemLoader([*folders, DOOR / "templates"])
    env = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.globals["asset"] = address_of
    return env


class Site:
    """What the site answers: pages by path, made anew for each request."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.pages: dict[str, Callable[[dict[str, str]], str]] = {}
        self.streams: list[queue.Queue[str]] = []
        self.is_live = True
        self.status = 404  # of what has no page
        self.address = ""
        self.states: list[str] = []
        self.posted: list[tuple[str, dict[str, str]]] = []

    def page(self, path: str, template: str, **context: Any) -> None:
        """Answers a path with a template."""
        shared = {"version": "0", "places": PLACES, "palette_places": (*PLACES, *MORE_PLACES), "place": "Now", "path": path,
                  "actor": None, "csrf": "token", **context}  # fmt: skip
        self.pages[path] = lambda _: self.env.get_template(template).render(shared)

    def send(self, event: str, text: str) -> None:
        """Sends an event to every page that listens."""
        lines = "".join(f"data: {line}\n" for line in text.splitlines())
        for stream in self.streams:
            stream.put(f"event: {event}\n{lines}\n")

    def hang_up(self) -> None:
        """Ends every stream and answers no new one until `is_live` is True again."""
        self.is_live = False
        for stream in self.streams:
            stream.put("")
        self.streams.clear()


@contextmanager
def served(site: Site) -> Iterator[Site]:
    """The site while it is served on a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _door(site))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        site.hang_up()
        server.shutdown()
        server.server_close()
        thread.join()


def _door(site: Site) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if asked.path == "/live":
                self._stream()
            elif asked.path.startswith("/assets/"):
                self._asset(ASSETS / Path(asked.path).name)
            elif asked.path in site.pages:
                query = {name: values[0] for name, values in parse_qs(asked.query).items()}
                self._answer(200, site.pages[asked.path](query).encode(), "text/html", PAGE_POLICY)
            else:
                self._answer(404, b"There is nothing here.", "text/html", PAGE_POLICY)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            fields = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
            site.posted.append((self.path, fields))
            answer = site.pages.get(self.path, lambda _: "")(fields)
            self._answer(200 if answer else site.status, answer.encode(), "text/html", PAGE_POLICY)

        def _asset(self, file: Path) -> None:
            policy = DIAGRAM_POLICY if file.suffix == ".html" else PAGE_POLICY
            if "gzip" in self.headers.get("Accept-Encoding", "") and (packed := Path(f"{file}.gz")).exists():
                self._answer(200, packed.read_bytes(), KINDS[file.suffix], policy, "gzip")
            elif file.is_file():
                self._answer(200, file.read_bytes(), KINDS[file.suffix], policy)
            else:
                self._answer(404, b"", "text/plain", policy)

        def _answer(self, status: int, content: bytes, kind: str, policy: str, encoding: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8" if "svg" not in kind else kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", policy)
            if encoding:
                self.send_header("Content-Encoding", encoding)
            self.end_headers()
            self.wfile.write(content)

        def _stream(self) -> None:
            if not site.is_live:
                return self._answer(503, b"", "text/plain", PAGE_POLICY)
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b": here\n\n")
            self.wfile.flush()
            mine: queue.Queue[str] = queue.Queue()
            site.streams.append(mine)
            while text := mine.get():
                try:
                    self.wfile.write(text.encode())
                    self.wfile.flush()
                except OSError:
                    return None
            return None

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Door
