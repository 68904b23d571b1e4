"""Texts of the set-up."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language
from lumira.pages.dashboard.texts.finding_texts import FRENCH_FINDINGS
from lumira.services.installation.finding_texts import FINDINGS
from lumira.services.tenants.setup_steps import STEPS

_FRENCH: dict[str, Any] = {
    "title": "Mise en service",
    "intro": (
        "Vérifie les réglages, la base de données, le traitement de fond, les e-mails, le stockage, et le compte Stripe"
        " de cette boutique. Cela prend quelques secondes et ne change rien."
    ),
    "check": "Vérifier maintenant",
    "again": "Vérifier encore",
    "empty": "Aucune vérification n’est affichée. Le bouton en fait une et montre chaque point, avec son remède.",
    "subject": "Point",
    "state": "État",
    "found": "Constat",
    "action": "Action",
    "levels": {"ok": "en ordre", "warning": "à surveiller", "fault": "en panne"},
    "subjects": {
        "settings": "Réglages",
        "database": "Base de données",
        "encryption_keys": "Clés de chiffrement",
        "worker": "Traitement de fond",
        "retention": "Suppression des données périmées",
        "reservations": "Réservations",
        "audit_log": "Journal d’audit",
        "receipts": "Reçus",
        "mail_server": "Serveur d’e-mail",
        "storage": "Stockage des fichiers",
        "redis": "Redis",
        "disk": "Disque",
        "clock": "Horloge",
        "deliveries": "Livraisons de Stripe",
        "public_address": "Adresse publique",
        "stripe_key": "Clé Stripe",
        "stripe_account": "Compte Stripe",
        "publishable_key": "Clé publique",
        "webhook_endpoint": "Webhook de Stripe",
        "domains": "Domaines (Apple Pay, Google Pay)",
    },
    "findings": {code: message for code, (message, _) in FRENCH_FINDINGS.items()},
    "remedies": {code: remedy for code, (_, remedy) in FRENCH_FINDINGS.items() if remedy},
    "steps": {
        "endpoint_complete": "Le webhook {endpoint} est complet.",
        "endpoint_events_added": "Le webhook {endpoint} a été complété. Il livre aussi {events}.",
        "endpoint_enabled": "Le webhook {endpoint} a été complété. Il est de nouveau actif.",
        "endpoint_events_added_and_enabled": (
            "Le webhook {endpoint} a été complété. Il livre aussi {events}. Il est de nouveau actif."
        ),
        "endpoint_created": "Le webhook {endpoint} a été créé pour {url} ; son secret est enregistré.",
        "endpoint_replaced": "Le webhook {endpoint} de la même adresse a été désactivé : il est remplacé.",
        "domain_registered": "Le domaine {host} a été enregistré pour les moyens de paiement.",
        "domain_enabled": "Le domaine {host} a été activé pour les moyens de paiement.",
        "domain_refused": "Le domaine {host} n’a pas été enregistré. Stripe répond : « {reason} »",
        "apple_pay_unverified": "Apple Pay n’est pas actif sur {host} : Apple ne l’a pas vérifié.",
        "apple_pay_inactive": "Apple Pay n’est pas actif sur {host}. Stripe répond : « {reason} »",
    },
    "actions": {"stripe": "Régler chez Stripe", "test-email": "M’envoyer un e-mail d’essai"},
    "email_subject": "Essai d’e-mail de {}",
    "email_text": "Cet e-mail d’essai vient du tableau de bord de {}. Les e-mails partent.\n",
    "messages": {
        "stripe_set_up": "Fait chez Stripe. {what}",
        "stripe_warned": "Fait chez Stripe, sauf : {why}",
        "stripe_refused": "Rien n’a été réglé chez Stripe. {why}",
        "check_running": "Une vérification est en cours : réessayez dans une minute.",
        "email_sent": "Un e-mail d’essai est parti à {email}. S’il n’arrive pas, regardez dans les indésirables.",
        "email_failed": "L’e-mail d’essai n’est pas parti : {why}",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Set-up",
    "intro": (
        "Checks the settings, the database, the worker, e-mail, storage, and this shop's account at Stripe. It takes a"
        " few seconds and changes nothing."
    ),
    "check": "Check now",
    "again": "Check again",
    "empty": "No check is shown. The button makes one and lists each point with its remedy.",
    "subject": "Point",
    "state": "State",
    "found": "What was found",
    "action": "Action",
    "levels": {"ok": "ok", "warning": "warning", "fault": "fault"},
    "subjects": {
        "settings": "Settings",
        "database": "Database",
        "encryption_keys": "Encryption keys",
        "worker": "Worker",
        "retention": "Removal of old data",
        "reservations": "Reservations",
        "audit_log": "Audit log",
        "receipts": "Receipts",
        "mail_server": "Mail server",
        "storage": "Storage of files",
        "redis": "Redis",
        "disk": "Disk",
        "clock": "Clock",
        "deliveries": "Stripe's deliveries",
        "public_address": "Public address",
        "stripe_key": "Stripe key",
        "stripe_account": "Stripe account",
        "publishable_key": "Publishable key",
        "webhook_endpoint": "Webhook endpoint",
        "domains": "Domains (Apple Pay, Google Pay)",
    },
    "findings": {code: message for code, (message, _) in FINDINGS.items()},
    "remedies": {code: remedy for code, (_, remedy) in FINDINGS.items() if remedy},
    "steps": STEPS,
    "actions": {"stripe": "Set up at Stripe", "test-email": "Send me a test e-mail"},
    "email_subject": "Test e-mail of {}",
    "email_text": "This test e-mail comes from the dashboard of {}. E-mails are sent.\n",
    "messages": {
        "stripe_set_up": "Done at Stripe. {what}",
        "stripe_warned": "Done at Stripe, except: {why}",
        "stripe_refused": "Nothing was set up at Stripe. {why}",
        "check_running": "A check is running: try again in a minute.",
        "email_sent": "A test e-mail was sent to {email}. If it does not arrive, look in the junk folder.",
        "email_failed": "The test e-mail was not sent: {why}",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
