"""Storage in an S3-compatible bucket."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, TypeVar

import boto3  # type: ignore[import-untyped]
import structlog
from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]
from boto3.s3.transfer import TransferConfig  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from lumira.clients.storage.backend import LINK_LIFETIME
from lumira.clients.storage.bucket import Bucket
from lumira.clients.storage.streams import CHUNK, Readable
from lumira.errors.files import FileMissing, StorageUnavailable

log = structlog.get_logger()

#: Seconds to connect and to wait for the next bytes.
CONNECT_TIMEOUT, READ_TIMEOUT = 3, 20
#: Attempts of each call, the first included.
MAX_ATTEMPTS = 2
#: Bytes. The smallest part that S3 accepts, and the most of an upload that is in memory.
_PART = 5 * 1024 * 1024

Result = TypeVar("Result")


class S3Files:
    """Objects of one bucket. An upload becomes visible when it is complete."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket.name
        self._client = boto3.session.Session().client(
            "s3",
            endpoint_url=bucket.endpoint_url,
            region_name=bucket.region,
            aws_access_key_id=bucket.access_key_id,
            aws_secret_access_key=bucket.secret_access_key,
            config=Config(
                signature_version="s3v4",
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=READ_TIMEOUT,
                retries={"total_max_attempts": MAX_ATTEMPTS, "mode": "standard"},
                s3={"addressing_style": bucket.addressing_style},
                # Not all S3-compatible services support the newer checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        # One thread: more would need more memory, and the stream is read in order anyway.
        self._transfer = TransferConfig(
            multipart_threshold=_PART, multipart_chunksize=_PART, use_threads=False
        )

    def put(self, name: str, stream: Readable, *, content_type: str) -> None:
        extra = {"ContentType": content_type}
        _call(
            "put",
            lambda: self._client.upload_fileobj(
                stream, self._bucket, name, ExtraArgs=extra, Config=self._transfer
            ),
        )

    def read(self, name: str, *, start: int, end: int | None) -> Iterator[bytes]:
        byte_range = (
            {} if not start and end is None else {"Range": f"bytes={start}-{'' if end is None else end}"}
        )
        response = _call("get", lambda: self._client.get_object(Bucket=self._bucket, Key=name, **byte_range))
        return _chunks(response["Body"])

    def link(self, name: str, *, disposition: str, content_type: str) -> str:
        parameters = {
            "Bucket": self._bucket,
            "Key": name,
            "ResponseContentDisposition": disposition,
            "ResponseContentType": content_type,
        }
        lifetime = int(LINK_LIFETIME.total_seconds())
        return _call(
            "link",
            lambda: str(
                self._client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=lifetime)
            ),
        )

    def delete(self, name: str) -> None:
        _call("delete", lambda: self._client.delete_object(Bucket=self._bucket, Key=name))


def _call(operation: str, call: Callable[[], Result]) -> Result:
    """Perform one call. Raises `FileMissing` or `StorageUnavailable`."""
    try:
        return call()
    except ClientError as error:
        response: dict[str, Any] = error.response
        code = str(response.get("Error", {}).get("Code"))
        if code == "NoSuchKey":
            raise FileMissing("The file does not exist.") from error
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", HTTPStatus.INTERNAL_SERVER_ERROR)
        raise _unavailable(operation, f"{status} {code}") from error
    except (Boto3Error, BotoCoreError, OSError) as error:
        raise _unavailable(operation, type(error).__name__) from error


def _unavailable(operation: str, why: str) -> StorageUnavailable:
    log.warning("storage_call_failed", operation=operation, why=why)
    return StorageUnavailable("Files cannot be reached at the moment.", why=why)


def _chunks(body: Any) -> Iterator[bytes]:
    try:
        yield from body.iter_chunks(CHUNK)
    except (BotoCoreError, OSError) as error:
        raise _unavailable("get", type(error).__name__) from error
    finally:
        body.close()
