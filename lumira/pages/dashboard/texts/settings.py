"""Texts of the settings."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Réglages",
    "source": "Marque, mentions et domaines viennent du fichier du catalogue : modifiez le fichier, puis appliquez-le.",
    "brand": "Marque",
    "preview": "Aperçu de la marque",
    "buy": "Acheter",
    "color": "Couleur",
    "background": "Fond",
    "default": "celle de Lumira",
    "contrast": "Contraste de la couleur sur le fond",
    "contrast_low": "Trop faible pour un titre (3 au moins) : le nom est écrit dans une autre couleur.",
    "seller": "Mentions légales du vendeur",
    "no_seller": "Aucune mention : sans [tenant.seller] dans le fichier, aucun reçu n’est émis.",
    "domains": "Domaines",
    "no_domains": "Aucun domaine. Un domaine du fichier permet d’y poser un bouton d’achat.",
    "addresses": "Adresses",
    "support": "Pour les clients",
    "alerts": "Pour les alertes",
    "none": "aucune",
    "secrets": "Secrets des webhooks de Stripe",
    "secrets_intro": (
        "Pour changer de secret sans perdre d’événement : ajoutez le nouveau, changez-le chez Stripe, puis retirez"
        " l’ancien. Un secret n’est jamais montré, seulement les premiers caractères de son empreinte."
    ),
    "no_secrets": "Aucun secret : les webhooks sont refusés. La mise en service en crée un chez Stripe.",
    "fingerprint": "Empreinte",
    "since": "Depuis",
    "action": "Action",
    "remove": "Retirer",
    "remove_named": "Retirer le secret {}",
    "new_secret": "Nouveau secret (whsec_…)",
    "add": "Ajouter",
    "messages": {
        "secret_added": "Le secret a été ajouté : les deux sont acceptés.",
        "secret_removed": "Le secret a été retiré : il est refusé partout en dix secondes.",
        "invalid_secret": "Rien n’a été ajouté : un secret de webhook commence par whsec_.",
        "refused": "Rien n’a été modifié. {why}",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Settings",
    "source": "Brand, legal lines and domains come from the catalog file: change the file, then apply it.",
    "brand": "Brand",
    "preview": "Preview of the brand",
    "buy": "Buy",
    "color": "Colour",
    "background": "Background",
    "default": "that of Lumira",
    "contrast": "Contrast of the colour on the background",
    "contrast_low": "Too low for a title (3 at least): the name is written in another colour.",
    "seller": "Legal lines of the seller",
    "no_seller": "No legal lines: without [tenant.seller] in the file no receipt is issued.",
    "domains": "Domains",
    "no_domains": "No domain. With a domain in the file, a page of it can have a button to buy.",
    "addresses": "Addresses",
    "support": "For buyers",
    "alerts": "For alerts",
    "none": "none",
    "secrets": "Secrets of Stripe's webhooks",
    "secrets_intro": (
        "To change a secret without losing an event: add the new one, change it at Stripe, then remove the old one. A"
        " secret is never shown, only the first characters of its fingerprint."
    ),
    "no_secrets": "No secret: webhooks are refused. Set-up creates one at Stripe.",
    "fingerprint": "Fingerprint",
    "since": "Since",
    "action": "Action",
    "remove": "Remove",
    "remove_named": "Remove the secret {}",
    "new_secret": "New secret (whsec_…)",
    "add": "Add",
    "messages": {
        "secret_added": "The secret was added: both are accepted.",
        "secret_removed": "The secret was removed: it is refused everywhere within ten seconds.",
        "invalid_secret": "Nothing was added: a webhook secret begins with whsec_.",
        "refused": "Nothing was changed. {why}",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
