"""docs/operations.md says how to replace each secret setting."""

from dataclasses import fields

from config.settings import ROOT, Settings

_SECTION = (
    (ROOT / "docs" / "operations.md")
    .read_text()
    .partition("\n## Keys and secrets\n")[2]
    .partition("\n## ")[0]
)
#: Settings whose names differ from their fields, and secrets within other settings.
_NAMES = {"encryption_keys": "LUMIRA_ENCRYPTION_KEYS"}
_WITHIN = {"SMTP_URL", "S3_SECRET_ACCESS_KEY"}


def test_each_setting_that_is_never_shown_has_its_way_of_being_replaced() -> None:
    secret = {_NAMES.get(field.name, field.name.upper()) for field in fields(Settings) if not field.repr}
    assert len(secret) > 6
    assert {
        name for name in secret | _WITHIN if f"`{name}`" not in _SECTION and f"`{name}=" not in _SECTION
    } == set()
