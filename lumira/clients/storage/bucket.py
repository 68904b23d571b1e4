"""The settings of an S3-compatible bucket."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and its credentials; without keys, the SDK finds its credentials itself."""

    name: str
    endpoint_url: str | None = None
    region: str = "us-east-1"
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    #: `path`, `virtual` or `auto`, as the service requires.
    addressing_style: str = "auto"
