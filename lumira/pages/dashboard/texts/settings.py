"""Texts of the settings."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Réglages",
    "source": (
        "Ce que vous modifiez ici compte aussitôt. Si la boutique a un fichier du catalogue, il ne remplace pas ces"
        " réglages, sauf si on le lui demande."
    ),
    "edit": "Modifier",
    "edit_brand": "Modifier la marque et les adresses",
    "edit_seller": "Modifier les mentions légales",
    "edit_domains": "Modifier les domaines",
    "preview_button": "Aperçu",
    "save": "Enregistrer",
    "edit_sales": "Modifier les règles de vente",
    "sales": "Règles de vente",
    "invalid": "Rien n’a été enregistré : corrigez les champs marqués.",
    "changed_meanwhile": (
        "Rien n’a été enregistré : ces réglages ont été modifiés entre-temps. Vérifiez les champs marqués, puis"
        " enregistrez encore une fois pour imposer vos valeurs."
    ),
    "stored_now": "Enregistré entre-temps : {}",
    "nothing": "rien",
    "page_preview": "Page de paiement aux couleurs de la marque",
    "email_preview": "E-mail aux couleurs de la marque",
    "in_page": "Page de paiement",
    "in_email": "E-mail",
    "from": "Expéditeur",
    "replies": "Réponses à",
    "no_replies": "aucune adresse : l’acheteur ne peut pas répondre",
    "sample_product": "Un produit",
    "sample_email": "Votre commande est confirmée",
    "hints": {
        "name": "Sur les pages, les e-mails et les reçus à venir.",
        "brand_color": "Comme #D4AF37. Vide : celle de Lumira.",
        "brand_background": "Comme #0F0B19. Vide : celui de Lumira.",
        "brand_radius": "De 0 à 32 pixels. Vide : 8.",
        "support_email": "Adresse de réponse des e-mails. Vide : celle des mentions légales.",
        "alert_email": "Reçoit les alertes, comme celles des litiges.",
        "shop_url": "Où un acheteur peut commander de nouveau. Vide : le premier domaine.",
        "legal_name": "La personne ou la société qui vend.",
        "address": "Une ligne par ligne imprimée, 6 au plus.",
        "registration": "Le registre et le numéro, comme RCS Lyon 123 456 789.",
        "vat_number": "Sans espaces, comme FR12345678901.",
        "vat_rate": "En pour cent, comprise dans chaque prix, comme 20,00.",
        "vat_note": "Pourquoi aucune TVA n’est comptée, ou une autre mention.",
        "email": "Imprimée sur les reçus.",
        "domains": "Un par ligne, sans https:// et sans chemin. Les pages de ces domaines peuvent vendre sans clé.",
    },
    "receipt_preview": "En-tête d’un reçu",
    "seller_intro": (
        "Ces lignes valent pour les reçus émis à partir de maintenant. Les reçus déjà émis ne changent jamais."
    ),
    "reaches": "Vérifier",
    "reaches_named": "Ouvrir la boutique sous {}",
    "reaches_hint": (
        "Le lien ouvre la boutique sous ce domaine. Si elle s’affiche, le domaine mène à cette installation ; sinon, il"
        " sert un autre site, où seul le bouton d’achat peut être posé."
    ),
    "register": "Déclarer les domaines chez Stripe",
    "register_hint": "Apple Pay et Google Pay ne s’affichent que sur un domaine que Stripe connaît.",
    "brand": "Marque",
    "preview": "Aperçu de la marque",
    "buy": "Acheter",
    "color": "Couleur",
    "background": "Fond",
    "default": "celle de Lumira",
    "contrast": "Contraste de la couleur sur le fond",
    "contrast_low": "Trop faible pour un titre (3 au moins) : le nom est écrit dans une autre couleur.",
    "seller": "Mentions légales du vendeur",
    "no_seller": "Aucune mention : aucun reçu n’est émis.",
    "domains": "Domaines",
    "no_domains": "Aucun domaine. Ajoutez-en un pour y poser un bouton d’achat.",
    "addresses": "Adresses",
    "support": "Pour les clients",
    "alerts": "Pour les alertes",
    "none": "aucune",
    "crm_on": "Les ventes y sont écrites.",
    "crm_off": "Rien n’y est écrit.",
    "crm_open": "Ouvrir la connexion",
    "webhook": "Webhook de l’équipe",
    "webhook_intro": (
        "Les alertes y sont aussi postées, par exemple dans un canal de Slack ou de Mattermost. L’adresse permet"
        " d’écrire à l’équipe\u00a0: elle est chiffrée, et n’est plus jamais montrée."
    ),
    "webhook_set": "Les alertes sont postées à https://{}/… ({}).",
    "webhook_none": "Aucun webhook\u00a0: les alertes partent par e-mail seulement.",
    "webhook_url": "Adresse (https://…)",
    "webhook_format": "Forme",
    "webhook_formats": {"text": "Slack, Mattermost", "json": "JSON"},
    "webhook_test": "Poster un essai",
    "webhook_remove": "Ne plus rien poster",
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
        "webhook_saved": "Les alertes y sont postées à partir de maintenant. Postez un essai.",
        "webhook_removed": "Plus rien n’est posté.",
        "webhook_tested": "L’essai a été accepté\u00a0: regardez dans le canal.",
        "webhook_failed": "L’essai n’a pas été accepté. {why}",
        "webhook_busy": "Rien n’a été posté\u00a0: un autre essai est en cours. Réessayez dans dix secondes.",
        "no_webhook": "Rien n’a été posté\u00a0: il n’y a pas de webhook.",
        "invalid_webhook": (
            "Rien n’a été enregistré\u00a0: l’adresse commence par https://, n’a ni compte ni #, "
            "et son port est 443 ou au moins 1024."
        ),
        "saved": "C’est enregistré, et compte dès la prochaine page.",
        "saved_sales": "C’est enregistré, pour les ventes à venir.",
        "saved_seller": "C’est enregistré, pour les reçus à venir.",
        "saved_domains": "C’est enregistré. Un domaine retiré est refusé partout en dix secondes.",
        "unchanged": "Il n’y avait rien à modifier.",
        "secret_added": "Le secret a été ajouté : les deux sont acceptés.",
        "secret_removed": "Le secret a été retiré : il est refusé partout en dix secondes.",
        "invalid_secret": "Rien n’a été ajouté : un secret de webhook commence par whsec_.",
        "refused": "Rien n’a été modifié. {why}",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Settings",
    "source": (
        "What you change here counts at once. If the shop has a catalog file, it does not replace these settings unless"
        " it is told to."
    ),
    "edit": "Change",
    "edit_brand": "Change brand and addresses",
    "edit_seller": "Change the legal lines",
    "edit_domains": "Change the domains",
    "preview_button": "Preview",
    "save": "Save",
    "edit_sales": "Change the rules of sale",
    "sales": "Rules of sale",
    "invalid": "Nothing was saved: correct the marked fields.",
    "changed_meanwhile": (
        "Nothing was saved: these settings were changed meanwhile. Check the marked fields, then save once more to"
        " replace them with your values."
    ),
    "stored_now": "Saved meanwhile: {}",
    "nothing": "nothing",
    "page_preview": "Payment page in the brand's colours",
    "email_preview": "E-mail in the brand's colours",
    "in_page": "Payment page",
    "in_email": "E-mail",
    "from": "Sender",
    "replies": "Replies to",
    "no_replies": "no address: buyers cannot reply",
    "sample_product": "A product",
    "sample_email": "Your order is confirmed",
    "hints": {
        "name": "On pages, e-mails and future receipts.",
        "brand_color": "Such as #D4AF37. Empty: that of Lumira.",
        "brand_background": "Such as #0F0B19. Empty: that of Lumira.",
        "brand_radius": "From 0 to 32 pixels. Empty: 8.",
        "support_email": "The reply address of e-mails. Empty: that of the legal lines.",
        "alert_email": "Receives alerts, such as those about disputes.",
        "shop_url": "Where a buyer can order again. Empty: the first domain.",
        "legal_name": "The person or company that sells.",
        "address": "One line for each printed line, 6 at most.",
        "registration": "The register and the number, such as RCS Lyon 123 456 789.",
        "vat_number": "Without spaces, such as FR12345678901.",
        "vat_rate": "In percent, included in every price, such as 20.00.",
        "vat_note": "Why no VAT is charged, or another legal mention.",
        "email": "Printed on receipts.",
        "domains": "One on each line, without https:// and without a path. Pages on them can sell without a key.",
    },
    "receipt_preview": "Head of a receipt",
    "seller_intro": "These lines count for receipts issued from now on. Receipts that were issued never change.",
    "reaches": "Check",
    "reaches_named": "Open the shop under {}",
    "reaches_hint": (
        "The link opens the shop under this domain. If it is shown, the domain leads to this installation; if not, it"
        " serves another site, which can only have the button to buy."
    ),
    "register": "Register the domains at Stripe",
    "register_hint": "Apple Pay and Google Pay are shown only on a domain that Stripe knows.",
    "brand": "Brand",
    "preview": "Preview of the brand",
    "buy": "Buy",
    "color": "Colour",
    "background": "Background",
    "default": "that of Lumira",
    "contrast": "Contrast of the colour on the background",
    "contrast_low": "Too low for a title (3 at least): the name is written in another colour.",
    "seller": "Legal lines of the seller",
    "no_seller": "No legal lines: no receipt is issued.",
    "domains": "Domains",
    "no_domains": "No domain. Add one to put a button to buy on its pages.",
    "addresses": "Addresses",
    "support": "For buyers",
    "alerts": "For alerts",
    "none": "none",
    "crm_on": "Sales are written there.",
    "crm_off": "Nothing is written there.",
    "crm_open": "Open the connection",
    "webhook": "Webhook of the team",
    "webhook_intro": (
        "Alerts are posted to it too, for example in a channel of Slack or Mattermost. The URL is enough to write to"
        " the team: it is encrypted, and never shown again."
    ),
    "webhook_set": "Alerts are posted to https://{}/… ({}).",
    "webhook_none": "No webhook: alerts are sent by e-mail only.",
    "webhook_url": "URL (https://…)",
    "webhook_format": "Format",
    "webhook_formats": {"text": "Slack, Mattermost", "json": "JSON"},
    "webhook_test": "Post a test",
    "webhook_remove": "Post nothing more",
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
        "webhook_saved": "Alerts are posted to it from now on. Post a test.",
        "webhook_removed": "Nothing more is posted.",
        "webhook_tested": "The test was accepted: look into the channel.",
        "webhook_failed": "The test was not accepted. {why}",
        "webhook_busy": "Nothing was posted: another test is under way. Try again in ten seconds.",
        "no_webhook": "Nothing was posted: there is no webhook.",
        "invalid_webhook": (
            "Nothing was saved: the URL begins with https://, has no user and no #, "
            "and its port is 443 or at least 1024."
        ),
        "saved": "It is saved, and counts from the next page on.",
        "saved_sales": "It is saved, for sales from now on.",
        "saved_seller": "It is saved, for future receipts.",
        "saved_domains": "It is saved. A removed domain is refused everywhere within ten seconds.",
        "unchanged": "There was nothing to change.",
        "secret_added": "The secret was added: both are accepted.",
        "secret_removed": "The secret was removed: it is refused everywhere within ten seconds.",
        "invalid_secret": "Nothing was added: a webhook secret begins with whsec_.",
        "refused": "Nothing was changed. {why}",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
