"""A brand's colours, and the ones that can be read on them."""

from dataclasses import dataclass

from lumira.models import Tenant

#: What a brand without colours of its own looks like.
_COLOR, _BACKGROUND, _RADIUS = "#1F3A5F", "#F3F4F6", 8
_INK, _PAPER = "#1A1A1A", "#FFFFFF"
#: The least contrast of large text (WCAG 2.2, success criterion 1.4.3).
_LARGE_TEXT = 3.0
#: Below this a button would not stand out from the paper.
_EDGE = 1.5


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #RRGGBB; `on_…` is readable on what it names."""

    primary: str
    on_primary: str
    background: str
    on_background: str
    #: The brand's name above the letter: in the brand's colour where that can be read.
    heading: str
    #: Corners, in pixels.
    radius: int
    #: Around a button: visible also where the button's own colour is that of the paper.
    edge: str
    ink: str = _INK
    paper: str = _PAPER
    #: Of words beside others, and of lines between rows.
    quiet: str = "#5B5F66"
    rule: str = "#E3E5E8"
    #: What a telephone or a computer has without fetching anything.
    font: str = "-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"


def theme_of(tenant: Tenant) -> Theme:
    """The tenant's colours, and what is computed from them."""
    primary = tenant.brand_color or _COLOR
    background = tenant.brand_background or _BACKGROUND
    is_readable_above = contrast(primary, background) >= _LARGE_TEXT
    return Theme(
        primary=primary,
        on_primary=readable_on(primary),
        background=background,
        on_background=readable_on(background),
        heading=primary if is_readable_above else readable_on(background),
        edge=primary if contrast(primary, _PAPER) >= _EDGE else _INK,
        radius=_RADIUS if tenant.brand_radius is None else tenant.brand_radius,
    )


def readable_on(background: str) -> str:
    """Dark or white: whichever has the stronger contrast."""
    return max((_INK, _PAPER), key=lambda color: contrast(color, background))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    """The formula of sRGB's own standard."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
