"""Texts of the queue of deliverables, and of the work on one of them."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Livrables",
    "queues": {"waiting": "À faire", "mine": "Mon travail", "delivered": "Livrés"},
    "work": "Livrable",
    "order": "Commande",
    "product": "Produit",
    "waits_since": "Attend depuis",
    "delivered_at": "Livré le",
    "state": "État",
    "who": "Qui s’en occupe",
    "nobody": "personne encore",
    "since": "{}, depuis le {}",
    "states": {"to_do": "à faire", "in_progress": "en cours", "delivered": "livré"},
    "none": {
        "waiting": "Aucun livrable n’attend.",
        "mine": "Vous ne vous occupez d’aucun livrable.",
        "delivered": "Aucun livrable n’a été livré.",
    },
    "none_hint": {
        "waiting": (
            "Un livrable apparaît ici dès qu’une commande payée en promet un. Ce qu’un produit promet est écrit au"
            " catalogue (deliverables)."
        ),
        "mine": "Ouvrez un livrable à faire et choisissez «\u00a0Je m’en occupe\u00a0»\u00a0: il apparaît ici.",
        "delivered": "Un livrable apparaît ici quand ses fichiers ont été remis à l’acheteur.",
    },
    "not_due": "Il n’y a plus rien à faire\u00a0: la commande est remboursée ou contestée.",
    "claim": "Je m’en occupe",
    "return": "Remettre dans la file",
    "take_over": "M’en occuper à sa place",
    "for_whom": "Pour qui",
    "name": "Nom",
    "unknown": "inconnu",
    "erased": "Les données de l’acheteur ont été effacées.",
    "files": "Fichiers",
    "no_files": "Aucun fichier encore. Ils apparaissent ici\u00a0; l’acheteur les voit à la livraison.",
    "preview_of": "Aperçu de {}",
    "choose": "Fichier à ajouter",
    "choose_hint": (
        "PDF, image, audio, vidéo ou ZIP, {} au plus. Le même nom remplace le fichier\u00a0; l’acheteur voit ce nom."
    ),
    "upload": "Envoyer le fichier",
    "progress": "Part du fichier qui est envoyée",
    "too_large": "Ce fichier est trop grand\u00a0: {} au plus.",
    "failed": "Le fichier n’a pas pu être envoyé. Vérifiez la connexion et réessayez.",
    "deliver_title": "Livrer",
    "deliver_intro": (
        "L’acheteur reçoit un e-mail et voit les fichiers dans son espace. Cela ne peut pas être annulé."
    ),
    "deliver_without_address": (
        "L’acheteur voit les fichiers dans son espace. Son adresse est inconnue\u00a0: transmettez-lui le lien. Cela ne"
        " peut pas être annulé."
    ),
    "deliver": "Livrer à l’acheteur",
    "messages": {
        "claimed": "C’est noté\u00a0: vous vous occupez de ce livrable.",
        "returned": "Le livrable est de nouveau dans la file.",
        "uploaded": "Le fichier est enregistré.",
        "delivered": "C’est livré\u00a0: l’acheteur voit les fichiers.",
        "no_file": "Choisissez d’abord un fichier.",
        "refused": "Rien n’a été modifié. {why}",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Deliverables",
    "queues": {"waiting": "To do", "mine": "My work", "delivered": "Delivered"},
    "work": "Deliverable",
    "order": "Order",
    "product": "Product",
    "waits_since": "Waiting since",
    "delivered_at": "Delivered on",
    "state": "State",
    "who": "Who works on it",
    "nobody": "no one yet",
    "since": "{}, since {}",
    "states": {"to_do": "to do", "in_progress": "in progress", "delivered": "delivered"},
    "none": {
        "waiting": "No deliverable is waiting.",
        "mine": "You work on no deliverable.",
        "delivered": "No deliverable was delivered.",
    },
    "none_hint": {
        "waiting": (
            "A deliverable appears here as soon as a paid order promises one. What a product promises is written in the"
            " catalog (deliverables)."
        ),
        "mine": "Open a deliverable that is to do and choose “I work on it”: it appears here.",
        "delivered": "A deliverable appears here once its files were delivered to the buyer.",
    },
    "not_due": "No work is due any more: the order is refunded or disputed.",
    "claim": "I work on it",
    "return": "Return it to the queue",
    "take_over": "Take over",
    "for_whom": "For whom",
    "name": "Name",
    "unknown": "unknown",
    "erased": "The buyer’s data was erased.",
    "files": "Files",
    "no_files": "No file yet. Uploaded files appear here; the buyer sees them once they are delivered.",
    "preview_of": "Preview of {}",
    "choose": "File to add",
    "choose_hint": (
        "PDF, image, audio, video or ZIP, {} at most. A file of the same name is replaced; the buyer sees this name."
    ),
    "upload": "Upload the file",
    "progress": "Part of the file that is uploaded",
    "too_large": "This file is too large: {} at most.",
    "failed": "The file could not be uploaded. Check the connection and try again.",
    "deliver_title": "Deliver",
    "deliver_intro": "The buyer receives an e-mail and sees the files on the portal. This cannot be undone.",
    "deliver_without_address": (
        "The buyer sees the files on the portal. The address is unknown: pass the link on. This cannot be undone."
    ),
    "deliver": "Deliver to the buyer",
    "messages": {
        "claimed": "Noted: you work on this deliverable.",
        "returned": "The deliverable is in the queue again.",
        "uploaded": "The file is stored.",
        "delivered": "Delivered: the buyer sees the files.",
        "no_file": "Choose a file first.",
        "refused": "Nothing was changed. {why}",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
