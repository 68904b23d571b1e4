"""Tenants: created, and found by slug or by domain."""

from collections.abc import Sequence

from sqlalchemy import and_, bindparam, delete, select, text
from sqlalchemy.exc import IntegrityError

from lumira.database import db
from lumira.database_failures import constraint_of
from lumira.errors import InvalidRequest, LumiraError
from lumira.errors.tenants import DomainTaken, TenantNameTaken, TenantNotFound
from lumira.formats import HOST_NAME_PATTERN
from lumira.models import Product, Tenant, TenantDomain
from lumira.pipelines import prepared, run_together
from lumira.repositories.read_rows import all_columns, as_object


def reserve_id() -> int:
    """The id for a new tenant; called outside any tenant, before `create`.

    An imported tenant has kept its id, which the sequence may reach.
    """
    taken = {*list_ids()}
    while (reserved := _next_id()) in taken:
        pass
    return reserved


def _next_id() -> int:
    reserved: int = db.session.execute(text("SELECT nextval('tenants_id_seq')")).scalar_one()
    return reserved


def create(tenant_id: int, *, slug: str, name: str, currency: str, order_prefix: str | None = None) -> Tenant:
    """Insert a tenant with the reserved id, in a transaction of that tenant.

    Without `order_prefix`, the first free prefix made of the slug's characters is used. Raises `TenantNameTaken`
    if another tenant has the slug or the prefix, and `InvalidRequest` if a value is malformed.
    """
    prefixes = [order_prefix.upper()] if order_prefix is not None else _prefixes_for(slug)
    for prefix in prefixes:
        tenant = Tenant(id=tenant_id, slug=slug, name=name, currency=currency.lower(), order_prefix=prefix)
        try:
            # Row-level security hides other tenants: only the unique index shows that a prefix is taken.
            with db.session.begin_nested():
                db.session.add(tenant)
                db.session.flush()
        except IntegrityError as error:
            constraint = constraint_of(error)
            if constraint == "uq_tenants_order_prefix" and order_prefix is None:
                continue
            raise _error_of(constraint, slug=slug, order_prefix=prefix) from error
        return tenant
    raise TenantNameTaken(f"Every order prefix made of {slug!r} is taken: choose one with --order-prefix.")


def _prefixes_for(slug: str) -> list[str]:
    characters = "".join(
        character for character in slug.upper() if character.isascii() and character.isalnum()
    )
    stem = characters.ljust(2, "0")
    longer = [stem[:length] for length in range(3, 9)]
    return list(dict.fromkeys([*longer, *(f"{stem[:4]}{number}" for number in range(2, 1000))]))


def _error_of(constraint: str, *, slug: str, order_prefix: str) -> LumiraError:
    taken = {
        "uq_tenants_slug": f"A tenant {slug} exists already.",
        "uq_tenants_order_prefix": f"The order prefix {order_prefix} belongs to another tenant.",
    }
    if constraint in taken:
        return TenantNameTaken(taken[constraint])
    malformed = {
        "ck_tenants_slug_is_a_label": f"{slug!r} is no slug: use lower-case letters, digits and dashes, 63 at most.",
        "ck_tenants_currency_is_iso": "The currency must be an ISO code, such as eur.",
        "ck_tenants_order_prefix_is_short": "The order prefix must have 2 to 8 capital letters or digits.",
    }
    return InvalidRequest(malformed.get(constraint, "The tenant cannot be created."))


def find_id(slug: str) -> int | None:
    """The id of the tenant with this slug; callable outside any tenant."""
    return db.session.execute(text("SELECT lumira_find_tenant(:slug)"), {"slug": slug}).scalar()


def find_id_by_domain(domain: str) -> int | None:
    """The id of the tenant that has this domain; callable outside any tenant."""
    return db.session.execute(
        text("SELECT lumira_find_tenant_by_domain(:domain)"), {"domain": domain.lower()}
    ).scalar()


def list_ids_by_account(stripe_account: str) -> list[int]:
    """The ids of the tenants that sell through this Connect account; callable outside any tenant."""
    return list(
        db.session.execute(
            text("SELECT lumira_find_tenants_by_account(:account)"), {"account": stripe_account}
        ).scalars()
    )


def list_ids() -> list[int]:
    """The ids of all tenants; callable outside any tenant."""
    return list(db.session.execute(text("SELECT lumira_list_tenants()")).scalars())


def list_active_ids() -> list[int]:
    """The ids of the tenants that are not frozen: those that work is done for; callable outside any tenant."""
    query = "SELECT id FROM lumira_list_tenants() AS id WHERE id NOT IN (SELECT lumira_frozen_tenants())"
    return list(db.session.execute(text(query)).scalars())


def list_frozen_ids() -> list[int]:
    """The ids of the tenants of which nothing can be changed; callable outside any tenant."""
    return list(db.session.execute(text("SELECT lumira_frozen_tenants()")).scalars())


def get(tenant_id: int) -> Tenant:
    """The tenant of the running transaction; raises `TenantNotFound` if it does not exist."""
    tenant = db.session.get(Tenant, tenant_id)
    if tenant is None:
        raise TenantNotFound("This tenant does not exist.")
    return tenant


_COLUMNS, _COLUMNS_OF_PRODUCT = all_columns(Tenant), all_columns(Product)
_WITH_PRODUCT = (
    select(*_COLUMNS, *_COLUMNS_OF_PRODUCT)
    .select_from(Tenant)
    .outerjoin(
        Product, and_(Product.tenant_id == bindparam("of_tenant"), Product.id == bindparam("of_product"))
    )
    .where(Tenant.id == bindparam("of_tenant"))
)


def get_with_product(tenant_id: int, product_id: str | None) -> tuple[Tenant, Product | None]:
    """The tenant and a product of it, on sale or not, in one statement; raises `TenantNotFound`.

    The session knows both afterwards: it queries neither again while the caller holds them.
    """
    values = {"of_tenant": tenant_id, "of_product": product_id}
    [row] = run_together([prepared(_WITH_PRODUCT).with_values(values)])
    tenant = None if row is None else as_object(Tenant, row[: len(_COLUMNS)])
    if row is None or tenant is None:
        raise TenantNotFound("This tenant does not exist.")
    return tenant, as_object(Product, row[len(_COLUMNS) :])


def lock(tenant_id: int) -> Tenant:
    """The tenant, locked until the transaction ends, so that one catalog is applied at a time.

    The lock permits new rows that reference the tenant: no checkout and no event waits for a catalog.
    """
    tenant = db.session.execute(
        select(Tenant)
        .where(Tenant.id == tenant_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if tenant is None:
        raise TenantNotFound("This tenant does not exist.")
    return tenant


def list_domains(tenant_id: int) -> list[str]:
    """The tenant's domains, in alphabetical order."""
    return list(
        db.session.execute(
            select(TenantDomain.domain)
            .where(TenantDomain.tenant_id == tenant_id)
            .order_by(TenantDomain.domain)
        ).scalars()
    )


def find_related_domain(domains: Sequence[str]) -> str | None:
    """The first of these that is above or below a domain of another tenant, as `www.` is; `None` if none is.

    It stays so until the transaction ends: no other one adds a domain meanwhile.
    """
    _lock_domains()
    position = db.session.execute(
        text("SELECT lumira_find_related_domain(:domains)"), {"domains": list(domains)}
    ).scalar()
    return None if position is None else domains[position - 1]


def _lock_domains() -> None:
    """Let one transaction at a time add domains: two tenants could add related ones, and neither see the other's."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('tenant_domains'))"))


def set_domains(tenant_id: int, domains: list[str]) -> None:
    """Give the tenant exactly these domains; raises `InvalidRequest` if one is malformed, `DomainTaken` if it
    is another tenant's."""
    requested = {_checked_domain(domain) for domain in domains}
    existing = set(list_domains(tenant_id))
    if requested - existing:
        # Before a row is removed: who waits for this row has the lock already.
        _lock_domains()
    db.session.execute(
        delete(TenantDomain).where(
            TenantDomain.tenant_id == tenant_id, TenantDomain.domain.in_(existing - requested)
        )
    )
    for domain in sorted(requested - existing):
        db.session.add(TenantDomain(tenant_id=tenant_id, domain=domain))
        try:
            db.session.flush()
        except IntegrityError as error:
            raise DomainTaken(f"The domain {domain} belongs to another tenant.", domain=domain) from error


def _checked_domain(domain: str) -> str:
    lowered = domain.strip().lower()
    if not HOST_NAME_PATTERN.fullmatch(lowered):
        raise InvalidRequest(f"{domain!r} is not a host name: write it without https:// and without a path.")
    return lowered
