"""Where a bucket is, and how it is spoken to."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of any service that speaks S3. Without keys the SDK's own search for credentials counts."""

    name: str
    endpoint_url: str | None = None
    region: str = "us-east-1"
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    #: `path`, `virtual` or `auto`, as the service expects it.
    addressing_style: str = "auto"
