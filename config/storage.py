"""The storage of files, and the size of uploads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.errors import SettingsError, whole_number

DEFAULT_MAX_UPLOAD_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class S3:
    """The S3 bucket that stores files; without a bucket they are stored under the instance's folder."""

    bucket: str | None = None
    endpoint_url: str | None = None
    region: str = "us-east-1"
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    addressing_style: str = "auto"


def from_environment(values: Mapping[str, str]) -> S3:
    """Return the S3_… settings; raise `SettingsError` if one is invalid or half of the key is missing."""
    style = values.get("S3_ADDRESSING_STYLE", "auto")
    if style not in ("auto", "path", "virtual"):
        raise SettingsError(f"S3_ADDRESSING_STYLE must be auto, path or virtual, not {style!r}.")
    access_key_id, secret_access_key = values.get("S3_ACCESS_KEY_ID"), values.get("S3_SECRET_ACCESS_KEY")
    if (access_key_id is None) != (secret_access_key is None):
        raise SettingsError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set together.")
    endpoint = values.get("S3_ENDPOINT_URL")
    if endpoint is not None and not endpoint.startswith(("https://", "http://")):
        raise SettingsError("S3_ENDPOINT_URL must begin with https:// or http://.")
    return S3(
        bucket=values.get("S3_BUCKET"),
        endpoint_url=endpoint,
        region=values.get("S3_REGION", "us-east-1"),
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        addressing_style=style,
    )


def max_upload_bytes(values: Mapping[str, str]) -> int:
    """Return MAX_UPLOAD_BYTES; raise `SettingsError` unless it is a positive integer."""
    max_bytes = whole_number(values, "MAX_UPLOAD_BYTES", default=DEFAULT_MAX_UPLOAD_BYTES)
    if max_bytes == 0:
        raise SettingsError("MAX_UPLOAD_BYTES must be at least 1: with 0 every upload would be refused.")
    return max_bytes
