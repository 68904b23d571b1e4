"""The proof that the figures of promotion codes are the numbers of their orders."""

from lumira.database import atomic
from lumira.repositories.catalog.promotions import list_disagreements
from tests.support.factories import Brand


def check_codes(brand: Brand) -> None:
    """Check that each code counts the orders that use it."""
    with atomic(brand.id):
        sentences = list_disagreements(brand.id)
    assert not sentences, sentences
