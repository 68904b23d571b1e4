"""A brand's colours, and text colours with enough contrast on them."""

from dataclasses import dataclass

from lumira.models import Tenant

#: The theme of a tenant without colours of its own.
_COLOR, _BACKGROUND, _RADIUS = "#1F3A5F", "#F3F4F6", 8
_INK, _SURFACE = "#1A1A1A", "#FFFFFF"
#: The minimum contrast of large text (WCAG 2.2, success criterion 1.4.3).
_LARGE_TEXT = 3.0
#: Below this contrast a button is not visible on its surface, and gets an edge.
_EDGE = 1.5


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #RRGGBB; `on_…` is a text colour for the colour that it names."""

    primary: str
    on_primary: str
    background: str
    on_background: str
    #: The brand's name above the content: in the primary colour if its contrast suffices.
    heading: str
    #: Corner radius in pixels.
    radius: int
    #: Border of a button, visible also if the primary colour equals the surface.
    edge: str
    ink: str = _INK
    #: Background of the content.
    surface: str = _SURFACE
    #: Secondary text, and lines between rows.
    muted: str = "#5B5F66"
    rule: str = "#E3E5E8"
    #: System fonts: nothing is downloaded.
    font: str = "-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"


def theme_of(tenant: Tenant) -> Theme:
    """Return the tenant's colours and those derived from them."""
    primary = tenant.brand_color or _COLOR
    background = tenant.brand_background or _BACKGROUND
    is_readable_above = contrast(primary, background) >= _LARGE_TEXT
    return Theme(
        primary=primary,
        on_primary=readable_on(primary),
        background=background,
        on_background=readable_on(background),
        heading=primary if is_readable_above else readable_on(background),
        edge=primary if contrast(primary, _SURFACE) >= _EDGE else _INK,
        radius=_RADIUS if tenant.brand_radius is None else tenant.brand_radius,
    )


def readable_on(background: str) -> str:
    """Return the dark or the light text colour, whichever has the higher contrast."""
    return max((_INK, _SURFACE), key=lambda color: contrast(color, background))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    """Return the linear value of an sRGB channel (IEC 61966-2-1)."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
