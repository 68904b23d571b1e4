"""The file that says what a tenant sells: its shape, and what Stripe and the house ask of it."""

import re
import tomllib
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from lumira.errors import CatalogError
from lumira.schemas import charge_limits
from lumira.schemas.fields import EmailAddress

KINDS = ("level", "digital", "physical")
PARTIAL_REFUND_POLICIES = ("keep", "revoke")
RELEASE_POLICIES = ("at_once", "at_deadline")
#: The most pieces that are counted of one product.
LARGEST_STOCK = 100_000_000
#: A hundred years of days: more is access without an end.
LONGEST_ACCESS = 36_500
CONTENT_KINDS = ("card", "pdf", "audio", "mandala", "file")
#: Contents, or deliverables, of one product: a list for a page, not a library.
MOST_PARTS = 50
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

#: Stripe writes the account's prefix (2 to 10 characters), `* ` and the suffix, 22 characters in all.
_SUFFIX_LENGTH = 18
_SUFFIX = re.compile(r"(?=.*[A-Za-z])[\x20-\x7e]+")
_REFUSED_IN_SUFFIX = frozenset("<>\\'\"*")
_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.IGNORECASE
)
#: One file with more than this many mistakes is better looked at than read about.
_ERRORS_TOLD = 10


class Line(fields.String):
    """One line of text that a buyer reads: not blank, nothing invisible in it."""

    def __init__(self, *, longest: int, may_be_empty: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.longest = longest
        self.may_be_empty = may_be_empty

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **options)
        # Control, surrogate and private characters, and the separators of lines and paragraphs.
        if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Zl", "Zp") for character in text):
            raise ValidationError("Holds a control character or a line break.")
        if text != text.strip():
            raise ValidationError("Begins or ends with a space.")
        if not text and not self.may_be_empty:
            raise ValidationError("Must not be empty.")
        if len(text) > self.longest:
            raise ValidationError(f"Has {len(text)} characters, {self.longest} at most.")
        return text


class Currency(fields.String):
    """An ISO code, kept in lower case."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        code: str = super()._deserialize(value, attr, data, **options).lower()
        if not re.fullmatch("[a-z]{3}", code):
            raise ValidationError("Must be three letters, such as eur.")
        return code


def _checked_switch(value: object) -> None:
    # No word and no number that might mean one of them.
    if not isinstance(value, bool):
        raise ValidationError("Must be true or false.")


def _checked_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValidationError(f"There is no time zone {name!r}; one is Europe/Paris.") from error


def _checked_suffix(suffix: str) -> None:
    if len(suffix) > _SUFFIX_LENGTH:
        raise ValidationError(f"Has {len(suffix)} characters, {_SUFFIX_LENGTH} at most.")
    if not _SUFFIX.fullmatch(suffix) or suffix != suffix.strip():
        raise ValidationError("Must be plain Latin characters with a letter among them.")
    if _REFUSED_IN_SUFFIX & set(suffix):
        raise ValidationError("Stripe refuses < > \\ ' \" and * in it.")


def _checked_host_name(domain: str) -> None:
    if not _HOST_NAME.fullmatch(domain):
        raise ValidationError("Must be a host name alone, without https:// or a path.")


def _checked_vat_rate(rate: Decimal) -> None:
    if not 0 < rate < 100 or rate != round(rate, 2):  # noqa: PLR2004 - percent
        raise ValidationError(
            "Must be percent above 0 and below 100 with two decimals at most, such as 20.00."
        )


class VatRate(fields.Decimal):
    """Percent, kept as text with two decimals: what is frozen on a receipt is read as it was written."""

    default_error_messages = {"invalid": "Must be percent, such as 20.00."}  # noqa: RUF012 - marshmallow's own way

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if isinstance(value, bool):
            raise self.make_error("invalid")
        rate = super()._deserialize(value, attr, data, **options)
        _checked_vat_rate(rate)
        return f"{rate:.2f}"


class SellerTable(Schema):
    """`[tenant.seller]`: the legal lines of receipts. What is not given stands on none."""

    error_messages = {"unknown": "Unknown key."}  # noqa: RUF012 - marshmallow's own way to say it

    legal_name = Line(required=True, longest=200)
    address = fields.List(
        Line(longest=100),
        required=True,
        validate=validate.Length(min=1, max=6, error="Must have {min} to {max} lines."),
    )
    #: Where the seller is registered and under which number, such as a SIRET.
    registration = Line(longest=100)
    vat_number = fields.String(
        validate=validate.Regexp(
            r"[A-Z]{2}[0-9A-Z]{2,13}\Z",
            error="Must be two letters of a country, then digits or letters; no spaces.",
        )
    )
    #: Why no VAT is charged, or whatever else has to be said of it.
    vat_note = Line(longest=300)
    #: Percent that is in every price.
    vat_rate = VatRate()
    email = EmailAddress()

    @validates_schema
    def vat_is_explained(self, seller: dict[str, Any], **_: Any) -> None:
        if "vat_rate" not in seller and "vat_note" not in seller:
            raise ValidationError("Say vat_rate, or in vat_note why no VAT is charged.", "vat_note")


class Color(fields.String):
    """A colour as #RRGGBB, kept in capitals."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        color: str = super()._deserialize(value, attr, data, **options).upper()
        if not re.fullmatch("#[0-9A-F]{6}", color):
            raise ValidationError("Must be a colour such as #D4AF37.")
        return color


class TenantTable(Schema):
    """`[tenant]`: the brand."""

    error_messages = {"unknown": "Unknown key."}  # noqa: RUF012 - marshmallow's own way to say it

    slug = fields.String(
        required=True,
        validate=validate.Regexp(
            r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z",
            error="Must be lower-case letters, digits and dashes, 63 at most.",
        ),
    )
    name = Line(required=True, longest=200)
    currency = Currency(required=True)
    order_prefix = fields.String(
        load_default=None,
        validate=validate.Regexp(r"[A-Z0-9]{2,8}\Z", error="Must be 2 to 8 capital letters or digits."),
    )
    time_zone = fields.String(load_default="Europe/Paris", validate=_checked_time_zone)
    #: `None` where the file is silent: the command line may have set some.
    domains = fields.List(fields.String(validate=_checked_host_name), load_default=None)
    statement_descriptor_suffix = fields.String(load_default=None, validate=_checked_suffix)
    release_on_failure = fields.String(
        load_default="at_deadline",
        validate=validate.OneOf(RELEASE_POLICIES, error="Must be one of: {choices}."),
    )
    #: Who of the team is told of disputes; without it, the address that messages come from.
    alert_email = EmailAddress(load_default=None)
    #: The brand's colours, and its corners in pixels, on what a buyer sees.
    brand_color = Color(load_default=None)
    brand_background = Color(load_default=None)
    brand_radius = fields.Integer(
        strict=True,
        load_default=None,
        error_messages={"invalid": "Must be a whole number of pixels, such as 12."},
        validate=validate.Range(0, 32, error="Must be between {min} and {max}."),
    )
    #: Without it no receipt is issued.
    seller = fields.Nested(SellerTable, load_default=None)

    @post_load
    def lower_domains(self, tenant: dict[str, Any], **_: Any) -> dict[str, Any]:
        if tenant["domains"] is not None:
            tenant["domains"] = tuple(sorted({domain.lower() for domain in tenant["domains"]}))
        return tenant


def _checked_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValidationError("Must be lower-case letters, digits, - and _, 64 at most; no - or _ first.")


def _without_doubles(named: list[dict[str, str]]) -> None:
    keys = [each["key"] for each in named]
    double = next((key for key in keys if keys.count(key) > 1), None)
    if double is not None:
        raise ValidationError(f"Two of them have the key {double}.")


class ContentTable(Schema):
    """One of a product's `contents`: what every buyer of it gets."""

    error_messages = {"unknown": "Unknown key."}  # noqa: RUF012 - as above

    key = fields.String(required=True, validate=_checked_name)
    title = Line(required=True, longest=200)
    kind = fields.String(
        required=True, validate=validate.OneOf(CONTENT_KINDS, error="Must be one of: {choices}.")
    )


class DeliverableTable(Schema):
    """One of a product's `deliverables`: what is made for each buyer of it."""

    error_messages = {"unknown": "Unknown key."}  # noqa: RUF012 - as above

    key = fields.String(required=True, validate=_checked_name)
    title = Line(required=True, longest=200)


class ProductTable(Schema):
    """`[[products]]`: one thing on sale. Its stock is that of its first day: later counts are in no file."""

    error_messages = {"unknown": "Unknown key."}  # noqa: RUF012 - as above

    id = fields.String(
        required=True,
        validate=_checked_name,
    )
    kind = fields.String(required=True, validate=validate.OneOf(KINDS, error="Must be one of: {choices}."))
    level_number = fields.Integer(
        strict=True,
        data_key="level",
        load_default=None,
        validate=validate.Range(1, 999, error="Must be between {min} and {max}."),
    )
    name = Line(required=True, longest=200)
    description = Line(longest=500, may_be_empty=True, load_default="")
    #: Minor units, as Stripe counts them: cents of a euro, but whole yen (see `charge_limits`).
    amount = fields.Integer(
        required=True,
        strict=True,
        error_messages={"invalid": "Must be a whole number of minor units, such as 4700 for 47.00 EUR."},
        validate=validate.Range(0, charge_limits.LARGEST_AMOUNT, error="Must be between {min} and {max}."),
    )
    currency = Currency(load_default=None)
    on_partial_refund = fields.String(
        load_default="keep",
        validate=validate.OneOf(PARTIAL_REFUND_POLICIES, error="Must be one of: {choices}."),
    )
    #: Pieces on hand when the product is new.
    stock = fields.Integer(
        strict=True,
        error_messages={"invalid": "Must be a whole number of pieces, such as 20."},
        validate=validate.Range(0, LARGEST_STOCK, error="Must be between {min} and {max}."),
    )
    #: Whether pieces are back on the shelf once all of their order's money went back.
    restock_on_refund = fields.Raw(validate=_checked_switch)
    #: For how many days from being served it stays open; without it, for good.
    access_days = fields.Integer(
        strict=True,
        load_default=None,
        error_messages={"invalid": "Must be a whole number of days, such as 365."},
        validate=validate.Range(1, LONGEST_ACCESS, error="Must be between {min} and {max}."),
    )
    #: Whether a level opens those below it too.
    includes_lower_levels = fields.Raw(load_default=False, validate=_checked_switch)
    #: What every buyer of it gets, in the order in which it is shown.
    contents = fields.List(
        fields.Nested(ContentTable),
        load_default=list,
        validate=[validate.Length(max=MOST_PARTS, error="Must be {max} at most."), _without_doubles],
    )
    #: What is made for each buyer of it, in the order in which it is shown.
    deliverables = fields.List(
        fields.Nested(DeliverableTable),
        load_default=list,
        validate=[validate.Length(max=MOST_PARTS, error="Must be {max} at most."), _without_doubles],
    )

    @post_load
    def goods_have_defaults(self, product: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"stock": 0, "restock_on_refund": True} | product

    @validates_schema
    def only_goods_are_counted(self, product: dict[str, Any], **_: Any) -> None:
        told = 'Only a product of kind "physical" is counted.'
        counted = [name for name in ("stock", "restock_on_refund") if name in product]
        if counted and product["kind"] != "physical":
            raise ValidationError({name: [told] for name in counted})

    @validates_schema
    def access_fits_the_kind(self, product: dict[str, Any], **_: Any) -> None:
        if product["access_days"] is not None and product["kind"] == "physical":
            raise ValidationError("Goods are not opened, so that they cannot end.", "access_days")
        if product["includes_lower_levels"] and product["kind"] != "level":
            raise ValidationError(
                'Only a product of kind "level" has levels below it.', "includes_lower_levels"
            )

    @validates_schema
    def goods_hold_no_files(self, product: dict[str, Any], **_: Any) -> None:
        told = "Goods are sent, not opened: only digital products and levels have any."
        given = [name for name in ("contents", "deliverables") if product[name]]
        if given and product["kind"] == "physical":
            raise ValidationError({name: [told] for name in given})

    @validates_schema
    def levels_are_numbered(self, product: dict[str, Any], **_: Any) -> None:
        is_level = product["kind"] == "level"
        if is_level and product["level_number"] is None:
            raise ValidationError("A level needs its number.", "level")
        if not is_level and product["level_number"] is not None:
            raise ValidationError('Only a product of kind "level" has a number.', "level")


class CatalogFile(Schema):
    """The whole file: one tenant and what it sells."""

    error_messages = {"unknown": "Unknown key."}  # noqa: RUF012 - as above

    tenant = fields.Nested(TenantTable, required=True)
    # A file without products would take everything off sale: rather a slip than a wish.
    products = fields.List(
        fields.Nested(ProductTable),
        required=True,
        validate=validate.Length(min=1, error="Must hold a product."),
    )

    @validates_schema
    def products_agree(self, catalog: dict[str, Any], **_: Any) -> None:
        """Refuse what each product may say by itself, but not next to the others or for this tenant."""
        wrong: dict[int, dict[str, list[str]]] = {}
        currency = catalog["tenant"]["currency"]
        ids: dict[str, int] = {}
        numbers: dict[int, int] = {}
        for index, product in enumerate(catalog["products"]):
            mistakes = _amount_mistakes(product["amount"], currency)
            if product["currency"] not in (None, currency):
                mistakes["currency"] = [f"The tenant sells in {currency}."]
            first = ids.setdefault(product["id"], index)
            if first != index:
                mistakes["id"] = [f"Is that of products[{first}] too."]
            number = product["level_number"]
            first = index if number is None else numbers.setdefault(number, index)
            if first != index:
                mistakes["level"] = [f"Is that of products[{first}] too."]
            if mistakes:
                wrong[index] = mistakes
        if wrong:
            raise ValidationError({"products": wrong})


def _amount_mistakes(amount: int, currency: str) -> dict[str, list[str]]:
    least, step = charge_limits.smallest_charge(currency), charge_limits.step(currency)
    if 0 < amount < least:
        return {"amount": [f"Must be 0 (free) or at least {least}: Stripe takes no less in {currency}."]}
    if amount % step:
        return {"amount": [f"Must be a multiple of {step}: Stripe takes nothing finer in {currency}."]}
    return {}


def read(path: Path) -> dict[str, Any]:
    """What the file says, checked: `tenant` and `products`, keys as in the file (`level` as `level_number`).

    `CatalogError` in one line that names the file and, in it, the line or the key.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CatalogError(f"{path}: {error.strerror or error}.") from error
    try:
        return parse(content)
    except CatalogError as error:
        raise CatalogError(f"{path}: {error.message}") from error


def parse(content: bytes) -> dict[str, Any]:
    """What a file with this content says; `CatalogError` names the line or the key that is wrong."""
    try:
        # An editor's byte order mark is no part of the text.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CatalogError(f"line {line}: not UTF-8.") from error
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Beside its own, tomllib lets through what Python says of dates and endless numbers: ValueErrors too.
        raise CatalogError(f"not TOML: {error or 'nested too deeply'}.") from error
    return _load(CatalogFile(), given)


def parse_tenant(given: dict[str, Any]) -> dict[str, Any]:
    """A tenant described elsewhere than in a file, held to the same rules."""
    return _load(TenantTable(), given)


def _load(schema: Schema, given: dict[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        raise CatalogError(_in_one_line(error.messages)) from error
    return loaded


def _in_one_line(messages: Any) -> str:
    told = _told(messages, "")
    more = f"; and {len(told) - _ERRORS_TOLD} more" if len(told) > _ERRORS_TOLD else ""
    return "; ".join(told[:_ERRORS_TOLD]) + more


def _told(messages: Any, path: str) -> list[str]:
    if not isinstance(messages, dict):
        return [f"{path}: {message}" for message in messages]
    told: list[str] = []
    for key, inner in messages.items():
        name = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}" if path else str(key)
        told += _told(inner, path if key == "_schema" else name)
    return told
