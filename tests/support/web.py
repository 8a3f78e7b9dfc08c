"""A web server for tests, with the faults of real ones."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """What the server gives under one path.

    Attributes:
        body: the file.
        status: instead of the file, where not 200.
        ranges: whether a part can be asked for.
        cuts: bytes after which each of the first answers breaks off.
        etag: the version of the file; none where empty.
        length: whether the answer says how long it is.
    """

    body: bytes = b""
    status: int = 200
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    etag: str = '"one"'
    length: bool = True


@dataclass
class Web:
    """The pages by path, and what was asked for: (path, Range header or "")."""

    address: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def add(self, path: str, body: bytes = b"", **options: object) -> str:
        """Serve a page; returns its address."""
        self.pages[f"/{path}"] = Page(body, **options)
        return f"{self.address}/{path}"


@contextmanager
def serve() -> Iterator[Web]:
    """A server on this machine, as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            web.asked.append((self.path, wanted))
            page = web.pages.get(self.path, Page(status=404))
            if page.status != 200:
                self.send_error(page.status)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            same = self.headers.get("If-Range", page.etag) == page.etag
            partial = page.ranges and same and wanted
            if partial and start >= len(page.body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(page.body)}")
                self.end_headers()
                return
            start = start if partial else 0
            self.send_response(206 if partial else 200)
            if page.length:
                self.send_header("Content-Length", str(len(page.body) - start))
            if page.etag:
                self.send_header("ETag", page.etag)
            if partial:
                end = len(page.body) - 1
                self.send_header("Content-Range", f"bytes {start}-{end}/{len(page.body)}")
            self.end_headers()
            end = start + page.cuts.pop(0) if page.cuts else len(page.body)
            self.wfile.write(page.body[start:end])

        def log_message(self, *_: object) -> None:
            """Nothing: pytest's output is for failures."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web = Web(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
