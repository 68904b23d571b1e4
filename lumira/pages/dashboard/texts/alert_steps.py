"""What an operator does in the dashboard about each kind of alert; the e-mails name commands instead.

A kind without a step here has a remedy that needs no command. What only the server's administrator can do says so.
"""

# ruff: noqa: RUF001 - French is written with these apostrophes

FRENCH_STEPS: dict[str, str] = {
    "crm_failing": "Ouvrez Réglages, Dolibarr, et vérifiez la connexion\u00a0; tout est écrit dès que Dolibarr répond.",
    "payment_mismatch": "Ouvrez la commande, puis acceptez le montant reçu ou remboursez.",
    "paid_without_recipient": "Trouvez l’adresse de l’acheteur, puis ouvrez la commande et corrigez l’adresse.",
    "duplicate_payment": "Rien, sauf si l’acheteur demande\u00a0: la commande montre le remboursement.",
    "stock_missing": "Trouvez des pièces pour l’acheteur, ou ouvrez la commande et remboursez.",
    "duplicate_refund": "Annulez chez Stripe le remboursement en attente, ou écrivez à l’acheteur.",
    "refund_refused": "Ouvrez la commande\u00a0: elle dit pourquoi. La cause corrigée, remboursez encore une fois.",
    "refund_failed": "Ouvrez la commande et remboursez encore une fois, ou convenez d’un autre moyen avec l’acheteur.",
    "order_overdue": "Ouvrez la commande et interrogez Stripe\u00a0; si rien ne change, annulez ou remboursez.",
    "order_unshipped": "Ouvrez À expédier\u00a0: les plus anciennes commandes d’abord. Expédiez-les, ou remboursez.",
    "transfer_incomplete": "Demandez le reste à l’acheteur, ou annulez la commande et rendez la partie chez Stripe.",
    "withdrawal_waiting": "Ouvrez la rétractation, puis acceptez ou refusez.",
    "dispute": "Répondez chez Stripe avec vos preuves avant la date\u00a0: sans réponse, l’argent est perdu.",
    "fraud_warning": (
        "Ouvrez la commande\u00a0: remboursez avant un litige, ou écartez le signalement si l’acheteur est sûr."
    ),
    "evidence_refused": "Ouvrez Litiges\u00a0: la page dit pourquoi. Corrigez la réponse avant la date limite.",
    "inquiry": "Répondez chez Stripe avant la date\u00a0: un remboursement évite le litige.",
    "alert_not_sent": "Vérifiez l’adresse des alertes (Réglages) et le serveur d’e-mail (Mise en service).",
    "event_failed": "Ouvrez l’événement\u00a0: il dit pourquoi. La cause corrigée, traitez-le à nouveau.",
    "webhooks_missing": "Ouvrez Mise en service\u00a0: la page dit ce qui manque chez Stripe, et le règle.",
    "event_waiting": "Ouvrez Webhooks\u00a0; si l’attente dure, prévenez la personne qui gère le serveur.",
    "worker_silent": (
        "Demandez à la personne qui gère le serveur de relancer le traitement de fond\u00a0:"
        " rien n’est perdu, tout est rattrapé."
    ),
    "disk_low": "Demandez à la personne qui gère le serveur de libérer de la place, ou d’agrandir le disque.",
    "certificate_expires": "Demandez à la personne qui gère le serveur de vérifier le renouvellement du certificat.",
    "eu_sales_threshold": (
        "Ouvrez Export comptable, et parlez-en à votre expert-comptable\u00a0: au-delà du seuil, la TVA du pays de"
        " l’acheteur est due."
    ),
    "payout_mismatch": "Ouvrez le versement\u00a0: la page dit ce qui diffère. Comparez-le avec Stripe.",
    "payout_failed": "Corrigez le compte bancaire chez Stripe\u00a0: l’argent est revenu sur votre solde.",
    "message_dead": "Corrigez l’adresse dans la commande\u00a0: le message y part. Ou renvoyez le message.",
    "stripe_key_refused": (
        "Demandez à la personne qui gère le serveur de changer la clé\u00a0: flask tenants stripe SLUG --secret-key -"
    ),
    "stripe_permission_missing": "Ajoutez la permission à la clé chez Stripe\u00a0; l’alerte se résout d’elle-même.",
    "clock_differs": "Demandez à la personne qui gère le serveur de le mettre à l’heure (NTP).",
    "receipt_date_ahead": (
        "Prévenez le comptable, et la personne qui gère le serveur\u00a0: horloge (NTP), puis flask receipts verify."
    ),
    "program_error": (
        "Prévenez la personne qui gère le serveur\u00a0: flask errors show ID explique l’erreur."
        " Une erreur qui ne revient pas pendant sept jours est résolue d’elle-même."
    ),
    "audit_chain_broken": "Prévenez la personne qui gère le serveur\u00a0: flask audit verify montre ce qui a changé.",
    "receipt_chain_broken": (
        "Prévenez la personne qui gère le serveur\u00a0: flask receipts verify montre ce qui a changé."
    ),
}
FRENCH_MEANINGS: dict[str, str] = {
    "dispute": "La banque de l’acheteur reprend l’argent de ce paiement\u00a0: il conteste l’achat.",
    "inquiry": "La banque de l’acheteur demande des informations\u00a0; l’argent n’est pas encore repris.",
    "alert_not_sent": "Une alerte n’a pas pu partir par e-mail à l’équipe.",
}
ENGLISH_STEPS: dict[str, str] = {
    "crm_failing": "Open Settings, Dolibarr, and check the connection; all is written as soon as Dolibarr responds.",
    "payment_mismatch": "Open the order, then accept the amount that was paid, or refund it.",
    "paid_without_recipient": "Find the buyer’s address, then open the order and correct the address.",
    "duplicate_payment": "Nothing, unless the buyer asks: the order shows the refund.",
    "stock_missing": "Find units for the buyer, or open the order and refund it.",
    "duplicate_refund": "Cancel the pending refund at Stripe, or write to the buyer.",
    "refund_refused": "Open the order: it says why. Once the cause is corrected, refund it again.",
    "refund_failed": "Open the order and refund it again, or agree on another way with the buyer.",
    "order_overdue": "Open the order and ask Stripe; if nothing changes, cancel or refund it.",
    "order_unshipped": "Open To ship: the oldest orders come first. Ship them, or refund them.",
    "transfer_incomplete": "Ask the buyer for the rest, or cancel the order and return the part at Stripe.",
    "withdrawal_waiting": "Open the withdrawal, then accept or refuse it.",
    "dispute": "Respond at Stripe with your evidence before the date: without a response, the money is lost.",
    "fraud_warning": "Open the order: refund it before a dispute follows, or dismiss the warning.",
    "evidence_refused": "Open Disputes: the dispute's page says why. Correct the response before the deadline.",
    "inquiry": "Respond at Stripe before the date: a refund avoids the dispute.",
    "alert_not_sent": "Check the address for alerts (Settings) and the mail server (Set-up).",
    "event_failed": "Open the event: it says why. Once the cause is corrected, process it again.",
    "webhooks_missing": "Open Set-up: the page says what is missing at Stripe, and sets it up.",
    "event_waiting": "Open Webhooks; if the events keep waiting, inform the administrator.",
    "worker_silent": "Ask the administrator to start the worker: nothing is lost, it catches up.",
    "disk_low": "Ask the administrator to free some room, or to enlarge the disk.",
    "certificate_expires": "Ask the administrator to check the renewal of the certificate.",
    "eu_sales_threshold": (
        "Open Accounting export, and ask your accountant: above the threshold, the VAT of the buyer’s country is due."
    ),
    "payout_mismatch": "Open the payout: the page says what differs. Compare it with Stripe.",
    "payout_failed": "Correct the bank account at Stripe: the money is on your balance there again.",
    "message_dead": "Correct the address in the order: the message goes there. Or send the message again.",
    "stripe_key_refused": "Ask the administrator to change the key: flask tenants stripe SLUG --secret-key -",
    "stripe_permission_missing": "Add the permission to the key at Stripe; the alert then resolves itself.",
    "clock_differs": "Ask the administrator to synchronise the server’s clock (NTP).",
    "receipt_date_ahead": (
        "Inform the accountant, and the administrator: clock (NTP), then flask receipts verify."
    ),
    "program_error": (
        "Inform the administrator: flask errors show ID explains the error."
        " An error that does not recur for seven days is resolved automatically."
    ),
    "audit_chain_broken": "Inform the administrator: flask audit verify shows what has changed.",
    "receipt_chain_broken": "Inform the administrator: flask receipts verify shows what has changed.",
}
ENGLISH_MEANINGS: dict[str, str] = {
    "dispute": "The buyer’s bank takes the money of this payment: the buyer disputes the purchase.",
    "inquiry": "The buyer’s bank asks for information; the money is not taken yet.",
    "alert_not_sent": "An alert could not be sent to the team by e-mail.",
}
