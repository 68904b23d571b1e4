"""What a finding of the set-up says in French, by its code: what was found, and how to mend it."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from lumira.pages.dashboard.texts.tenant_finding_texts import FRENCH_TENANT_FINDINGS

_UPGRADE = "Exécutez `flask db upgrade`."
_CLOCK = "Synchronisez l’horloge de cette machine (NTP). Les signatures de Stripe valent cinq minutes."

FRENCH_FINDINGS: dict[str, tuple[str, str | None]] = {
    "database": (
        "Elle est injoignable.",
        "Vérifiez que PostgreSQL fonctionne, et DATABASE_URL.",
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
        "LUMIRA_ENCRYPTION_KEYS ne déchiffre pas tous les secrets enregistrés : illisibles, {number}.",
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
    "database_unverified": (
        "DATABASE_URL mène à une autre machine, et le serveur n’a pas à prouver qui il est.",
        "Ajoutez-y ?sslmode=verify-full&sslrootcert=system, ou ?sslmode=disable si le réseau est sûr.",
    ),
    "settings_valid": ("Ils sont valides, pour LUMIRA_ENV={environment}.", None),
    "heartbeat_unreadable": ("Son dernier signal est illisible.", _UPGRADE),
    "worker_missing": (
        "Aucun traitement de fond ne tourne : les événements et les messages attendent.",
        "Lancez `flask worker`.",
    ),
    "worker_silent": (
        "Le dernier signal date de {minutes} min.",
        "Lancez `flask worker`, et lisez son journal.",
    ),
    "worker_runs": ("Le dernier signal date de {seconds} s.", None),
    "retention_runs": ("Les données périmées ont été supprimées le {at}.", None),
    "retention_new": (
        "L’installation est neuve : les données périmées sont supprimées une fois par heure.",
        None,
    ),
    "retention_never_ran": (
        "Les données périmées n’ont jamais été supprimées : cela se fait une fois par heure.",
        "Lancez `flask worker`, et lisez son journal.",
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
    "chain_agrees": ("Sa chaîne correspond à l’empreinte enregistrée le {day}.", None),
    "chain_new": ("Sa première empreinte sera enregistrée dans les deux nuits.", None),
    "chain_late": (
        "Aucune empreinte n’a été enregistrée depuis deux nuits : cela se fait à 3 h 07 UTC.",
        "Lancez `flask worker`, et cherchez `store_heads` dans son journal.",
    ),
    "chain_differs": (
        "Sa chaîne ne correspond pas à l’empreinte enregistrée le {day}.",
        "`flask {command} verify` nomme le premier maillon qui diffère.",
    ),
    "chain_unknown": ("Son empreinte enregistrée est illisible.", "Vérifiez le stockage, puis recommencez."),
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
    "clock_agrees": ("Elle diffère de celle de Stripe de {seconds} s.", None),
    "clock_ahead": ("Elle avance de {seconds} s sur celle de Stripe.", _CLOCK),
    "clock_behind": ("Elle retarde de {seconds} s sur celle de Stripe.", _CLOCK),
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
    **FRENCH_TENANT_FINDINGS,
}
