"""What a finding of the set-up says in French, by its code: what was found, and how to mend it."""

# ruff: noqa: RUF001 - French is written with these apostrophes

_UPGRADE = "Exécutez `flask db upgrade`."
_WEBHOOKS = "Exécutez `flask webhooks setup {slug}`."
_ENTER_KEY = "Saisissez la clé avec `flask tenants stripe {slug} --secret-key -`."
_OTHER_KEY = "Saisissez une autre clé avec `flask tenants stripe {slug} --secret-key -`."
_PUBLISHABLE_KEY = "Saisissez-la avec `flask tenants stripe {slug} --publishable-key -`."
_ADD_PERMISSION = (
    "Ajoutez-la à la clé dans le Dashboard de Stripe : Développeurs, Clés API, la clé, Modifier la clé."
)
_CLOCK = "Synchronisez l’horloge de cette machine (NTP). Les signatures de Stripe valent cinq minutes."
_DOMAIN = "Vérifiez que le domaine mène à Lumira en HTTPS."

FRENCH_FINDINGS: dict[str, tuple[str, str | None]] = {
    "database": (
        "Elle est injoignable.",
        "Vérifiez que PostgreSQL fonctionne, et DATABASE_URL ; le journal contient le message du pilote.",
    ),
    "write_access": (
        "Elle est en lecture seule.",
        "Dirigez DATABASE_URL vers le serveur principal, ou libérez son disque.",
    ),
    "role": (
        "La session a un autre rôle que lumira_app.",
        "Donnez ce rôle à l’utilisateur de DATABASE_URL.",
    ),
    "privileges": (
        "Le rôle ne peut pas lire une table.",
        "Rétablissez les privilèges : exécutez `flask db upgrade` en tant que propriétaire.",
    ),
    "migrations": ("Une migration manque.", _UPGRADE),
    "encryption_keys": (
        "LUMIRA_ENCRYPTION_KEYS ne déchiffre pas les identifiants enregistrés.",
        "Ajoutez la clé qui les a chiffrés, ou saisissez-les de nouveau avec `flask tenants stripe`.",
    ),
    "database_works": ("Elle accepte les écritures, et toutes les migrations sont faites.", None),
    "database_version": ("PostgreSQL {version} fonctionne.", None),
    "database_version_old": (
        "PostgreSQL {version} est trop ancien.",
        "Mettez le serveur à jour vers PostgreSQL {oldest} ou une version suivante.",
    ),
    "encryption_keys_work": ("Elles déchiffrent les secrets enregistrés.", None),
    "secrets_unreadable": (
        "LUMIRA_ENCRYPTION_KEYS ne déchiffre pas {number} secrets enregistrés.",
        "Ajoutez la clé qui les a chiffrés ; `flask secrets rotate --dry-run` indique où ils sont.",
    ),
    "public_url_missing": (
        "PUBLIC_URL n’est pas défini : les messages ne contiennent aucun lien.",
        "Définissez PUBLIC_URL.",
    ),
    "stripe_replaced": ("Stripe est remplacé : aucun argent ne circule.", "Retirez STRIPE_API_BASE."),
    "rate_limits_off": ("Les limites de débit sont désactivées.", "Retirez RATE_LIMITS."),
    "redis_missing": (
        "REDIS_URL n’est pas défini : chaque processus web compte ses propres limites de débit.",
        "Définissez REDIS_URL si plusieurs processus tournent.",
    ),
    "settings_valid": ("Ils sont valides, pour {environment}.", None),
    "heartbeat_unreadable": ("Son dernier signal est illisible.", _UPGRADE),
    "worker_missing": (
        "Aucun traitement ne tourne : les événements et les messages attendent.",
        "Lancez `flask worker`.",
    ),
    "worker_silent": (
        "Le dernier signal date de {minutes} minutes.",
        "Lancez `flask worker`, et lisez son journal.",
    ),
    "worker_runs": ("Le dernier signal date de {seconds} secondes.", None),
    "retention_runs": ("Les données périmées ont été supprimées le {at}.", None),
    "retention_never_ran": (
        "Les données périmées n’ont jamais été supprimées : cela se fait une fois par heure.",
        "Vérifiez de nouveau dans une heure ; lisez ensuite le journal de `flask worker`.",
    ),
    "retention_late": (
        "Les données périmées ont été supprimées le {at} pour la dernière fois ; cela se fait une fois par heure.",
        "Lancez `flask worker`, et lisez son journal.",
    ),
    "retention_failed": (
        "La suppression des données périmées a échoué le {at}.",
        "Cherchez `remove_expired` dans le journal de `flask worker`.",
    ),
    "reservations_end": ("Aucune réservation terminée ne retient encore d’unités.", None),
    "reservations_overdue": (
        "Des unités sont encore réservées alors que leur réservation est terminée.",
        "Lancez `flask worker`, et vérifiez que Stripe répond : il y vérifie une commande avant de libérer ses unités.",
    ),
    "audit_agrees": ("Sa chaîne correspond à l’empreinte enregistrée le {day}.", None),
    "audit_new": ("Sa première empreinte sera enregistrée dans les deux nuits.", None),
    "audit_late": (
        "Aucune empreinte n’a été enregistrée depuis deux nuits : cela se fait à 3 h 07 UTC.",
        "Lancez `flask worker`, et cherchez `store_audit_heads` dans son journal.",
    ),
    "audit_differs": (
        "Sa chaîne ne correspond pas à l’empreinte enregistrée le {day}.",
        "`flask audit verify` nomme le premier maillon qui diffère.",
    ),
    "audit_unknown": ("Son empreinte enregistrée est illisible.", "Vérifiez le stockage, puis recommencez."),
    "mail_in_files": ("Les messages sont écrits dans des fichiers.", None),
    "mail_not_sent": (
        "Les messages sont écrits dans des fichiers au lieu d’être envoyés.",
        "Définissez SMTP_URL avec un serveur d’e-mail.",
    ),
    "mail_refused": ("Il n’accepte pas la connexion.", "Vérifiez SMTP_URL."),
    "mail_works": ("Il accepte la connexion et l’identification.", None),
    "sender_accepted": (
        "Il accepte les messages de {sender}. SPF, DKIM et DMARC n’ont pas été consultés.",
        "Vérifiez une fois le DNS de {domain} : Authentication-Results d’un e-mail d’essai doit indiquer « pass ».",
    ),
    "sender_refused": (
        "Il refuse les messages de {sender}.",
        "Définissez MAIL_FROM avec une adresse d’un domaine pour lequel le serveur peut envoyer.",
    ),
    "sender_mailbox_refused": (
        "Il accepte {sender} comme expéditeur, mais ne lui livre aucune réponse.",
        "Créez cette boîte, ou vérifiez que le serveur peut envoyer vers d’autres hôtes.",
    ),
    "redis_works": ("Il répond.", None),
    "redis_fails": (
        "Il ne répond pas : chaque processus web compte ses propres limites de débit.",
        "Vérifiez que Redis fonctionne, et REDIS_URL.",
    ),
    "disk_free": ("{free} Go sur {total} sont libres.", None),
    "disk_low": (
        "{free} Go sur {total} sont libres : moins d’un dixième, ou moins d’un Go.",
        "Libérez de l’espace, ou agrandissez le disque.",
    ),
    "clock_agrees": ("Elle diffère de celle de Stripe de {seconds} secondes.", None),
    "clock_ahead": ("Elle avance de {seconds} secondes sur celle de Stripe.", _CLOCK),
    "clock_behind": ("Elle retarde de {seconds} secondes sur celle de Stripe.", _CLOCK),
    "storage_untried": ("Il n’y a aucune boutique pour l’essayer.", None),
    "storage_fails": (
        "Un fichier ne peut pas être enregistré.",
        "Vérifiez S3_BUCKET et ses identifiants, ou le propriétaire du dossier et l’espace libre.",
    ),
    "storage_differs": (
        "Un fichier relu diffère de celui enregistré.",
        "Vérifiez le service de stockage.",
    ),
    "storage_works": ("Un fichier a été enregistré, lu et supprimé.", None),
    "key_missing": ("Cette boutique n’a pas de clé Stripe.", _ENTER_KEY),
    "key_unreadable": (
        "Les identifiants Stripe de cette boutique ne peuvent pas être déchiffrés.",
        _ENTER_KEY,
    ),
    "key_refused": ("Stripe n’accepte pas la clé de cette boutique.", _OTHER_KEY),
    "key_refused_with_reason": (
        "Stripe n’accepte pas la clé de cette boutique. Stripe répond : « {reason} »",
        _OTHER_KEY,
    ),
    "stripe_busy": ("Trop d’appels attendent Stripe.", "Vérifiez de nouveau dans une minute."),
    "stripe_fails": (
        "Stripe a un problème en ce moment.",
        "Vérifiez le réseau, et https://status.stripe.com.",
    ),
    "stripe_unreachable": (
        "Stripe est injoignable pour le moment.",
        "Vérifiez le réseau, et https://status.stripe.com.",
    ),
    "key_live": ("Stripe l’accepte (mode réel).", None),
    "key_test": ("Stripe l’accepte (mode test).", None),
    "key_live_restricted": ("Stripe l’accepte (mode réel) ; elle ne peut pas lire le compte.", None),
    "key_test_restricted": ("Stripe l’accepte (mode test) ; elle ne peut pas lire le compte.", None),
    "key_has_permissions": ("Elle a toutes les autorisations dont Lumira se sert.", None),
    "key_lacks_payment_intents": (
        "Il lui manque l’autorisation « {permission} » : aucun paiement ne peut être ouvert.",
        _ADD_PERMISSION,
    ),
    "key_lacks_checkout_sessions": (
        "Il lui manque l’autorisation « {permission} » : aucun panier ne peut être payé.",
        _ADD_PERMISSION,
    ),
    "key_lacks_customers": (
        "Il lui manque l’autorisation « {permission} » : les acheteurs ne sont pas des clients chez Stripe.",
        _ADD_PERMISSION,
    ),
    "key_lacks_charges": (
        "Il lui manque l’autorisation « {permission} » : rien ne peut être remboursé.",
        _ADD_PERMISSION,
    ),
    "key_lacks_disputes": (
        "Il lui manque l’autorisation « {permission} » : les litiges ne sont connus que par les webhooks.",
        _ADD_PERMISSION,
    ),
    "key_lacks_events": (
        "Il lui manque l’autorisation « {permission} » : ce qu’aucun webhook ne livre est trouvé plus tard.",
        _ADD_PERMISSION,
    ),
    "key_lacks_webhook_endpoints": (
        "Il lui manque l’autorisation « {permission} » : `flask webhooks setup` ne peut pas régler le webhook.",
        _ADD_PERMISSION,
    ),
    "key_lacks_domains": (
        "Il lui manque l’autorisation « {permission} » : aucun domaine ne peut être enregistré pour les portefeuilles.",
        _ADD_PERMISSION,
    ),
    "account_incomplete": (
        "Le compte {account} ne peut pas encore recevoir de paiements.",
        "Complétez-le dans le Dashboard de Stripe.",
    ),
    "account_works": ("Le compte {account} reçoit des paiements.", None),
    "publishable_key_set": ("Elle est enregistrée, dans le mode de la clé secrète.", None),
    "modes_mixed": (
        "Elle n’est pas du mode de la clé secrète : l’une est réelle, l’autre de test.",
        "Saisissez les deux avec `flask tenants stripe {slug} --secret-key - --publishable-key -`.",
    ),
    "publishable_key_missing_at_checkout": (
        "Elle manque : la page de paiement passe par celle de Stripe au lieu du Payment Element.",
        _PUBLISHABLE_KEY,
    ),
    "publishable_key_missing": (
        "Elle manque : les pages avec Stripe.js ne peuvent pas recevoir de paiements.",
        _PUBLISHABLE_KEY,
    ),
    "endpoint_of_platform": (
        "La boutique est un compte Connect : le webhook de la plateforme reçoit ses événements.",
        None,
    ),
    "endpoint_unknown": ("Son adresse est inconnue.", "Définissez PUBLIC_URL."),
    "endpoint_unlisted": (
        "La clé ne peut pas lister les webhooks ({permission}).",
        "Autorisez-la à lire les webhooks, ou vérifiez dans le Dashboard de Stripe.",
    ),
    "endpoint_missing": (
        "Aucun webhook ne livre à {url} : les événements sont seulement relevés périodiquement.",
        _WEBHOOKS,
    ),
    "endpoint_works": ("{endpoint} livre chaque événement utile à {url}, en version {version}.", None),
    "endpoint_disabled": ("{endpoint} est désactivé : rien n’est livré.", _WEBHOOKS),
    "endpoint_secret_missing": (
        "Le secret de signature de {endpoint} n’est pas enregistré : chaque livraison est refusée.",
        _WEBHOOKS,
    ),
    "endpoint_events_missing": ("{endpoint} ne livre pas {events}.", _WEBHOOKS),
    "endpoint_version": ("{endpoint} a la version d’API {found}, et non {version}.", _WEBHOOKS),
    "delivery_accepted": ("La dernière livraison a été vérifiée le {at}.", None),
    "delivery_none": ("Stripe n’a encore rien livré.", None),
    "delivery_refused": (
        "La dernière livraison a été refusée le {at} : aucun secret enregistré ne correspond à sa signature.",
        "Exécutez `flask webhooks setup {slug}`. Si la ligne du webhook est en ordre, un autre programme l’a envoyée.",
    ),
    "delivery_missing": (
        "Les {number} derniers événements ont été relevés chez Stripe, aucun n’a été livré.",
        "Exécutez `flask webhooks setup {slug}`, et vérifiez l’adresse publique.",
    ),
    "domains_missing": ("Il n’y a aucun domaine public à enregistrer pour les portefeuilles.", None),
    "domains_unlisted": (
        "La clé ne peut pas lister les domaines de paiement ({permission}).",
        "Autorisez-la à les lire, ou vérifiez dans le Dashboard de Stripe.",
    ),
    "domain_unregistered": (
        "{host} n’est pas enregistré pour les moyens de paiement : ses pages n’affichent aucun portefeuille.",
        _WEBHOOKS,
    ),
    "apple_pay_inactive": ("Apple Pay n’est pas actif sur {host} : aucune raison donnée.", _DOMAIN),
    "apple_pay_inactive_with_reason": ("Apple Pay n’est pas actif sur {host} : « {reason} »", _DOMAIN),
    "domain_registered": ("{host} est enregistré pour les moyens de paiement.", None),
}
