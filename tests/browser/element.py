"""Filling in Stripe's Payment Element, whose fields are in a frame."""

from playwright.sync_api import FrameLocator, Page, expect

GOOD, DECLINED, AUTHENTICATED = "4242 4242 4242 4242", "4000 0000 0000 0002", "4000 0000 0000 3220"
DEBIT, FAILING_DEBIT = "DE89 3704 0044 0532 0130 00", "DE62 3704 0044 0532 0130 01"


def fields(page: Page) -> FrameLocator:
    """The frame with the fields, once the payment can be confirmed."""
    expect(page.locator("#confirm")).to_be_enabled()
    return page.frame_locator("#payment-element iframe")


def enter_card(page: Page, number: str = GOOD, *, label: str = "Numéro de carte") -> None:
    frame = fields(page)
    frame.get_by_label(label).fill(number)
    frame.locator("[name=expiry]").fill("12 / 34")
    frame.locator("[name=cvc]").fill("123")


def enter_debit(page: Page, iban: str = DEBIT) -> None:
    frame = fields(page)
    frame.get_by_role("tab", name="Prélèvement SEPA").click()
    frame.get_by_label("IBAN").fill(iban)
    frame.get_by_label("Nom complet").fill("Zoé Durand")


def decide(page: Page, answer: str) -> None:
    """Press a button of the bank's page."""
    page.frame_locator('iframe[title="Authentification par votre banque"]').get_by_role(
        "button", name=answer
    ).click()
