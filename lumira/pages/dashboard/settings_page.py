"""The page of the settings: how the brand looks, and whether its name can be read."""

from dataclasses import dataclass
from typing import Self

from lumira.models import Tenant
from lumira.notifications.theme import Theme, contrast, theme_of


@dataclass(frozen=True, slots=True)
class BrandPreview:
    """The colours of pages and e-mails, and the contrast of the brand's colour on its background, 1 to 21."""

    theme: Theme
    contrast: float

    @classmethod
    def of(cls, tenant: Tenant) -> Self:
        """Return the preview of a tenant."""
        theme = theme_of(tenant)
        return cls(theme, contrast(theme.primary, theme.background))

    @property
    def is_readable(self) -> bool:
        """Whether the name is written in the brand's colour: the theme decides."""
        return self.theme.heading == self.theme.primary
