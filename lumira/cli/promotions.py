"""`flask promotions …`: promotion codes of a tenant."""

from typing import Any

import click
from flask.cli import AppGroup

from lumira.cli.common.scope import chosen_tenants, tenant_option
from lumira.cli.common.tables import echo_table
from lumira.cli.common.times import shown, zone_of
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.domain.days import begin_of, end_of
from lumira.domain.promotion_terms import PromotionTerms
from lumira.domain.promotions import normalised
from lumira.models import PromotionCode
from lumira.money import format_amount, parse_amount
from lumira.repositories.catalog.promotions import list_disagreements
from lumira.repositories.tenants import tenants
from lumira.services.promotions.change_promotions import add_promotion, set_active
from lumira.services.promotions.view_promotions import view_promotions

promotions = AppGroup("promotions", help="Promotion codes of a tenant.")

_ACTOR = "operator"
_DAY = click.DateTime(["%Y-%m-%d"])


@promotions.command("list")
@click.argument("slug")
def list_promotions(slug: str) -> None:
    """Show the promotion codes of the tenant SLUG, the newest first, and how often each is used.

    Example: flask promotions list boutique
    """
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
    rows = [
        (
            listed.promotion.code,
            _discount(listed.promotion),
            str(listed.state),
            _uses(listed.promotion),
            shown(listed.promotion.valid_until, zone) if listed.promotion.valid_until else "",
            ",".join(listed.promotion.product_ids),
        )
        for listed in view_promotions(tenant_id)
    ]
    echo_table(("CODE", "DISCOUNT", "STATE", "USES", "UNTIL", "PRODUCTS"), rows)


def _discount(promotion: PromotionCode) -> str:
    if promotion.amount is not None and promotion.currency is not None:
        return format_amount(promotion.amount, promotion.currency)
    return f"{promotion.percent}%"


def _uses(promotion: PromotionCode) -> str:
    most = "" if promotion.max_uses is None else f" of {promotion.max_uses}"
    being_paid = f" ({promotion.reserved} being paid)" if promotion.reserved else ""
    return f"{promotion.uses}{most}{being_paid}"


@promotions.command("create")
@click.argument("slug")
@click.argument("code")
@click.option("--percent", type=click.IntRange(1, 100), help="What it takes off, in percent.")
@click.option(
    "--amount", metavar="AMOUNT", help="What it takes off, in the tenant's currency, such as 10.00."
)
@click.option("--minimum", metavar="AMOUNT", help="What the products have to cost together.")
@click.option("--product", "product_ids", multiple=True, metavar="ID", help="Only this product; repeatable.")
@click.option("--from", "first_day", type=_DAY, help="The first day, in the tenant's time zone.")
@click.option("--until", "last_day", type=_DAY, help="The last day, in the tenant's time zone.")
@click.option("--max-uses", type=int, help="How many orders may use it.")
@click.option("--max-uses-per-customer", type=int, help="How many orders of one customer may use it.")
def create(slug: str, code: str, **options: Any) -> None:
    """Create the promotion CODE of the tenant SLUG: a percentage or an amount.

    Example: flask promotions create boutique WELCOME10 --percent 10
    """
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        tenant, zone = tenants.get(tenant_id), zone_of(tenant_id)
    first_day, last_day = options["first_day"], options["last_day"]
    terms = PromotionTerms(
        code=normalised(code),
        currency=tenant.currency,
        percent=options["percent"],
        amount=_minor_units(options["amount"], tenant.currency, "--amount"),
        valid_from=begin_of(first_day.date(), zone) if first_day else None,
        valid_until=end_of(last_day.date(), zone) if last_day else None,
        product_ids=options["product_ids"],
        minimum_amount=_minor_units(options["minimum"], tenant.currency, "--minimum"),
        max_uses=options["max_uses"],
        max_uses_per_customer=options["max_uses_per_customer"],
    )
    is_new = add_promotion(tenant_id, terms, actor=_ACTOR)
    click.echo(f"{terms.code}: {'created' if is_new else 'exists already, with these terms'}.")


def _minor_units(text: str | None, currency: str, option: str) -> int | None:
    if text is None:
        return None
    try:
        return parse_amount(text, currency)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint=option) from error


@promotions.command("disable")
@click.argument("slug")
@click.argument("code")
def disable(slug: str, code: str) -> None:
    """End the use of the promotion CODE of the tenant SLUG; orders that use it keep their price.

    Example: flask promotions disable boutique WELCOME10
    """
    _set_active(slug, code, active=False)


@promotions.command("enable")
@click.argument("slug")
@click.argument("code")
def enable(slug: str, code: str) -> None:
    """Let the promotion CODE of the tenant SLUG be used again.

    Example: flask promotions enable boutique WELCOME10
    """
    _set_active(slug, code, active=True)


@promotions.command("verify")
@tenant_option
def verify(slug: str | None) -> None:
    """Compare how often codes are used with their orders: exit code 0 only if all agree.

    Example: flask promotions verify --tenant boutique
    """
    sentences = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            found = list_disagreements(tenant_id)
        sentences += [f"{tenant_slug} {sentence}" for sentence in found]
    for sentence in sentences:
        click.echo(sentence)
    if sentences:
        raise click.ClickException(f"{len(sentences)} promotion codes disagree with their orders.")
    click.echo("Promotion codes agree with their orders.")


def _set_active(slug: str, code: str, *, active: bool) -> None:
    is_changed = set_active(tenant_id_of(slug), code, active=active, actor=_ACTOR)
    state = "enabled" if active else "disabled"
    click.echo(f"{normalised(code)}: {state if is_changed else f'was {state} already'}.")
