"""The S3 settings are complete, or the start fails with an error that names the setting."""

import pytest

from config.settings import S3, Settings, SettingsError
from tests.unit.config.environment import REQUIRED


def settings(**variables: str) -> Settings:
    return Settings.from_environment(REQUIRED | variables)


def test_by_default_files_are_stored_in_a_folder_and_have_at_most_50_mib() -> None:
    assert settings().s3 == S3(bucket=None)
    assert settings().max_upload_bytes == 50 * 1024 * 1024


def test_all_settings_of_a_bucket_are_read() -> None:
    loaded = settings(
        S3_BUCKET="files",
        S3_ENDPOINT_URL="https://s3.fr-par.scw.cloud",
        S3_REGION="fr-par",
        S3_ACCESS_KEY_ID="id",
        S3_SECRET_ACCESS_KEY="a-secret",
        S3_ADDRESSING_STYLE="virtual",
        MAX_UPLOAD_BYTES="1000",
    )
    assert loaded.s3 == S3("files", "https://s3.fr-par.scw.cloud", "fr-par", "id", "a-secret", "virtual")
    assert loaded.max_upload_bytes == 1000
    assert "a-secret" not in repr(loaded)


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"S3_ACCESS_KEY_ID": "id"}, "S3_SECRET_ACCESS_KEY"),
        ({"S3_SECRET_ACCESS_KEY": "secret"}, "S3_ACCESS_KEY_ID"),
        ({"S3_ENDPOINT_URL": "s3.example"}, "S3_ENDPOINT_URL"),
        ({"S3_ADDRESSING_STYLE": "dns"}, "S3_ADDRESSING_STYLE"),
        ({"MAX_UPLOAD_BYTES": "50MB"}, "MAX_UPLOAD_BYTES"),
        ({"MAX_UPLOAD_BYTES": "0"}, "MAX_UPLOAD_BYTES"),
    ],
)
def test_an_invalid_setting_is_refused_with_its_name(variables, name) -> None:
    with pytest.raises(SettingsError, match=name):
        settings(**{"S3_BUCKET": "files"} | variables)
