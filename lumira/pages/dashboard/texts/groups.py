"""Texts of groups of products: their form, and what the pages of the catalog show of them."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "new_title": "Nouveau groupe",
    "edit_title": "Modifier le groupe",
    "intro": (
        "Des produits qui ne diffèrent que par des options, comme la taille et la couleur. Chacun garde son prix et "
        "son stock ; l’acheteur choisit sur une seule page."
    ),
    "name_hint": "Ses produits s’appellent ainsi, suivi de leurs options : « T-shirt, M, bleu ».",
    "id_hint": "Le nom du groupe dans le fichier du catalogue. Il ne change plus. Laissé vide, il est tiré du nom.",
    "description_hint": "Celle de ses produits qui n’en ont pas d’autre. 500 caractères au plus, sur une ligne.",
    "option": "Option {}",
    "option_name": "Nom de l’option",
    "option_values": "Valeurs",
    "values_hint": (
        "Séparées par des virgules, dans l’ordre où l’acheteur les lit, par exemple : S, M, L. Si une valeur contient "
        "une virgule, séparez-les par des points-virgules : 0,5 l; 1 l."
    ),
    "new_note": "Vous ajouterez ensuite un produit pour chaque combinaison que vous vendez.",
    "edit_note": (
        "Les produits qui portent le nom du groupe prennent le nouveau. Les commandes déjà ouvertes gardent l’ancien. "
        "Reportez le changement dans le fichier du catalogue."
    ),
    "add": "Ajouter le groupe",
    "new": "Nouveau groupe d’options",
    "edit": "Modifier le groupe",
    "add_variant": "Ajouter une variante",
    "choose": "Ou une variante d’un groupe",
    "variant_of": "Nouvelle variante : {}",
    "label": "Groupe",
    "options": "Options",
    "choose_value": "Choisir",
    "all_of": "Toutes les variantes : {}",
    "shared_image": "Sans image à lui, ce produit montre celle d’une variante qui lui ressemble.",
    "no_variants": "Ce groupe n’a pas encore de produit : il n’apparaît pas dans la boutique.",
    "invalid": {
        "name": "Écrivez un nom de 200 caractères au plus, sur une ligne.",
        "name_with_options": "Avec les options, le nom d’un produit aurait plus de 200 caractères : raccourcissez-le.",
        "id": "Des minuscules sans accent, des chiffres, - et _ ; 64 au plus, une lettre ou un chiffre au début.",
        "id_taken": "« {id} » est l’identifiant d’un autre groupe : écrivez-en un autre.",
        "description": "500 caractères au plus, sur une ligne.",
        "options": "Écrivez au moins une option.",
        "option": (
            "Écrivez un nom et de 1 à 50 valeurs, toutes différentes, de 40 caractères au plus chacune."
        ),
        "options_in_use": (
            "Rien n’a été enregistré : le produit « {product} » est en vente avec une option ou une valeur qui manque "
            "ici. Retirez-le d’abord de la vente."
        ),
        "changed_meanwhile": (
            "Rien n’a été enregistré : ce groupe a été modifié entre-temps. Vérifiez les valeurs ci-dessous, puis "
            "enregistrez encore une fois pour les imposer."
        ),
    },
    "messages": {
        "added": "Le groupe a été ajouté. Choisissez ce qu’est son premier produit.",
        "edited": "Le groupe a été modifié.",
        "unchanged": "Rien n’a changé.",
    },
}

_ENGLISH: dict[str, Any] = {
    "new_title": "New group",
    "edit_title": "Edit the group",
    "intro": (
        "Products that differ only in options, such as size and colour. Each keeps its own price and stock; the buyer "
        "chooses on one page."
    ),
    "name_hint": "Its products are named like this, followed by their options: “T-shirt, M, blue”.",
    "id_hint": "The group’s name in the catalog file. It does not change later. Left empty, it is made from the name.",
    "description_hint": "That of its products that have no other. 500 characters at most, on one line.",
    "option": "Option {}",
    "option_name": "Name of the option",
    "option_values": "Values",
    "values_hint": (
        "Separated by commas, in the order in which buyers read them, such as: S, M, L. If a value has a comma, "
        "separate them by semicolons: 0,5 l; 1 l."
    ),
    "new_note": "Then you add a product for each combination that you sell.",
    "edit_note": (
        "Products that have the group’s name get the new one. Orders that are open keep the old one. Copy the change "
        "into the catalog file."
    ),
    "add": "Add the group",
    "new": "New group with options",
    "edit": "Edit the group",
    "add_variant": "Add a variant",
    "choose": "Or a variant of a group",
    "variant_of": "New variant: {}",
    "label": "Group",
    "options": "Options",
    "choose_value": "Choose",
    "all_of": "All variants: {}",
    "shared_image": "Without an image of its own, this product shows that of a variant like it.",
    "no_variants": "This group has no product yet: the shop does not show it.",
    "invalid": {
        "name": "Write a name of 200 characters at most, on one line.",
        "name_with_options": "With its options, the name of a product would exceed 200 characters: shorten it.",
        "id": "Lower-case letters without accents, digits, - and _; 64 at most, and a letter or digit first.",
        "id_taken": "“{id}” is the id of another group: write another one.",
        "description": "500 characters at most, on one line.",
        "options": "Write at least one option.",
        "option": "Write a name and 1 to 50 values, all different, of 40 characters at most each.",
        "options_in_use": (
            "Nothing was saved: the product “{product}” is on sale with an option or value that is missing here. Take "
            "it off sale first."
        ),
        "changed_meanwhile": (
            "Nothing was saved: this group was changed meanwhile. Check the values below, then save once more to "
            "replace the others."
        ),
    },
    "messages": {
        "added": "The group was added. Choose what its first product is.",
        "edited": "The group was changed.",
        "unchanged": "Nothing changed.",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
