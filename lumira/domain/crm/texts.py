"""The sentences about Dolibarr: what a check found, why a record was not written, and the remedy, in both languages."""

# ruff: noqa: RUF001 - the apostrophe that both languages are printed with

from collections.abc import Mapping
from dataclasses import dataclass

from lumira.domain.crm.refusal_texts import REFUSALS
from lumira.models import Language


@dataclass(frozen=True, slots=True)
class CrmText:
    """What is wrong, and what to do; an empty remedy if nothing is to be done."""

    message: str
    remedy: str


_SET_UP_FR = "Lancez `flask crm setup {slug} --admin-key -` avec la clé d’un administrateur de Dolibarr."
_SET_UP_EN = "Run `flask crm setup {slug} --admin-key -` with the key of an administrator of Dolibarr."
_BANK_FR = (
    "Choisissez un compte bancaire ouvert, ou lancez `flask crm setup {slug} --admin-key -`, qui en crée un."
)
_BANK_EN = "Choose an open bank account, or run `flask crm setup {slug} --admin-key -`, which creates one."

#: For each code of a finding: sentence and remedy in French, and in English.
_FINDINGS: dict[str, tuple[str, str, str, str]] = {
    "key_missing": (
        "La clé d’API de Dolibarr n’est pas enregistrée pour cette adresse.",
        "Saisissez la clé de l’utilisateur que Lumira est dans Dolibarr.",
        "No API key of Dolibarr is stored for this URL.",
        "Enter the key of the user that Lumira is in Dolibarr.",
    ),
    "unreachable": (
        "Dolibarr ne répond pas : {text}",
        "Vérifiez l’adresse dans un navigateur, et réessayez quand Dolibarr répond.",
        "Dolibarr does not respond: {text}",
        "Open the URL in a browser, and check again when Dolibarr responds.",
    ),
    "right_missing": (
        "Il manque à l’utilisateur de la clé le droit {number} ({name}).",
        "Dans Dolibarr : Accueil, Utilisateurs et groupes, l’utilisateur, Permissions : accordez ce droit.",
        "The key’s user lacks the right {number} ({name}).",
        "In Dolibarr: Home, Users & Groups, the user, Permissions: grant this right.",
    ),
    "rights_unreadable": (
        "L’utilisateur de la clé ne peut pas lire ses propres droits : le 262 (voir tous les tiers) n’est pas vérifié.",
        "Accordez-lui le droit de consulter son propre compte, ou vérifiez ses droits vous-même.",
        "The key’s user may not read its own rights: the right 262 (see all third parties) is not checked.",
        "Grant it the right to read its own account, or look at its rights yourself.",
    ),
    "may_not_read": (
        "L’utilisateur de la clé ne peut pas consulter (droits {number}) : {name}.",
        "Dans Dolibarr : Accueil, Utilisateurs et groupes, l’utilisateur, Permissions : accordez-les.",
        "The key’s user may not read (rights {number}): {name}.",
        "In Dolibarr: Home, Users & Groups, the user, Permissions: grant them.",
    ),
    "may_not_create": (
        "L’utilisateur de la clé ne peut pas créer (droit {number}) : {name}.",
        "Dans Dolibarr : Accueil, Utilisateurs et groupes, l’utilisateur, Permissions : accordez-le.",
        "The key’s user may not create (right {number}): {name}.",
        "In Dolibarr: Home, Users & Groups, the user, Permissions: grant it.",
    ),
    "extra_field_missing": (
        "L’attribut supplémentaire `lumira_id` manque : {name}.",
        _SET_UP_FR,
        "The extra field `lumira_id` is missing: {name}.",
        _SET_UP_EN,
    ),
    "extra_field_not_unique": (
        "L’attribut supplémentaire `lumira_id` n’est pas unique ({name}) : un document pourrait être écrit deux fois.",
        "Dans Dolibarr, ouvrez la définition de l’attribut et cochez « Unique ».",
        "The extra field `lumira_id` is not unique ({name}): a document could be written twice.",
        "Open the definition of the extra field in Dolibarr, and tick “Unique”.",
    ),
    "uniqueness_unknown": (
        "Cette clé ne peut pas vérifier que l’attribut supplémentaire `lumira_id` est unique.",
        _SET_UP_FR,
        "This key cannot verify that the extra field `lumira_id` is unique.",
        _SET_UP_EN,
    ),
    "bank_account_missing": (
        "Aucun compte bancaire n’est choisi : un paiement en a besoin.",
        _BANK_FR,
        "No bank account is chosen: a payment needs one.",
        _BANK_EN,
    ),
    "bank_account_unknown": (
        "Dolibarr n’a pas de compte bancaire {id}.",
        _BANK_FR,
        "Dolibarr has no bank account {id}.",
        _BANK_EN,
    ),
    "bank_account_closed": (
        "Le compte bancaire {id} ({name}) est fermé.",
        _BANK_FR,
        "The bank account {id} ({name}) is closed.",
        _BANK_EN,
    ),
    "bank_account_currency": (
        "Le compte bancaire {id} ({name}) est en {theirs}, la boutique vend en {ours}.",
        "Choisissez un compte en {ours}.",
        "The bank account {id} ({name}) is in {theirs}, and the shop sells in {ours}.",
        "Choose an account in {ours}.",
    ),
    "bank_account_unreadable": (
        "L’utilisateur de la clé ne peut pas lire les comptes bancaires : le compte n’est pas vérifié.",
        "Accordez-lui le droit 111 pour que la vérification soit complète ; les paiements n’en ont pas besoin.",
        "The key’s user may not read bank accounts: the account is not checked.",
        "Grant it the right 111 for a complete check; payments do not need it.",
    ),
    "payment_type_missing": (
        "Aucun mode de paiement n’est choisi : un paiement en a besoin.",
        "Choisissez celui des cartes (code CB) ; `flask crm setup {slug} --admin-key -` le fait.",
        "No means of payment is chosen: a payment needs one.",
        "Choose that of cards (code CB); `flask crm setup {slug} --admin-key -` does so.",
    ),
    "payment_type_unknown": (
        "Dolibarr n’a pas de mode de paiement actif {id}.",
        "Choisissez un mode de paiement de la liste de Dolibarr ; celui des cartes a le code CB.",
        "Dolibarr has no active means of payment {id}.",
        "Choose one of Dolibarr’s list; that of cards has the code CB.",
    ),
    "category_unknown": (
        "Dolibarr n’a pas de catégorie de clients {id}.",
        "Choisissez une catégorie qui existe, ou laissez le champ vide.",
        "Dolibarr has no category of customers {id}.",
        "Choose a category that exists, or leave the field empty.",
    ),
    "category_unreadable": (
        "L’utilisateur de la clé ne peut pas lire les catégories : la catégorie n’est pas vérifiée.",
        "Accordez-lui le droit 241, ou laissez le champ vide.",
        "The key’s user may not read categories: the category is not checked.",
        "Grant it the right 241, or leave the field empty.",
    ),
    "currency_differs": (
        "La devise de Dolibarr est {theirs}, la boutique vend en {ours} : rien n’est écrit.",
        "Reliez la boutique à un Dolibarr, ou à une entité, dont la devise est {ours}.",
        "Dolibarr’s currency is {theirs}, and the shop sells in {ours}: nothing is written.",
        "Connect the shop to a Dolibarr, or to an entity, whose currency is {ours}.",
    ),
    "currency_unreadable": (
        "Cette clé ne peut pas lire la devise de Dolibarr.",
        "Vérifiez que c’est {ours} : Configuration, Société/Organisation.",
        "This key cannot read Dolibarr’s currency.",
        "Check that it is {ours}: Setup, Company/Organization.",
    ),
    "another_installation": (
        "Ce Dolibarr n’est pas celui où les documents ont été écrits : le tiers {id} n’y a pas notre identifiant.",
        "Rétablissez l’ancienne adresse ou l’ancienne entité.",
        "This is not the Dolibarr to which the documents were written: its third party {id} lacks our id.",
        "Restore the former URL or entity.",
    ),
    "no_vat_rate": (
        "Aucun taux de TVA n’est connu : les documents auront 0 %.",
        "Enregistrez le taux avec les mentions légales de la boutique, ou par produit.",
        "No VAT rate is known: documents will have 0%.",
        "Store the rate with the legal details of the shop, or by product.",
    ),
    "two_vat_rates": (
        "{product} a {theirs} % dans Dolibarr, mais les reçus ont tous {ours} %.",
        "Demandez à votre comptable lequel est juste : les reçus n’ont qu’un taux.",
        "{product} has {theirs}% in Dolibarr, but all receipts have {ours}%.",
        "Ask your accountant which is right: receipts have one rate only.",
    ),
    "old_version": (
        (
            "Lumira est essayé avec Dolibarr 23 et plus récent ; la version {version} est plus ancienne, répond"
            " parfois autrement, et refuse peut-être le remboursement d’un avoir."
        ),
        "Mettez Dolibarr à jour ; sinon les avoirs sont validés, et leur remboursement reste à saisir dans Dolibarr.",
        (
            "Lumira is tested with Dolibarr 23 and later; version {version} is older, sometimes responds differently,"
            " and may refuse to pay a credit note out."
        ),
        "Update Dolibarr; otherwise credit notes are validated, and their payout is left to be entered in Dolibarr.",
    ),
    "test_mode": (
        "La boutique vend en mode test : ces ventes ne sont pas écrites dans Dolibarr.",
        "",
        "The shop sells in test mode: these sales are not written to Dolibarr.",
        "",
    ),
}

#: A finding that has the name of a reason says more: it names both currencies.
_BY_CODE = REFUSALS | _FINDINGS
_UNKNOWN = (
    "Dolibarr a refusé : {text}",
    "Corrigez dans Dolibarr ce qu’il refuse, puis réessayez.",
    "Dolibarr refused: {text}",
    "Correct in Dolibarr what it refuses, and retry.",
)

#: What `what` of a finding names, in French and in English: rights by their number, and elements.
_NAMES: dict[str, tuple[str, str]] = {
    "right_121": ("consulter les tiers", "read third parties"),
    "right_122": ("créer et modifier les tiers", "create and modify third parties"),
    "right_262": ("voir tous les tiers", "see all third parties"),
    "right_81": ("consulter les commandes", "read customers’ orders"),
    "right_82": ("créer et modifier les commandes", "create and modify customers’ orders"),
    "right_11": ("consulter les factures", "read customers’ invoices"),
    "right_12": ("créer et modifier les factures", "create and modify customers’ invoices"),
    "third_party": ("tiers", "third parties"),
    "order": ("commandes", "orders"),
    "invoice": ("factures", "invoices"),
}

CODES = frozenset(_BY_CODE)


class _Values(dict[str, str]):
    """A sentence may name what is not known of this case."""

    def __missing__(self, key: str) -> str:
        return "…"


def text_of(code: str, language: Language, values: Mapping[str, str]) -> CrmText:
    """Return what a finding or a reason says; `values` has what the sentence names, and the tenant's `slug`."""
    texts = _BY_CODE.get(code, _UNKNOWN)
    message, remedy = texts[:2] if language is Language.FRENCH else texts[2:]
    names = _NAMES.get(values.get("what", ""))
    if names is not None:
        values = {"name": names[0 if language is Language.FRENCH else 1], **values}
    filled = _Values(values)
    return CrmText(message.format_map(filled).strip(), remedy.format_map(filled))
