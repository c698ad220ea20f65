"""Services that another emulator answers for, with unmodified clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.running import Running

BUCKETS = (
    b'<?xml version="1.0"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>o</ID>'
    b"</Owner><Buckets><Bucket><Name>elsewhere</Name></Bucket></Buckets></ListAllMyBucketsResult>"
)


class Emulator(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(BUCKETS)))
        self.end_headers()
        self.wfile.write(BUCKETS)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's word
        pass


@contextmanager
def emulator() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Emulator)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_one_endpoint_answers_for_all(new_service: Callable[..., Running]) -> None:
    service = new_service()
    with emulator() as url:
        up = service.up("--fabric", "none", "--upstream", url)
        assert f"goes to {url}" in up.err
        assert service.status()["upstream"] == url
        assert [row["Name"] for row in service.aws("s3api", "list-buckets")["Buckets"]] == ["elsewhere"]
        assert service.aws("ec2", "describe-vpcs")["Vpcs"]
    complaint = service.aws("s3api", "list-buckets", code=255)
    assert "(ServiceUnavailable) when calling the ListBuckets operation" in complaint
    assert f"The upstream {url} is away" in complaint
    service("down")
    service.up("--no-upstream")
    complaint = service.aws("s3api", "list-buckets", code=255)
    assert "The service s3 is not available here. With `realvpc up --upstream URL`" in complaint
