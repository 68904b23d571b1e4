"""Texts of the entries of a product's contents and deliverables."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "title": "Titre",
    "key": "Identifiant",
    "key_hint": "Il ne change plus ensuite. Laissé vide, il est tiré du titre.",
    "kind": "Genre de fichier",
    "kinds": {
        "pdf": "PDF",
        "audio": "audio",
        "card": "carte (image ou PDF)",
        "mandala": "mandala (image ou PDF)",
        "file": "tout fichier accepté",
    },
    "change": "Renommer ou retirer : {}",
    "rename": "Renommer",
    "remove": "Retirer du produit",
    "remove_named": "Retirer du produit : {}",
    "add": "Ajouter",
    "add_content": "Ajouter un contenu",
    "add_deliverable": "Ajouter un livrable",
    "content_title_hint": "Tel que l’acheteur le lit. Tous les acheteurs le reçoivent, aussi les précédents.",
    "deliverable_title_hint": "Tel que l’acheteur le lit. Il vaut pour les commandes suivantes.",
    "content_removal": (
        "Retirer un contenu le cache à tous les acheteurs, aussi aux précédents. Son fichier est gardé : ajoutez un "
        "contenu de même identifiant pour le montrer de nouveau."
    ),
    "deliverable_removal": (
        "Renommer ou retirer un livrable vaut pour les commandes suivantes. Les commandes déjà passées gardent le "
        "leur : ce qui est à préparer reste dans la file, et ce qui est livré reste chez l’acheteur."
    ),
    "no_contents": "Aucun contenu. Ajoutez-en un, puis envoyez son fichier : chaque acheteur pourra le télécharger.",
    "no_deliverables": "Aucun livrable. Ajoutez-en un si vos experts préparent quelque chose pour chaque acheteur.",
    "deliverables_hint": "Chaque commande payée les ajoute à la file des livrables.",
    "messages": {
        "added": "L’entrée a été ajoutée.",
        "renamed": "L’entrée a été renommée.",
        "contents_removed": "Le contenu a été retiré : les acheteurs ne le voient plus. Son fichier est gardé.",
        "deliverables_removed": "Le livrable a été retiré des commandes suivantes. Les précédentes gardent le leur.",
        "unchanged": "Rien n’a changé.",
        "invalid_title": "Rien n’a été modifié. Écrivez un titre de 200 caractères au plus, sur une ligne.",
        "invalid_key": (
            "Rien n’a été modifié. L’identifiant a des minuscules sans accent, des chiffres, - et _ ; 64 au plus, une "
            "lettre ou un chiffre au début."
        ),
        "invalid_kind": "Rien n’a été modifié. Choisissez un des genres de la liste.",
        "invalid_list": (
            "Rien n’a été modifié. Chaque entrée a son propre identifiant, un produit en a 50 au plus, et un bien "
            "physique n’en a pas."
        ),
        "changed_meanwhile": "Rien n’a été modifié : ce produit a été modifié entre-temps. Vérifiez, puis recommencez.",
    },
}

_ENGLISH: dict[str, Any] = {
    "title": "Title",
    "key": "Key",
    "key_hint": "It does not change later. Left empty, it is made from the title.",
    "kind": "Kind of file",
    "kinds": {
        "pdf": "PDF",
        "audio": "audio",
        "card": "card (image or PDF)",
        "mandala": "mandala (image or PDF)",
        "file": "any accepted file",
    },
    "change": "Rename or remove: {}",
    "rename": "Rename",
    "remove": "Remove from the product",
    "remove_named": "Remove from the product: {}",
    "add": "Add",
    "add_content": "Add a content",
    "add_deliverable": "Add a deliverable",
    "content_title_hint": "As buyers read it. All buyers get it, earlier ones too.",
    "deliverable_title_hint": "As buyers read it. It counts for later orders.",
    "content_removal": (
        "Removing a content hides it from all buyers, earlier ones too. Its file is kept: add a content with the same "
        "key to show it again."
    ),
    "deliverable_removal": (
        "Renaming or removing a deliverable counts for later orders. Earlier orders keep theirs: work that waits stays "
        "in the queue, and what is delivered stays with the buyer."
    ),
    "no_contents": "No content. Add one, then upload its file: every buyer can download it.",
    "no_deliverables": "No deliverable. Add one if your experts make something for each buyer.",
    "deliverables_hint": "Each paid order adds them to the queue of deliverables.",
    "messages": {
        "added": "The entry was added.",
        "renamed": "The entry was renamed.",
        "contents_removed": "The content was removed: buyers no longer see it. Its file is kept.",
        "deliverables_removed": "The deliverable was removed from later orders. Earlier ones keep theirs.",
        "unchanged": "Nothing changed.",
        "invalid_title": "Nothing was changed. Write a title of 200 characters at most, on one line.",
        "invalid_key": (
            "Nothing was changed. A key has lower-case letters, digits, - and _; 64 at most, and begins with a letter "
            "or digit."
        ),
        "invalid_kind": "Nothing was changed. Choose one of the kinds in the list.",
        "invalid_list": (
            "Nothing was changed. Each entry has a key of its own, a product has 50 at most, and a physical product "
            "has none."
        ),
        "changed_meanwhile": "Nothing was changed: this product was changed meanwhile. Check it, then try again.",
    },
}

TEXTS: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
