"""Add a promotion code, change its terms, and end or resume its use. Orders keep what they froze."""

from collections.abc import Mapping

from lumira.database import atomic, db, retried
from lumira.domain.promotion_terms import PROBLEMS, PromotionTerms, problems_of, values_of
from lumira.domain.promotions import normalised
from lumira.domain.shown_values import fingerprint_of
from lumira.errors import ChangedMeanwhile
from lumira.errors.catalog import InvalidPromotionTerms, PromotionNotFound
from lumira.models import PromotionCode
from lumira.models.columns import uuid7
from lumira.repositories.audit import audit
from lumira.repositories.catalog import products, promotions
from lumira.repositories.tenants import tenants


@retried
def add_promotion(tenant_id: int, terms: PromotionTerms, *, actor: str) -> bool:
    """Add a code, which counts from now on; return whether it is new. An equal one is the same code.

    Raises `InvalidPromotionTerms`.
    """
    with atomic(tenant_id):
        # One change at a time, so that two forms with one code do not meet in the database.
        tenants.lock(tenant_id)
        _check(tenant_id, terms)
        existing = promotions.find_by_code(tenant_id, terms.code)
        if existing is not None:
            if values_of(existing) == terms.columns:
                # The form was sent twice.
                return False
            raise _invalid({"code": "taken"})
        promotion = PromotionCode(tenant_id=tenant_id, id=uuid7(), code=terms.code, **terms.columns)
        db.session.add(promotion)
        _audit(promotion, "promotion_added", actor=actor)
        return True


@retried
def edit_promotion(tenant_id: int, terms: PromotionTerms, *, actor: str, seen: str | None = None) -> bool:
    """Change the terms of the code; return whether anything changed.

    Raises `PromotionNotFound`, `InvalidPromotionTerms`, and `ChangedMeanwhile` if `seen`, the fingerprint of the values
    that the operator saw, is not that of the stored ones.
    """
    with atomic(tenant_id):
        promotion = _lock(tenant_id, terms.code)
        before = values_of(promotion)
        if seen is not None and seen != fingerprint_of(before):
            raise ChangedMeanwhile("Another operator changed the code after the form was opened.")
        _check(tenant_id, terms, uses=promotion.uses)
        changed = {name: value for name, value in terms.columns.items() if value != before[name]}
        for name, value in changed.items():
            setattr(promotion, name, value)
        if changed:
            _audit(promotion, "promotion_changed", actor=actor, changed=sorted(changed))
        return bool(changed)


@retried
def set_active(tenant_id: int, code: str, *, active: bool, actor: str) -> bool:
    """Let a code count again, or no longer for new orders; return whether that changed. Raises `PromotionNotFound`."""
    with atomic(tenant_id):
        promotion = _lock(tenant_id, normalised(code))
        if promotion.active is active:
            return False
        promotion.active = active
        _audit(promotion, "promotion_enabled" if active else "promotion_disabled", actor=actor)
        return True


def _lock(tenant_id: int, code: str) -> PromotionCode:
    promotion = promotions.find_by_code(tenant_id, code)
    if promotion is None:
        raise PromotionNotFound(f"There is no promotion code {code}.")
    promotions.lock(tenant_id, [promotion.id])
    db.session.refresh(promotion)
    return promotion


def _check(tenant_id: int, terms: PromotionTerms, *, uses: int = 0) -> None:
    known = products.list_by_ids(tenant_id, terms.product_ids) if terms.product_ids else ()
    problems = problems_of(terms, product_ids=known, uses=uses)
    if problems:
        raise _invalid(problems)


def _invalid(problems: Mapping[str, str]) -> InvalidPromotionTerms:
    sentences = "; ".join(f"{name}: {PROBLEMS[problem]}" for name, problem in problems.items())
    return InvalidPromotionTerms(
        f"The promotion code is refused. {sentences}",
        fields={name: [PROBLEMS[problem]] for name, problem in problems.items()},
        problems=dict(problems),
    )


def _audit(promotion: PromotionCode, action: str, *, actor: str, **details: object) -> None:
    audit.record(
        promotion.tenant_id, actor=actor, action=action, subject=f"promotion:{promotion.id}", **details
    )
