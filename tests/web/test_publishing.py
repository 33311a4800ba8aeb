"""The site as files in a bucket, as docs/publishing.md has it: put there, read back by HTTP, and no more sent than changed."""

import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.support.world import SUPPORT
from tests.web.test_site import _publish, _world
from tracker.web.building import MANIFEST, Builder

BUCKET = "pages"
TYPES = {".atom": "application/atom+xml", ".md": "text/markdown; charset=utf-8"}


@pytest.fixture
def store() -> Iterator[str]:
    """moto's S3 on loopback; its address."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _sync(site: Path, bucket: Any, there: dict[str, str]) -> int:
    """What `aws s3 sync --delete` does, by content: how many files were sent."""
    sent = 0
    here = {
        path.relative_to(site).as_posix(): path
        for path in site.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }
    for name, path in here.items():
        body = path.read_bytes()
        if there.get(name) != body.hex():
            kind = TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
            bucket.put_object(Key=name, Body=body, ContentType=kind, CacheControl="public, max-age=300")
            there[name] = body.hex()
            sent += 1
    for name in there.keys() - here.keys():
        bucket.Object(name).delete()
        del there[name]
    return sent


def test_a_site_goes_to_a_bucket_and_is_read_there(tmp_path: Path, store: str) -> None:
    world, site = _world(tmp_path), tmp_path / "site"
    Builder(world.tracker, site, f"{store}/{BUCKET}/").build()
    session = boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    )
    bucket = session.resource("s3", endpoint_url=store).Bucket(BUCKET)
    bucket.create(ACL="public-read")
    there: dict[str, str] = {}
    first = _sync(site, bucket, there)
    assert first == len(there) > 50
    for name, kind in (("index.html", "text/html"), ("feeds/all.atom", "application/atom+xml"), ("style.css", "text/css"),
                       (f"{SUPPORT.name}/v1-v2.html", "text/html"), ("404.html", "text/html")):  # fmt: skip
        with urlopen(f"{store}/{BUCKET}/{name}") as answer:
            assert answer.headers["Content-Type"].startswith(kind)
            assert answer.read() == (site / name).read_bytes()
    assert _sync(site, bucket, there) == 0
    _publish(world, 4)
    Builder(world.tracker, site, f"{store}/{BUCKET}/").build()
    assert 0 < _sync(site, bucket, there) < first
    assert MANIFEST not in there
