"""Carriers whose tracking page can be built from a parcel's number, and what a tracking link may be.

Each page was taken from the carrier's own site; a carrier that is not listed is a name, and its link is entered.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

#: As long as a browser and a mail program take.
LONGEST_URL = 2000
#: Longer than the name of a carrier, and than the longest number (UPU S10 has 13 characters, GS1's SSCC 20).
LONGEST_NAME = LONGEST_NUMBER = 60
#: What a number of a carrier consists of; spaces group its digits on labels.
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./-]*")
#: The characters of a URL (RFC 3986), without those of an address in brackets.
_URL = re.compile(r"https://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+")
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_PORT_OF_HTTPS = 443


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier by its name, and the page that shows the parcel whose number replaces `{}`."""

    name: str
    page: str


#: By the key that the API, the command line and the rows name.
CARRIERS = {
    # laposte.fr, "Suivre un envoi": one page for letters and parcels.
    "colissimo": Carrier("Colissimo", "https://www.laposte.fr/outils/suivre-vos-envois?code={}"),
    "laposte": Carrier("La Poste", "https://www.laposte.fr/outils/suivre-vos-envois?code={}"),
    # chronopost.fr, "Suivi colis".
    "chronopost": Carrier(
        "Chronopost", "https://www.chronopost.fr/tracking-no-cms/suivi-page?listeNumerosLT={}"
    ),
    # mondialrelay.fr, "Suivi de colis"; the page asks for the postal code as well.
    "mondial_relay": Carrier(
        "Mondial Relay", "https://www.mondialrelay.fr/suivi-de-colis/?numeroExpedition={}"
    ),
    # dhl.com, "Track a shipment".
    "dhl": Carrier("DHL", "https://www.dhl.com/global-en/home/tracking.html?tracking-id={}"),
    # ups.com, "Track".
    "ups": Carrier("UPS", "https://www.ups.com/track?tracknum={}"),
    # fedex.com, "Track".
    "fedex": Carrier("FedEx", "https://www.fedex.com/fedextrack/?trknbr={}"),
    # dpd.com/fr, "Suivre un colis".
    "dpd": Carrier("DPD", "https://trace.dpd.fr/fr/trace/{}"),
    # gls-group.eu, "Suivi colis".
    "gls": Carrier("GLS", "https://gls-group.eu/FR/fr/suivi-colis?match={}"),
}


def name_of(carrier: str | None) -> str | None:
    """Return how a carrier is named to people; a carrier that is not known has the name that was entered."""
    known = CARRIERS.get(carrier or "")
    return known.name if known else carrier


def key_of(carrier: str | None) -> str | None:
    """Return the key of a carrier that was named by its key or name, in any case; another name as it is."""
    # One line, because it is one of an e-mail.
    wanted = " ".join((carrier or "").split())
    for key, known in CARRIERS.items():
        if wanted.casefold() in (key, known.name.casefold()):
            return key
    return wanted or None


def tracking_page(carrier: str | None, number: str | None) -> str | None:
    """Return the page of a known carrier about the parcel with this number; `None` for another, or for no number."""
    known = CARRIERS.get(carrier or "")
    compact = (number or "").replace(" ", "")
    return known.page.format(quote(compact, safe="")) if known and compact else None


def is_tracking_number(text: str) -> bool:
    """Whether the text may be a number of a carrier: letters, digits, and what separates them on a label."""
    return len(text) <= LONGEST_NUMBER and _NUMBER.fullmatch(text) is not None


def is_tracking_url(url: str) -> bool:
    """Whether a link may be sent to a buyer: https, a public host name, and no user, password or other port."""
    if len(url) > LONGEST_URL or _URL.fullmatch(url) is None:
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    is_named = _HOST.fullmatch(host) is not None and not host.rpartition(".")[2].isdigit()
    has_user = "@" in parts.netloc
    return is_named and not has_user and port in (None, _PORT_OF_HTTPS)
