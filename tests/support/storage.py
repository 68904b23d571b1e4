"""Both storage backends: a folder, and a bucket of an S3 server over HTTP."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

from lumira.clients import storage
from lumira.clients.storage import Bucket

ACCESS_KEY, SECRET_KEY = "AKIATESTTESTTESTTEST", "a-secret-that-signs"


@contextmanager
def s3_server() -> Iterator[str]:
    """Run an S3 server in this process; yield its URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def client_of(bucket: Bucket) -> object:
    """The SDK's client, to inspect the bucket."""
    return boto3.client(
        "s3",
        endpoint_url=bucket.endpoint_url,
        region_name=bucket.region,
        aws_access_key_id=bucket.access_key_id,
        aws_secret_access_key=bucket.secret_access_key,
    )


def bucket_at(address: str, name: str = "files", **changes: str) -> Bucket:
    values = {"region": "eu-west-3", "access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}
    return Bucket(name, address, **(values | {"addressing_style": "path"} | changes))


def new_bucket(address: str) -> Bucket:
    """A new, empty bucket."""
    bucket = bucket_at(address, f"files-{secrets.token_hex(6)}")
    client_of(bucket).create_bucket(  # type: ignore[attr-defined]
        Bucket=bucket.name, CreateBucketConfiguration={"LocationConstraint": bucket.region}
    )
    return bucket


@contextmanager
def kept_in(place: Path | Bucket, *, max_bytes: int = storage.MAX_BYTES) -> Iterator[None]:
    """Store files there inside the block."""
    before = list(storage._configured)
    if isinstance(place, Bucket):
        storage.configure(Path("never-used"), place, max_bytes=max_bytes)
    else:
        storage.configure(place, max_bytes=max_bytes)
    try:
        yield
    finally:
        storage._configured[:] = before
