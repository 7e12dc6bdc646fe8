"""A web server on this machine that misbehaves as told."""

import hashlib
import re
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from autograder.data.registry import RemoteFile


@dataclass
class Site:
    """What the server holds and how it behaves; and what it was asked."""

    address: str = ""
    pages: dict[str, bytes] = field(default_factory=dict)
    knows_ranges: bool = True
    cut_after: list[int] = field(default_factory=list)  # bytes sent before each of the next answers is cut off
    asked: dict[str, list[str | None]] = field(default_factory=lambda: defaultdict(list))  # path -> Range headers

    def url(self, path: str) -> str:
        return f"{self.address}/{path}"

    def remote_file(self, path: str, content: bytes, *, checksum_of: bytes | None = None, urls=()) -> RemoteFile:
        """`content` put on the server as `path`, and the registry's entry for it."""
        self.pages[path] = content
        digest = hashlib.sha256(content if checksum_of is None else checksum_of).hexdigest()
        return RemoteFile(path, len(content), f"sha256:{digest}", (*urls, self.url(path)))


@pytest.fixture
def site():
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.lstrip("/")
            wanted = self.headers.get("Range")
            site.asked[path].append(wanted)
            if path not in site.pages:
                self.send_error(404)
                return
            content, start = site.pages[path], 0
            if wanted and site.knows_ranges:
                start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            body = content[start:]
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: site.cut_after.pop(0)] if site.cut_after else body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()
