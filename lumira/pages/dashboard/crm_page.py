"""The settings of the connection to Dolibarr as a form shows them, and what its page says about check and queue."""

from collections.abc import Mapping
from dataclasses import dataclass

from lumira.domain.crm.settings import CrmSettings, read_id, read_rates, stored_url, written_rates
from lumira.domain.crm.texts import CrmText, text_of
from lumira.models import Language, LostDisputePolicy
from lumira.pages.dashboard.texts import TEXTS
from lumira.services.crm.view_connection import ConnectionView
from lumira.services.crm.view_queue import ParkedItem, QueueView
from lumira.services.crm.view_records import CrmRecord, CrmRecords

_IDS = {
    "crm_entity": "entity",
    "crm_bank_account": "bank_account_id",
    "crm_payment_type": "payment_type_id",
    "crm_category": "category_id",
}
FIELDS = ("crm_url", "crm_api_key", *_IDS, "crm_vat_rates", "crm_lost_disputes", "crm_test_sales")
_LONGEST_KEY = 200
_LONGEST_RATES = 50_000


def shown_settings(view: ConnectionView) -> dict[str, str]:
    """Return the stored settings as the form shows them; the key is never among them."""
    settings = view.settings or CrmSettings(url="")
    return {
        "crm_url": settings.url,
        "crm_api_key": "",
        **{name: str(getattr(settings, field) or "") for name, field in _IDS.items()},
        "crm_vat_rates": written_rates(settings.vat_rates),
        "crm_lost_disputes": str(settings.lost_disputes),
        "crm_test_sales": "yes" if settings.takes_test_sales else "",
    }


@dataclass(frozen=True, slots=True)
class EnteredSettings:
    """What was entered, as text."""

    values: dict[str, str]
    api_key: str | None

    @classmethod
    def of(cls, form: Mapping[str, str]) -> "EnteredSettings":
        """Read a form. The key is not shown again, whatever is wrong with the other fields."""
        values = {name: form.get(name, "").strip() for name in FIELDS}
        api_key = values["crm_api_key"] or None
        return cls(values | {"crm_api_key": ""}, api_key)

    def settings(self) -> CrmSettings:
        """Return what was entered. Raises `ValueError` unless `problems` finds none."""
        return CrmSettings(
            url=stored_url(self.values["crm_url"]),
            vat_rates=read_rates(self.values["crm_vat_rates"]),
            lost_disputes=LostDisputePolicy(self.values["crm_lost_disputes"]),
            takes_test_sales=self.values["crm_test_sales"] == "yes",
            **{field: read_id(self.values[name]) for name, field in _IDS.items()},
        )

    def problems(self, view: ConnectionView, *, seen: str | None) -> dict[str, str]:
        """Return what is wrong, as the names of texts by field; `changed` if another operator was faster."""
        found: dict[str, str] = {}
        url = stored_url(self.values["crm_url"])
        if not url:
            found["crm_url"] = "url_missing"
        if self.api_key is not None and not _may_be_key(self.api_key):
            found["crm_api_key"] = "bad_key"
        if self.api_key is None and (not view.has_key or view.settings is None or view.settings.url != url):
            # The stored key was given for another URL, and is sent to no other one.
            found["crm_api_key"] = "key_again" if view.has_key else "key_missing"
        for name in _IDS:
            try:
                read_id(self.values[name])
            except ValueError:
                found[name] = "bad_id"
        if len(self.values["crm_vat_rates"]) > _LONGEST_RATES or not _are_rates(self.values["crm_vat_rates"]):
            found["crm_vat_rates"] = "bad_rates"
        if self.values["crm_lost_disputes"] not in set(LostDisputePolicy):
            found["crm_lost_disputes"] = "bad_choice"
        if not found and seen not in (None, "", view.fingerprint):
            found["changed"] = "changed"
        return found


def _may_be_key(text: str) -> bool:
    return len(text) <= _LONGEST_KEY and text.isascii() and text.isprintable() and " " not in text


def _are_rates(text: str) -> bool:
    try:
        read_rates(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class CrmPage:
    """What the page says about the last check and the queue, in the operator's language."""

    view: ConnectionView
    queue: QueueView
    language: Language

    @property
    def findings(self) -> list[tuple[bool, CrmText]]:
        """What the last check found: whether it is a fault, and its sentences; faults first."""
        ordered = sorted(self.view.findings, key=lambda finding: not finding.is_fault)
        return [(finding.is_fault, self._text(finding.code, dict(finding.values))) for finding in ordered]

    @property
    def problem(self) -> CrmText | None:
        """Why Dolibarr fails; `None` while it answers."""
        if self.queue.problem is None:
            return None
        return self._text(self.queue.problem, {"text": self.queue.problem_text})

    def why(self, item: ParkedItem) -> CrmText:
        """Why a task is parked, and what to do."""
        return self._text(item.reason, {"text": item.reason_text})

    def errors(self, problems: Mapping[str, str], why: str) -> dict[str, str]:
        """Return what is wrong with each field."""
        words = TEXTS[self.language]["crm"]["problems"]
        return {name: words[key].format(why=why) for name, key in problems.items()}

    def _text(self, code: str, values: dict[str, str]) -> CrmText:
        return text_of(code, self.language, {**values, "slug": self.view.slug})


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """A record in Dolibarr, and why it is not written yet; `None` if nothing keeps it from being written."""

    record: CrmRecord
    why: CrmText | None


@dataclass(frozen=True, slots=True)
class ShownRecords:
    """The records of an order or of a customer, in the operator's language."""

    is_connected: bool
    is_on: bool
    records: list[ShownRecord]


def shown_records(found: CrmRecords, slug: str, language: Language) -> ShownRecords:
    """Return what a page says about these records."""
    return ShownRecords(
        found.is_connected,
        found.is_on,
        [
            ShownRecord(
                each,
                None
                if each.reason is None
                else text_of(each.reason, language, {"text": each.reason_text, "slug": slug}),
            )
            for each in found.records
        ],
    )
