"""What is wrong with the fields of a form, in the operator's language."""

from lumira.errors import LumiraError
from lumira.models import Language
from lumira.pages.dashboard.texts import TEXTS


def invalid_fields(error: LumiraError, language: Language) -> dict[str, str]:
    """Return what is wrong with each field, by the field's name."""
    found: dict[str, list[str]] = {}
    for path, messages in (error.fields or {}).items():
        texts = found.setdefault(_field_of(path), [])
        texts += [text for each in messages if (text := _translated(each, language)) not in texts]
    return {name: " ".join(texts) for name, texts in found.items()}


def _translated(message: str, language: Language) -> str:
    """The text with the message's code; a message without one is for authors of files, and stays as it is."""
    text = TEXTS[language]["validation"]["rules"].get(getattr(message, "code", None))
    return message if text is None else text.format(**getattr(message, "values", {}))


def _field_of(path: str) -> str:
    """The field of a form: `address` of `seller.address[0]`."""
    return path.rpartition(".")[2].partition("[")[0]
