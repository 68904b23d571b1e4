"""What an operator reads about an error of a use case, by the name of its class."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from lumira.models import Language

_FRENCH: dict[str, str] = {
    "InvalidPeriod": "La période va d’un premier jour à un dernier jour, deux ans plus tard au plus.",
    "PeriodNotEnded": (
        "Les écritures s’exportent jusqu’au {last_day} : un jour est complet quand il est fini et que le solde chez "
        "Stripe a été lu ensuite. Choisissez un dernier jour antérieur."
    ),
    "SirenMissing": (
        "Le nom du FEC contient le SIREN du vendeur : saisissez le numéro de TVA dans les réglages du vendeur, ou"
        " siren dans [tenant.accounting] du fichier du catalogue."
    ),
    "BooksNotInEuros": "Les écritures sont en euros, et cette boutique vend dans une autre devise : prenez les CSV.",
    "ReceiptNotFound": "Il n’y a ni reçu ni avoir dans cette période.",
    "CrmNotConnected": "Saisissez d’abord l’adresse et la clé d’API de Dolibarr.",
    "CrmNotChecked": "Vérifiez d’abord la connexion, et corrigez ce que la vérification trouve.",
    "CrmNotOn": "Activez d’abord la connexion à Dolibarr.",
    "CrmBusy": "Une autre connexion est en cours de vérification : réessayez dans une minute.",
    "ConnectHasNoEndpoint": "La boutique est un compte Connect : le webhook de la plateforme reçoit ses événements.",
    "AddressUnknown": "Définissez PUBLIC_URL : Stripe a besoin de l’adresse où livrer les événements.",
    "DomainTaken": "Le domaine {domain} est celui d’une autre boutique.",
    "ReservedDomain": (
        "{domain} est l’adresse de l’installation, commune à toutes les boutiques, ou un domaine au-dessus ou en "
        "dessous."
    ),
    "RelatedDomain": (
        "{domain} est au-dessus ou en dessous du domaine d’une autre boutique. S’il est à vous, demandez à "
        "l’administrateur de l’installation de l’ajouter."
    ),
    "NoPublicDomain": "{domain} n’est pas un domaine public.",
    "OwnHostUnknown": (
        "Définissez PUBLIC_URL, ou ajoutez le domaine par le fichier du catalogue : sans elle, l’adresse de "
        "l’installation est inconnue."
    ),
    "ConflictInvalid": "La valeur de Dolibarr ne peut pas être celle d’un client : corrigez-la là-bas.",
    "ConflictEmailTaken": (
        "Un autre client a cette adresse. Si c’est la même personne, fusionnez d’abord les deux clients."
    ),
    "CustomerNotFound": "Aucun client n’a cette adresse ou cet identifiant dans cette boutique.",
    "UnitsOutOfRange": "Le nombre d’unités en main va de 0 à {largest}.",
    "UnitsReserved": "{reserved} unités sont réservées par des commandes en cours de paiement.",
    "LastWebhookSecret": "Sans secret, plus aucun webhook ne serait accepté : ajoutez d’abord le nouveau.",
    "LastOwner": "L’équipe a besoin d’un propriétaire : nommez d’abord un autre propriétaire.",
    "InvalidImage": (
        "Cette image n’est pas acceptée. Il faut un fichier PNG, JPEG ou WebP entier, sans animation, de 320 pixels au"
        " moins par côté et de 50 millions de pixels au plus, dont un côté ne dépasse pas trois fois l’autre."
    ),
    "RenderingBusy": "Une autre image est en cours de préparation : réessayez dans une minute.",
    "FileTooLarge": "Ce fichier est trop grand : choisissez-en un plus petit.",
    "InvalidFile": (
        "Ce fichier n’est pas accepté : il est vide, ou d’un type que l’acheteur ne pourrait pas ouvrir. Acceptés :"
        " PDF, PNG, JPG, WEBP, MP3, M4A, WAV, OGG, MP4, ZIP."
    ),
    "AlreadyClaimed": "Une autre personne s’en occupe : demandez-lui, ou prenez sa place.",
    "AlreadyDelivered": "C’est livré, et l’acheteur prévenu ; pour corriger, envoyez le fichier encore une fois.",
    "NoFileYet": "Il n’y a pas encore de fichier : envoyez-en un avant de livrer.",
    "NoWorkDue": "Il n’y a plus rien à faire : la commande est remboursée ou contestée, ou l’acheteur effacé.",
    "StorageUnavailable": "Le fichier n’a pas pu être enregistré : réessayez dans une minute.",
    "LinkEnded": "Ce lien a été utilisé ou n’est plus valable. Demandez-en un nouveau à un propriétaire.",
    "NoPublicUrl": "L’adresse de l’installation (PUBLIC_URL) n’est pas réglée : aucun lien ne peut être envoyé.",
    "NotErasable": (
        "La commande {order} l’empêche : un paiement, un remboursement, un litige, un livrable ou un message y est en"
        " cours. Ouvrez-la pour le terminer, puis recommencez."
    ),
    "NotMergeable": (
        "Ces deux clients ne peuvent pas être fusionnés : c’est le même, ou l’un d’eux a déjà été fusionné ou effacé."
    ),
    "OperatorNotFound": "Cette personne ne fait pas partie de l’équipe.",
    "InvitationNotFound": "Cette invitation a été acceptée, retirée, ou n’est plus valable.",
    "NothingSent": "Rien de cette commande n’est envoyé par la poste.",
    "AlreadyShipped": "Un colis de cette commande est en route : adressez-vous au transporteur.",
    "AddressUnchanged": "La commande a déjà cette adresse.",
    "BuyerErased": "Les données de l’acheteur ont été effacées : rien n’est enregistré à nouveau.",
    "BuyerUnknown": "L’acheteur est inconnu : saisissez d’abord son adresse e-mail.",
    "GrantNotFound": "Il n’y a pas d’accès à changer : relisez la page.",
    "IdempotencyInProgress": "Ce remboursement est en cours d’envoi : relisez la page dans une minute.",
    "IdempotencyMismatch": "Ce formulaire a déjà servi : ouvrez-en un nouveau.",
    "InvalidNote": "Une note a de 1 à 2 000 caractères.",
    "MessageBeingSent": "Un message de la commande est en train de partir : réessayez dans une demi-minute.",
    "MessageOutdated": "Ce message n’est plus vrai, ou l’acheteur en a déjà reçu un aujourd’hui : il ne part pas.",
    "NotCancelable": "Seule une commande qui attend son paiement peut être annulée ; une commande payée se rembourse.",
    "NotFound": "L’objet n’existe pas ou plus : relisez la page.",
    "NotGrantable": "L’accès n’existe que pour des produits numériques.",
    "NotRefundable": (
        "Ce n’est pas remboursable : vérifiez ce qui reste, un remboursement en cours ou un litige ouvert."
    ),
    "DisputeNotFound": "Ce litige n’existe pas dans cette boutique.",
    "EvidenceRefused": "La réponse au litige n’a pas été envoyée : la page du litige dit pourquoi.",
    "NoOpenWarning": "Aucun signalement de fraude n’est ouvert pour cette commande : relisez la page.",
    "NotUnderReview": "Cette commande n’est pas à vérifier : relisez la page.",
    "NotWithdrawable": "Aucune rétractation n’attend de décision, ou aucune n’est possible : relisez la page.",
    "WithdrawalsChanged": "L’acheteur s’est rétracté d’autre chose entre-temps : relisez la page avant de décider.",
    "InvalidTracking": "Vérifiez le numéro et le lien de suivi du colis.",
    "NotShippable": "Rien n’est à expédier ainsi : relisez la page, qui dit ce qui reste.",
    "NotReturnable": "Moins d’articles ont été expédiés : relisez la page.",
    "ParcelsChanged": "La commande a d’autres colis ou retours entre-temps : relisez la page.",
    "ShipmentNotFound": "Ce colis n’existe pas : relisez la page.",
    "PayloadRemoved": "Cet événement est trop ancien : son contenu a été supprimé. Interrogez Stripe.",
    "ProductNotFound": "Aucun produit n’a cet identifiant : il est écrit au catalogue.",
    "StripeConfigError": "Stripe refuse la clé de la boutique : flask tenants stripe SLUG --secret-key -",
    "StripeUnavailable": "Réessayez dans quelques minutes.",
    "WrongCode": "Ce code n’est pas le bon : entrez le plus récent que montre l’application.",
}
_ENGLISH: dict[str, str] = {
    "InvalidPeriod": "A period goes from a first day to a last day, two years later at most.",
    "PeriodNotEnded": (
        "Entries can be exported until {last_day}: a day is complete once it has ended and the balance at Stripe was "
        "read after it. Choose an earlier last day."
    ),
    "SirenMissing": (
        "The name of the FEC contains the seller's SIREN: enter the VAT number in the settings of the seller, or siren "
        "in [tenant.accounting] of the catalog file."
    ),
    "BooksNotInEuros": "Entries are in euros, and this shop sells in another currency: take the CSV files.",
    "ReceiptNotFound": "There is no receipt and no credit note in this period.",
    "CrmNotConnected": "Enter the URL and the API key of Dolibarr first.",
    "CrmNotChecked": "Check the connection first, and repair what the check finds.",
    "CrmNotOn": "Switch the connection to Dolibarr on first.",
    "CrmBusy": "Another connection is being checked: try again in a minute.",
    "DomainTaken": "The domain {domain} belongs to another shop.",
    "ReservedDomain": (
        "{domain} is the address of the installation, which all shops share, or a domain above or below it."
    ),
    "RelatedDomain": (
        "{domain} is above or below a domain of another shop. If it is yours, ask the administrator of the "
        "installation to add it."
    ),
    "NoPublicDomain": "{domain} is no public domain.",
    "OwnHostUnknown": (
        "Set PUBLIC_URL, or add the domain with the catalog file: without it the address of the installation is "
        "unknown."
    ),
    "ConflictInvalid": "Dolibarr’s value cannot be that of a customer: correct it there.",
    "ConflictEmailTaken": (
        "Another customer has this address. If both are one person, merge the two customers first."
    ),
    "CustomerNotFound": "No customer of this shop has this address or id.",
    "UnitsOutOfRange": "The units on hand are from 0 to {largest}.",
    "UnitsReserved": "{reserved} units are reserved for orders that are being paid.",
    "LastWebhookSecret": "Without a secret no webhook would be accepted: add the new one first.",
    "LastOwner": "The team needs an owner: make another operator an owner first.",
    "InvalidImage": (
        "This image is not accepted. It must be a whole PNG, JPEG or WebP file without animation, of 320 pixels a side"
        " at least and 50 million pixels at most, with one side at most three times the other."
    ),
    "RenderingBusy": "Another image is being prepared: try again in a minute.",
    "FileTooLarge": "This file is too large: choose a smaller one.",
    "InvalidFile": (
        "This file is not accepted: it is empty, or of a type that the buyer could not open. Accepted:"
        " PDF, PNG, JPG, WEBP, MP3, M4A, WAV, OGG, MP4, ZIP."
    ),
    "AlreadyClaimed": "Another person works on it: ask them, or take over.",
    "AlreadyDelivered": "It is delivered, and the buyer notified; to correct it, upload the file once more.",
    "NoFileYet": "There is no file yet: upload one before you deliver it.",
    "NoWorkDue": "No work is due any more: the order is refunded or disputed, or the buyer erased.",
    "StorageUnavailable": "The file could not be stored: try again in a minute.",
    "LinkEnded": "This link was used or has ended. Ask an owner for a new one.",
    "NoPublicUrl": "The address of the installation (PUBLIC_URL) is not set: no link can be sent.",
    "NotMergeable": (
        "These two customers cannot be merged: they are the same, or one of them was merged or erased before."
    ),
    "OperatorNotFound": "This person is not in the team.",
    "InvitationNotFound": "This invitation was accepted or revoked, or has ended.",
    "NothingSent": "Nothing of this order is sent by post.",
    "AlreadyShipped": "A parcel of this order is on its way: ask the carrier.",
    "AddressUnchanged": "The order has this address already.",
    "BuyerErased": "The buyer’s data was erased: nothing is recorded again.",
    "BuyerUnknown": "The buyer is unknown: enter the e-mail address first.",
    "GrantNotFound": "There is no access to change: reload the page.",
    "IdempotencyInProgress": "This refund is being sent: reload the page in a minute.",
    "IdempotencyMismatch": "This form was used already: open a new one.",
    "InvalidNote": "A note has 1 to 2,000 characters.",
    "MessageBeingSent": "A message of the order is being sent: try again in half a minute.",
    "MessageOutdated": "The message is no longer true, or the buyer got one today: it is not sent.",
    "NotCancelable": "Only an order that waits for its payment can be cancelled; a paid one is refunded.",
    "NotFound": "The object does not exist, or not any more: reload the page.",
    "NotGrantable": "Access exists for digital products only.",
    "NotRefundable": "This is not refundable: check what remains, a refund under way, or an open dispute.",
    "DisputeNotFound": "This shop has no such dispute.",
    "EvidenceRefused": "The response to the dispute was not sent: the page of the dispute says why.",
    "NoOpenWarning": "This order has no open fraud warning: reload the page.",
    "NotUnderReview": "This order is not under review: reload the page.",
    "NotWithdrawable": "No withdrawal waits for a decision, or none is possible: reload the page.",
    "WithdrawalsChanged": "The buyer has withdrawn from something else meanwhile: read the page before you decide.",
    "InvalidTracking": "Check the number and the tracking link of the parcel.",
    "NotShippable": "Nothing is to be shipped like this: reload the page, which says what remains.",
    "NotReturnable": "Fewer items were shipped: reload the page.",
    "ParcelsChanged": "The order has other parcels or returns meanwhile: reload the page.",
    "ShipmentNotFound": "There is no such parcel: reload the page.",
    "PayloadRemoved": "This event is too old: its content was removed. Ask Stripe.",
    "ProductNotFound": "No product has this id: the catalog names it.",
    "StripeConfigError": "Stripe refuses the shop’s key: flask tenants stripe SLUG --secret-key -",
    "StripeUnavailable": "Try again in a few minutes.",
    "WrongCode": "This is not the code: enter the newest one that the app shows.",
}

ERRORS: dict[Language, dict[str, str]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
