"""What Dolibarr's refusals mean and what to do about them, in both languages; `crm.texts` finds them by their code."""

# ruff: noqa: RUF001 - the apostrophe that both languages are printed with

_CUT_FR = "Raccourcissez la valeur du client ou du produit, puis réessayez."
_CUT_EN = "Shorten the value of the customer or the product, and retry."
_AGAIN_FR = "Corrigez le document dans Dolibarr, puis réessayez."
_AGAIN_EN = "Correct the document in Dolibarr, and retry."

#: For each reason of a refusal: sentence and remedy in French, and in English. `{text}` is what Dolibarr said.
REFUSALS: dict[str, tuple[str, str, str, str]] = {
    "wrong_key": (
        "Dolibarr ne connaît pas la clé d’API, ou elle a été révoquée.",
        "Copiez la clé de l’utilisateur dans Dolibarr (Utilisateurs et groupes, Clé pour l’API) et enregistrez-la.",
        "Dolibarr does not know the API key, or it was revoked.",
        "Copy the user’s key in Dolibarr (Users & Groups, Key for API) and save it.",
    ),
    "missing_right": (
        "Il manque un droit à l’utilisateur de la clé : {text}",
        "Vérifiez la connexion : elle nomme les droits. Avec les permissions avancées, il faut aussi 84, 87 et 14.",
        "The key’s user lacks a right: {text}",
        "Check the connection: it names the rights. With advanced permissions 84, 87 and 14 are needed too.",
    ),
    "module_off": (
        "Un module de Dolibarr n’est pas activé : {text}",
        "Activez API REST, Tiers, Commandes, Factures et Banques dans Dolibarr : Configuration, Modules.",
        "A module of Dolibarr is not enabled: {text}",
        "Enable API REST, Third parties, Orders, Invoices and Banks in Dolibarr: Setup, Modules.",
    ),
    "not_dolibarr": (
        "L’adresse répond, mais pas comme l’API de Dolibarr.",
        "Saisissez l’adresse à laquelle Dolibarr s’ouvre, et vérifiez que le module API REST est activé.",
        "The URL responds, but not as the API of Dolibarr does.",
        "Enter the URL at which Dolibarr opens, and check that its module API REST is enabled.",
    ),
    "redirected": (
        "L’adresse mène à une autre : la clé n’y est pas envoyée.",
        "Saisissez l’adresse finale, comme le navigateur la montre, avec https://.",
        "The URL leads to another one: the key is not sent there.",
        "Enter the final URL, as the browser shows it, with https://.",
    ),
    "bad_url": (
        "Dolibarr ne peut pas avoir cette adresse : {text}",
        "Saisissez une adresse comme https://dolibarr.example.com.",
        "No Dolibarr may have this URL: {text}",
        "Enter a URL such as https://dolibarr.example.com.",
    ),
    "private_address": (
        "L’adresse est celle d’un réseau privé, que l’installation n’autorise pas.",
        "Demandez à l’administrateur de l’installation d’ajouter l’hôte à DOLIBARR_PRIVATE_HOSTS.",
        "The URL is that of a private network, which the installation does not allow.",
        "Ask the administrator of the installation to add the host to DOLIBARR_PRIVATE_HOSTS.",
    ),
    "unknown_extra_field": (
        "L’attribut supplémentaire `lumira_id` manque dans Dolibarr.",
        "Lancez `flask crm setup {slug} --admin-key -`, puis réessayez.",
        "The extra field `lumira_id` is missing in Dolibarr.",
        "Run `flask crm setup {slug} --admin-key -`, and retry.",
    ),
    "missing_field": (
        "Il manque une valeur que Dolibarr exige : {text}",
        "Rendez le champ facultatif dans Dolibarr, ou complétez le client, puis réessayez.",
        "A value that Dolibarr requires is missing: {text}",
        "Make the field optional in Dolibarr, or complete the customer, and retry.",
    ),
    "bad_field": (
        "Dolibarr refuse une valeur : {text}",
        "Corrigez la valeur, ou la règle de Dolibarr qui la refuse, puis réessayez.",
        "Dolibarr refuses a value: {text}",
        "Correct the value, or the rule of Dolibarr that refuses it, and retry.",
    ),
    "too_long": (
        "Une valeur est trop longue pour Dolibarr : {text}",
        _CUT_FR,
        "A value is too long: {text}",
        _CUT_EN,
    ),
    "email_taken": (
        "Un autre tiers de Dolibarr a déjà cette adresse e-mail.",
        "Fusionnez les deux tiers dans Dolibarr, ou changez l’une des adresses, puis réessayez.",
        "Another third party of Dolibarr has this e-mail address already.",
        "Merge the two third parties in Dolibarr, or change one of the addresses, and retry.",
    ),
    "overpaid": (
        "La facture est déjà payée dans Dolibarr, en tout ou en partie.",
        "Supprimez dans Dolibarr le paiement saisi à la main, puis réessayez.",
        "The invoice is paid in Dolibarr already, in full or in part.",
        "Delete the payment that was entered manually in Dolibarr, and retry.",
    ),
    "not_found": (
        "Le document n’existe plus dans Dolibarr.",
        "Synchronisez la commande à nouveau : ce qui manque est écrit.",
        "The record does not exist in Dolibarr any more.",
        "Sync the order again: what is missing is written.",
    ),
    "in_use": (
        "Un autre document l’utilise dans Dolibarr : {text}",
        _AGAIN_FR,
        "Another record uses it: {text}",
        _AGAIN_EN,
    ),
    "not_unique": (
        "Deux documents de Dolibarr ont le même `lumira_id`.",
        "Effacez `lumira_id` de l’un des deux, et rendez l’attribut supplémentaire unique.",
        "Two records of Dolibarr have the same `lumira_id`.",
        "Clear `lumira_id` of one of them, and make the extra field unique.",
    ),
    "blocked": (
        "Une règle de Dolibarr bloque le changement : {text}",
        _AGAIN_FR,
        "A rule of Dolibarr blocks the change: {text}",
        _AGAIN_EN,
    ),
    "other": (
        "Dolibarr a refusé : {text}",
        "Corrigez dans Dolibarr ce qu’il refuse, puis réessayez.",
        "Dolibarr refused: {text}",
        "Correct in Dolibarr what it refuses, and retry.",
    ),
    "unavailable": (
        "Dolibarr ne répond pas : {text}",
        "Rien à faire si c’est passager : tout est écrit dès qu’il répond. Sinon, ouvrez-le dans un navigateur.",
        "Dolibarr does not respond: {text}",
        "Nothing if it passes: everything is written as soon as it responds. If not, open it in a browser.",
    ),
    "not_set_up": (
        "La connexion est incomplète : la clé, le compte bancaire, le mode de paiement ou une vérification manque.",
        "Ouvrez Réglages, Dolibarr, et vérifiez la connexion.",
        "The connection is incomplete: the key, the bank account, the means of payment or a check is missing.",
        "Open Settings, Dolibarr, and check the connection.",
    ),
    "key_unreadable": (
        "La clé d’API enregistrée ne peut pas être déchiffrée.",
        "Saisissez la clé à nouveau ; l’administrateur de l’installation vérifie ENCRYPTION_KEYS.",
        "The stored API key cannot be decrypted.",
        "Enter the key again; the administrator of the installation checks ENCRYPTION_KEYS.",
    ),
    "several_third_parties": (
        "Plusieurs tiers de Dolibarr ont l’adresse e-mail du client.",
        "Choisissez le bon tiers dans le tableau de bord, ou fusionnez-les dans Dolibarr et réessayez.",
        "Several third parties of Dolibarr have the customer’s e-mail address.",
        "Choose one in the dashboard, or merge them in Dolibarr and retry.",
    ),
    "duplicate": (
        "Dolibarr a déjà un document avec notre identifiant, et ne le montre pas.",
        "Accordez à l’utilisateur le droit 262 (voir tous les tiers), puis réessayez.",
        "Dolibarr has a record with our id, and does not show it.",
        "Grant the user the right 262 (see all third parties), and retry.",
    ),
    "currency_differs": (
        "La vente est dans une autre devise que Dolibarr.",
        "Saisissez cette vente à la main : Lumira n’écrit que dans la devise de Dolibarr.",
        "The sale is in another currency than Dolibarr.",
        "Enter this sale manually: Lumira writes in the currency of Dolibarr only.",
    ),
    "total_differs": (
        "Un document de Dolibarr a un autre total que ce qui a été payé ou remboursé : {text}",
        _AGAIN_FR,
        "A document in Dolibarr has another total than what was paid or refunded: {text}",
        _AGAIN_EN,
    ),
    "order_canceled": (
        "La commande {text} a été annulée dans Dolibarr.",
        "Rouvrez-la dans Dolibarr, puis réessayez.",
        "The order {text} was cancelled in Dolibarr.",
        "Reopen it in Dolibarr, and retry.",
    ),
    "invoice_missing": (
        "La facture de cet avoir n’est pas dans Dolibarr.",
        "Synchronisez la commande à nouveau, puis réessayez.",
        "The invoice of this credit note is not in Dolibarr.",
        "Sync the order again, and retry.",
    ),
    "invoice_abandoned": (
        "La facture a été abandonnée dans Dolibarr.",
        "Rouvrez-la dans Dolibarr, puis réessayez.",
        "The invoice was abandoned in Dolibarr.",
        "Reopen it in Dolibarr, and retry.",
    ),
    "paid_elsewhere": (
        "La facture a été payée dans Dolibarr par un autre paiement.",
        "Supprimez dans Dolibarr le paiement saisi à la main, puis réessayez.",
        "The invoice was paid in Dolibarr by another payment.",
        "Delete the payment that was entered manually in Dolibarr, and retry.",
    ),
    "paid_twice": (
        "Le paiement est saisi deux fois dans Dolibarr.",
        "Supprimez l’un des deux dans Dolibarr, puis réessayez.",
        "The payment is entered twice in Dolibarr.",
        "Delete one of the two in Dolibarr, and retry.",
    ),
    "payout_refused": (
        "L’avoir est validé, mais cette version de Dolibarr n’accepte pas son remboursement.",
        "Mettez Dolibarr à jour et réessayez, ou saisissez le remboursement dans Dolibarr.",
        "The credit note is validated, but this version of Dolibarr does not accept its payout.",
        "Update Dolibarr and retry, or enter the payout in Dolibarr.",
    ),
    "exceeds_invoice": (
        "Le remboursement est plus grand que ce qui reste de la facture.",
        "Comparez les avoirs de cette facture dans Dolibarr avec les remboursements de la commande.",
        "The refund is higher than what remains of the invoice.",
        "Compare the credit notes of this invoice in Dolibarr with the refunds of the order.",
    ),
    "program_error": (
        "Une erreur du programme a empêché d’écrire ce document.",
        "Réessayez ; si l’erreur revient, la page Erreurs la montre.",
        "An error of the program kept this record from being written.",
        "Retry; if the error recurs, the page Errors shows it.",
    ),
    "gave_up": (
        "Trop d’essais ont échoué pour une cause qui passe d’habitude : {text}",
        "Vérifiez que Dolibarr fonctionne, puis réessayez.",
        "Too many attempts failed for a cause that usually passes: {text}",
        "Check that Dolibarr works, and retry.",
    ),
}
