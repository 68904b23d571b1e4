"""What the environment says of storage: complete, or refused by name."""

import pytest

from config.settings import S3, Settings, SettingsError
from tests.unit.config.given import GIVEN


def settings(**given: str) -> Settings:
    return Settings.from_environment(GIVEN | given)


def test_without_a_bucket_files_are_kept_in_a_folder_and_are_50_mib_at_most() -> None:
    assert settings().s3 == S3(bucket=None)
    assert settings().max_upload_bytes == 50 * 1024 * 1024


def test_a_bucket_is_described_whole() -> None:
    found = settings(
        S3_BUCKET="files",
        S3_ENDPOINT_URL="https://s3.fr-par.scw.cloud",
        S3_REGION="fr-par",
        S3_ACCESS_KEY_ID="id",
        S3_SECRET_ACCESS_KEY="a-secret",
        S3_ADDRESSING_STYLE="virtual",
        MAX_UPLOAD_BYTES="1000",
    )
    assert found.s3 == S3("files", "https://s3.fr-par.scw.cloud", "fr-par", "id", "a-secret", "virtual")
    assert found.max_upload_bytes == 1000
    assert "a-secret" not in repr(found)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"S3_ACCESS_KEY_ID": "id"}, "S3_SECRET_ACCESS_KEY"),
        ({"S3_SECRET_ACCESS_KEY": "secret"}, "S3_ACCESS_KEY_ID"),
        ({"S3_ENDPOINT_URL": "s3.example"}, "S3_ENDPOINT_URL"),
        ({"S3_ADDRESSING_STYLE": "dns"}, "S3_ADDRESSING_STYLE"),
        ({"MAX_UPLOAD_BYTES": "50MB"}, "MAX_UPLOAD_BYTES"),
        ({"MAX_UPLOAD_BYTES": "0"}, "MAX_UPLOAD_BYTES"),
    ],
)
def test_what_is_wrong_is_named(given, named) -> None:
    with pytest.raises(SettingsError, match=named):
        settings(**{"S3_BUCKET": "files"} | given)
