"""Texts of the forms of a product."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "new_title": "Nouveau produit",
    "new_titles": {
        "level": "Nouveau niveau",
        "digital": "Nouveau produit numérique",
        "physical": "Nouveau bien physique",
    },
    "edit_title": "Modifier le produit",
    "choose_kind": "Que vendez-vous ? Le genre ne change plus ensuite.",
    "kinds": {"level": "Un niveau", "digital": "Un produit numérique", "physical": "Un bien physique"},
    "kind_hints": {
        "level": "Un accès numéroté, qui peut comprendre les niveaux inférieurs. Il n’a pas de stock.",
        "digital": "Un accès à des fichiers, ou un travail préparé pour chaque client. Il n’a pas de stock.",
        "physical": "Un objet expédié. Ses unités sont comptées, et réservées pendant qu’un client paie.",
    },
    "optional": "(facultatif)",
    "labels": {
        "name": "Nom",
        "id": "Identifiant",
        "description": "Description",
        "amount": "Prix",
        "level": "Numéro du niveau",
        "stock": "Unités en main",
        "access_days": "Jours d’accès",
        "on_partial_refund": "Après un remboursement partiel",
        "includes_lower_levels": "Comprend les niveaux inférieurs",
        "restock_on_refund": "Remettre les unités en stock après un remboursement complet",
        "delayed_methods": "Accepter les paiements confirmés plus tard",
        "active": "En vente",
    },
    "hints": {
        "name": "Tel que l’acheteur le lit sur la page de paiement, les e-mails et les reçus. 200 caractères au plus.",
        "name_of_variant": "Laissé vide : le nom du groupe, suivi des options.",
        "description_of_variant": "Laissée vide : celle du groupe. 500 caractères au plus, sur une ligne.",
        "id": "Il fait partie du lien de paiement et ne change plus. Laissé vide, il est tiré du nom.",
        "description": "Ce que l’acheteur reçoit, sur la page de paiement. 500 caractères au plus, sur une ligne.",
        "amount": "TVA comprise, par exemple 12,50. Écrivez 0 pour un produit gratuit.",
        "level": "De 1 à 999. Chaque niveau a le sien.",
        "stock": "Ce qui peut être vendu dès maintenant. Vous pourrez corriger ce compte.",
        "access_days": "À partir de la livraison. Laissez vide pour un accès sans fin.",
        "on_partial_refund": "Un remboursement complet retire toujours l’accès.",
        "includes_lower_levels": "Qui achète ce niveau accède aussi aux niveaux de numéro inférieur.",
        "restock_on_refund": "Décochez si un objet rendu ne se revend pas.",
        "delayed_methods": (
            "Prélèvement et virement : la banque confirme des jours plus tard, et les unités restent réservées "
            "jusque-là."
        ),
        "active": "Décoché, le produit n’a pas de page de paiement. Les acheteurs précédents gardent ce qu’ils ont.",
    },
    "partial_refunds": {"keep": "l’acheteur garde l’accès", "revoke": "l’accès est retiré"},
    "policies": "Règles",
    "policies_hint": "Elles valent pour les ventes suivantes : une commande ouverte garde les siennes.",
    "sale": "Mise en vente",
    "new_note": (
        "Si la boutique a un fichier du catalogue, reportez-y ce produit : sans lui, le fichier est refusé, ou retire "
        "le produit de la vente si on le lui demande."
    ),
    "edit_note": "Les commandes déjà ouvertes gardent leur prix. Reportez le changement dans le fichier du catalogue.",
    "add": "Ajouter le produit",
    "save": "Enregistrer",
    "cancel": "Annuler",
    "refused": "Rien n’a été enregistré : corrigez les champs signalés.",
    "invalid": {
        "name": "Écrivez un nom de 200 caractères au plus, sur une ligne.",
        "id": "Des minuscules sans accent, des chiffres, - et _ ; 64 au plus, une lettre ou un chiffre au début.",
        "id_taken": "« {id} » est l’identifiant d’un autre produit : écrivez-en un autre.",
        "description": "500 caractères au plus, sur une ligne.",
        "amount": "Écrivez un prix, par exemple 12,50 : 0 (gratuit), ou {least} au moins.",
        "level": "Écrivez un nombre de 1 à 999.",
        "level_taken": "Ce numéro est celui du produit « {holder} » : écrivez-en un autre.",
        "stock": "Écrivez un nombre entier d’unités, par exemple 20.",
        "access_days": "Écrivez un nombre de jours de 1 à 36500, ou rien.",
        "on_partial_refund": "Choisissez une des valeurs de la liste.",
        "option": "Choisissez une des valeurs de la liste.",
        "combination_taken": "Rien n’a été enregistré : le produit « {holder} » a déjà ces options.",
        "group_changed": "Rien n’a été enregistré : les options du groupe ont changé. Choisissez encore.",
        "changed_meanwhile": (
            "Rien n’a été enregistré : ce produit a été modifié entre-temps. Vérifiez les valeurs ci-dessous, puis "
            "enregistrez encore une fois pour les imposer."
        ),
    },
    "messages": {},
}

_ENGLISH: dict[str, Any] = {
    "new_title": "New product",
    "new_titles": {
        "level": "New level",
        "digital": "New digital product",
        "physical": "New physical product",
    },
    "edit_title": "Edit the product",
    "choose_kind": "What do you sell? The kind does not change later.",
    "kinds": {"level": "A level", "digital": "A digital product", "physical": "A physical product"},
    "kind_hints": {
        "level": "Numbered access, which can include the lower levels. It has no stock.",
        "digital": "Access to files, or work that is made for each buyer. It has no stock.",
        "physical": "Goods that are shipped. Units are counted, and reserved while a buyer pays.",
    },
    "optional": "(optional)",
    "labels": {
        "name": "Name",
        "id": "Id",
        "description": "Description",
        "amount": "Price",
        "level": "Level number",
        "stock": "Units on hand",
        "access_days": "Days of access",
        "on_partial_refund": "After a partial refund",
        "includes_lower_levels": "Includes the lower levels",
        "restock_on_refund": "Return the units to stock after a full refund",
        "delayed_methods": "Accept payments that are confirmed later",
        "active": "On sale",
    },
    "hints": {
        "name": "As buyers read it on the checkout page, in e-mails and on receipts. 200 characters at most.",
        "name_of_variant": "Left empty: the group’s name, followed by the options.",
        "description_of_variant": "Left empty: that of the group. 500 characters at most, on one line.",
        "id": "It is part of the checkout link and does not change later. Left empty, it is made from the name.",
        "description": "What the buyer gets, on the checkout page. 500 characters at most, on one line.",
        "amount": "VAT included, such as 12.50. Write 0 for a free product.",
        "level": "From 1 to 999. Each level has its own.",
        "stock": "What can be sold from now on. You can correct this count later.",
        "access_days": "From delivery. Leave it empty for access without an end.",
        "on_partial_refund": "A full refund always revokes access.",
        "includes_lower_levels": "Who buys this level also has access to the levels with lower numbers.",
        "restock_on_refund": "Clear it if returned goods cannot be sold again.",
        "delayed_methods": (
            "Bank debits and transfers: the bank confirms them days later, and units stay reserved until then."
        ),
        "active": "If cleared, the product has no checkout page. Earlier buyers keep what they have.",
    },
    "partial_refunds": {"keep": "the buyer keeps access", "revoke": "access is revoked"},
    "policies": "Policies",
    "policies_hint": "They count for later sales: an open order keeps its own.",
    "sale": "Sale",
    "new_note": (
        "If the shop has a catalog file, copy this product into it: without it, the file is refused, or takes the "
        "product off sale if it is told to."
    ),
    "edit_note": "Orders that are open keep their price. Copy the change into the catalog file.",
    "add": "Add the product",
    "save": "Save",
    "cancel": "Cancel",
    "refused": "Nothing was saved: correct the marked fields.",
    "invalid": {
        "name": "Write a name of 200 characters at most, on one line.",
        "id": "Lower-case letters without accents, digits, - and _; 64 at most, and a letter or digit first.",
        "id_taken": "“{id}” is the id of another product: write another one.",
        "description": "500 characters at most, on one line.",
        "amount": "Write a price, such as 12.50: 0 (free), or at least {least}.",
        "level": "Write a number from 1 to 999.",
        "level_taken": "This is the number of the product “{holder}”: write another one.",
        "stock": "Write a whole number of units, such as 20.",
        "access_days": "Write a number of days from 1 to 36500, or nothing.",
        "on_partial_refund": "Choose one of the values of the list.",
        "option": "Choose one of the values of the list.",
        "combination_taken": "Nothing was saved: the product “{holder}” has these options already.",
        "group_changed": "Nothing was saved: the options of the group have changed. Choose again.",
        "changed_meanwhile": (
            "Nothing was saved: this product was changed meanwhile. Check the values below, then save once more to "
            "replace the others."
        ),
    },
    "messages": {},
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
