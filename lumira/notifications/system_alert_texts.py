"""What each kind of alert about events, messages, Stripe and the installation means, and what to do about it."""

# ruff: noqa: RUF001 - the apostrophe that both languages are printed with

from lumira.models import AlertKind
from lumira.notifications.alert_text import Translations, in_both

SYSTEM_TEXTS: dict[AlertKind, Translations] = {
    AlertKind.EVENT_FAILED: in_both(
        (
            "événement de Stripe abandonné",
            "Un événement n’a pas pu être traité, ou sa commande n’a jamais été trouvée.",
            "flask events show ID ; la cause corrigée, flask events replay ID.",
        ),
        (
            "Stripe event failed",
            "An event could not be processed, or its order was never found.",
            "flask events show ID; once its cause is corrected, flask events replay ID.",
        ),
    ),
    AlertKind.WEBHOOKS_MISSING: in_both(
        (
            "aucun webhook de Stripe n’arrive",
            (
                "Depuis un quart d’heure, Stripe a des événements et aucun webhook n’en livre ; ils sont lus chez "
                "Stripe, les commandes sont servies plus tard."
            ),
            "flask doctor, puis flask webhooks setup SLUG.",
        ),
        (
            "no webhook of Stripe arrives",
            (
                "For 15 minutes Stripe has had events, and no webhook delivered one; they are fetched from Stripe, and "
                "orders are completed later."
            ),
            "flask doctor, then flask webhooks setup SLUG.",
        ),
    ),
    AlertKind.EVENT_WAITING: in_both(
        (
            "événements en attente",
            "Un événement de Stripe n’est pas traité depuis cinq minutes ; sa commande attend.",
            "flask events list --status received ; les journaux du traitement de fond disent pourquoi.",
        ),
        (
            "events are waiting",
            "An event of Stripe was not processed for five minutes; its order waits.",
            "flask events list --status received; the worker’s log says why.",
        ),
    ),
    AlertKind.DISK_LOW: in_both(
        (
            "disque presque plein",
            "Il reste moins d’un dixième, ou moins d’un gigaoctet, du disque où Lumira ou sa base de données écrit.",
            "Libérer de la place ou agrandir le disque ; plein, plus aucune commande n’est enregistrée.",
        ),
        (
            "disk almost full",
            "Less than a tenth, or than one gigabyte, is free on the disk that Lumira or its database writes to.",
            "Free some room or enlarge the disk; once it is full, no order is stored any more.",
        ),
    ),
    AlertKind.CERTIFICATE_EXPIRES: in_both(
        (
            "certificat bientôt expiré",
            "Le certificat d’un domaine expire dans moins de deux semaines, ou est expiré.",
            "Vérifier son renouvellement (certbot renew --dry-run) ; expiré, ni acheteur ni Stripe n’y accède.",
        ),
        (
            "certificate expires soon",
            "The certificate of a domain expires in less than two weeks, or has expired.",
            "Check its renewal (certbot renew --dry-run); once it has expired, neither buyers nor Stripe connect.",
        ),
    ),
    AlertKind.PAYOUT_MISMATCH: in_both(
        (
            "versement de Stripe qui ne correspond pas",
            "Les lignes d’un versement ne donnent pas son montant, ou diffèrent des commandes.",
            "flask payouts show ID --tenant SLUG dit ce qui diffère ; comparer avec le Dashboard de Stripe.",
        ),
        (
            "payout does not match",
            "The lines of a payout do not add up to it, or differ from the orders.",
            "flask payouts show ID --tenant SLUG says what differs; compare with Stripe’s Dashboard.",
        ),
    ),
    AlertKind.EU_SALES_THRESHOLD: in_both(
        (
            "ventes dans l’UE proches du seuil",
            "Les ventes aux consommateurs d’autres pays de l’UE atteignent 80 % ou 100 % du seuil annuel de 10 000 €.",
            "flask accounting eu-sales --tenant SLUG ; au-delà du seuil, la TVA du pays de l’acheteur est due (OSS).",
        ),
        (
            "sales in the EU near the threshold",
            "Sales to consumers in other countries of the EU reach 80% or 100% of the yearly threshold of €10,000.",
            "flask accounting eu-sales --tenant SLUG; above it, the VAT of the buyer’s country is due (OSS).",
        ),
    ),
    AlertKind.PAYOUT_FAILED: in_both(
        (
            "versement de Stripe refusé par la banque",
            "La banque a renvoyé un versement : l’argent est revenu sur le solde chez Stripe.",
            "Corriger le compte bancaire dans le Dashboard de Stripe, qui verse ensuite à nouveau.",
        ),
        (
            "payout failed",
            "The bank returned a payout: its money is on the balance at Stripe again.",
            "Correct the bank account in Stripe’s Dashboard; Stripe then pays out again.",
        ),
    ),
    AlertKind.WORKER_SILENT: in_both(
        (
            "aucun traitement de fond ne tourne",
            "Les paiements et les événements sont reçus, mais rien n’est traité : ni commande, ni e-mail, ni relevé.",
            "Démarrer le traitement de fond (flask worker) et lire son journal ; rien n’est perdu, tout est rattrapé.",
        ),
        (
            "no worker runs",
            "Payments and events are received, but nothing is processed: no order, no e-mail, no polling.",
            "Start the worker (flask worker) and read its log; nothing is lost, it catches up.",
        ),
    ),
    AlertKind.MESSAGE_DEAD: in_both(
        (
            "message non remis",
            "Un message a été refusé pour de bon, ou n’a pas pu partir pendant 24 heures.",
            "flask outbox list --status dead, puis flask outbox retry ID.",
        ),
        (
            "message not delivered",
            "A message was permanently refused, or could not be sent for 24 hours.",
            "flask outbox list --status dead, then flask outbox retry ID.",
        ),
    ),
    AlertKind.STRIPE_UNAVAILABLE: in_both(
        (
            "Stripe ne répond pas",
            "Stripe n’a pas répondu depuis un quart d’heure ; rien n’est perdu.",
            "Consulter l’état de Stripe.",
        ),
        (
            "Stripe is unavailable",
            "Stripe has not responded for 15 minutes; nothing is lost.",
            "Check Stripe’s status page.",
        ),
    ),
    AlertKind.STRIPE_KEY_REFUSED: in_both(
        (
            "clé Stripe refusée",
            "Stripe n’accepte pas la clé de la marque.",
            "flask tenants stripe SLUG --secret-key -",
        ),
        (
            "Stripe key refused",
            "Stripe does not accept the tenant’s key.",
            "flask tenants stripe SLUG --secret-key -",
        ),
    ),
    AlertKind.CLOCK_DIFFERS: in_both(
        (
            "horloge différente de celle de Stripe",
            "L’horloge de cette machine s’écarte de celle de Stripe ; à cinq minutes, les événements sont refusés.",
            "Mettre la machine à l’heure (NTP), puis flask alerts resolve ID.",
        ),
        (
            "clock differs from Stripe’s",
            "This machine’s clock differs from Stripe’s; from five minutes on, events are refused.",
            "Synchronise the machine’s clock (NTP), then flask alerts resolve ID.",
        ),
    ),
    AlertKind.RECEIPT_DATE_AHEAD: in_both(
        (
            "reçus datés dans le futur",
            "Une horloge a été en avance ; jusqu’à la date nommée, les reçus ou avoirs de la série portent cette date.",
            "Régler l’horloge (NTP) et prévenir le comptable (flask receipts verify), puis flask alerts resolve ID.",
        ),
        (
            "receipts dated in the future",
            "A clock was ahead; until the date in the subject, the documents of the series bear that date.",
            "Synchronise the clock (NTP), inform the accountant (flask receipts verify), then flask alerts resolve ID.",
        ),
    ),
    AlertKind.STRIPE_PERMISSION_MISSING: in_both(
        (
            "permission manquante à la clé Stripe",
            "La clé Stripe restreinte de la marque n’a pas la permission nommée ; le reste continue.",
            "Ajouter la permission à la clé dans le tableau de bord de Stripe ; l’alerte se résout d’elle-même.",
        ),
        (
            "Stripe key lacks a permission",
            "The tenant’s restricted Stripe key lacks the permission that is named; everything else continues.",
            "Add the permission to the key in Stripe’s dashboard; the alert then resolves itself.",
        ),
    ),
    AlertKind.PAYMENT_MISSING_AT_STRIPE: in_both(
        (
            "paiement inconnu de Stripe",
            "Stripe ne connaît pas un paiement qui est le nôtre.",
            "Vérifier que la clé est celle du compte où le paiement a été fait.",
        ),
        (
            "payment missing at Stripe",
            "Stripe does not know a payment of ours.",
            "Check that the key belongs to the account in which the payment was made.",
        ),
    ),
    AlertKind.EVENT_UNUSABLE: in_both(
        (
            "événement illisible",
            "Stripe a annoncé un événement qui ne peut pas être conservé.",
            "Le regarder dans le tableau de bord de Stripe.",
        ),
        (
            "unusable event",
            "Stripe listed an event that cannot be stored.",
            "Look at it in Stripe’s dashboard.",
        ),
    ),
    AlertKind.OTHER_MODE: in_both(
        (
            "événement d’un autre mode",
            "Un événement réel nomme une commande de test, ou l’inverse ; rien n’a été touché.",
            "Vérifier quel point de réception envoie ici.",
        ),
        (
            "event of another mode",
            "A live event named an order of test mode, or the reverse; no order was changed.",
            "Check which webhook endpoint sends to this URL.",
        ),
    ),
    AlertKind.OTHER_ACCOUNT: in_both(
        (
            "événement d’un autre compte",
            "Un événement d’un autre compte Connect nomme une commande de la boutique ; rien n’a été touché.",
            "Vérifier quel point de réception envoie ici.",
        ),
        (
            "event of another account",
            "An event of another Connect account names an order of the shop; no order was changed.",
            "Check which webhook endpoint sends to this URL.",
        ),
    ),
    AlertKind.API_VERSION: in_both(
        (
            "version d’API inattendue",
            "Les événements arrivent dans une autre version d’API que celle attendue ; ils sont traités.",
            "Régler la version du point de réception.",
        ),
        (
            "unexpected API version",
            "Events have another API version than expected; they are processed.",
            "Set the API version of the webhook endpoint.",
        ),
    ),
    AlertKind.PROGRAM_ERROR: in_both(
        (
            "erreur du programme",
            "Lumira a rencontré une erreur que son code ne prévoit pas ; le sujet est celui d’un type d’erreur.",
            "flask errors show ID ; la cause corrigée, flask errors resolve ID.",
        ),
        (
            "error of the program",
            "An error occurred in Lumira that its code does not expect; the subject names the kind of error.",
            "flask errors show ID; once its cause is corrected, flask errors resolve ID.",
        ),
    ),
    AlertKind.AUDIT_CHAIN_BROKEN: in_both(
        (
            "journal d’audit modifié",
            "Le journal d’audit ne correspond plus à l’empreinte conservée hors de la base.",
            "Lancer flask audit verify, puis chercher qui a eu accès à la base.",
        ),
        (
            "audit log changed",
            "The audit log differs from the digest that is stored outside the database.",
            "Run flask audit verify, then find out who had access to the database.",
        ),
    ),
    AlertKind.RECEIPT_CHAIN_BROKEN: in_both(
        (
            "reçus modifiés",
            "Les reçus et avoirs ne correspondent plus à l’empreinte conservée hors de la base.",
            "Lancer flask receipts verify, puis chercher qui a eu accès à la base.",
        ),
        (
            "receipts changed",
            "Receipts and credit notes differ from the digest that is stored outside the database.",
            "Run flask receipts verify, then find out who had access to the database.",
        ),
    ),
    AlertKind.CRM_FAILING: in_both(
        (
            "CRM en panne",
            "Dolibarr n’accepte rien depuis un moment ; les ventes continuent et attendent d’y être écrites.",
            "flask crm check dit ce qui manque ; tout est rattrapé ensuite.",
        ),
        (
            "CRM is failing",
            "Dolibarr has accepted nothing for some time; sales go on, and wait to be written there.",
            "flask crm check says what is missing; everything is made up for afterwards.",
        ),
    ),
    AlertKind.CRM_PARKED: in_both(
        (
            "à régler dans le CRM",
            "Un client, une commande, une facture ou un avoir ne peut pas être écrit dans Dolibarr.",
            "Ouvrir la page du CRM dans le tableau de bord : elle dit pourquoi, et réessaie.",
        ),
        (
            "record waits for the CRM",
            "A customer, order, invoice or credit note cannot be written to Dolibarr.",
            "Open the dashboard's page of the CRM: it says why, and tries again.",
        ),
    ),
    AlertKind.CRM_UNLINKED: in_both(
        (
            "client supprimé dans le CRM",
            "Le tiers d’un client a été supprimé ou fusionné dans Dolibarr ; le client garde ses données ici.",
            "Rien, si c’était voulu : une prochaine commande crée un nouveau tiers. Sinon, le rétablir là-bas.",
        ),
        (
            "customer removed from the CRM",
            "A customer's third party was deleted or merged in Dolibarr; the customer keeps its data here.",
            "Nothing, if that was intended: the next order creates a third party anew. Otherwise restore it there.",
        ),
    ),
    AlertKind.CRM_CONFLICT: in_both(
        (
            "donnée de client à trancher",
            "Lumira et Dolibarr ont des valeurs différentes pour un client, et aucune ne remplace l’autre d’elle-même.",
            "Ouvrir « Divergences » dans le tableau de bord, et choisir une des deux valeurs.",
        ),
        (
            "customer data to decide",
            "Lumira and Dolibarr have different values of a customer, and neither replaces the other by itself.",
            "Open “Differences” in the dashboard, and choose one of the two values.",
        ),
    ),
}
