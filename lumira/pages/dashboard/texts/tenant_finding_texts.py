"""What a finding about a shop says in French, by its code."""

# ruff: noqa: RUF001 - French is written with these apostrophes

_WEBHOOKS = "Exécutez `flask webhooks setup {slug}`."
_ENTER_KEY = "Saisissez la clé avec `flask tenants stripe {slug} --secret-key -`."
_OTHER_KEY = "Saisissez une autre clé avec `flask tenants stripe {slug} --secret-key -`."
_PUBLISHABLE_KEY = "Saisissez-la avec `flask tenants stripe {slug} --publishable-key -`."
_ADD_PERMISSION = (
    "Ajoutez-la à la clé dans le Dashboard de Stripe : Développeurs, Clés API, la clé, Modifier la clé."
)
_DOMAIN = "Vérifiez que le domaine mène à Lumira en HTTPS."

FRENCH_TENANT_FINDINGS: dict[str, tuple[str, str | None]] = {
    "crm_off": ("Il est relié, et désactivé : rien n’y est écrit.", None),
    "crm_works": ("Les ventes y sont écrites ; {number} documents sont en cours.", None),
    "crm_check_failed": (
        "La dernière vérification a trouvé des défauts.",
        "Exécutez `flask crm check {slug}`.",
    ),
    "crm_fails": (
        "Il n’accepte rien depuis le {at} ; les ventes attendent, et rien n’est perdu.",
        "Exécutez `flask crm check {slug}`.",
    ),
    "crm_parked": (
        "{number} documents n’ont pas pu être écrits.",
        "Ouvrez Réglages, Dolibarr dans le tableau de bord : la page dit pourquoi, et réessaie.",
    ),
    "crm_late": (
        "{number} documents attendent d’être écrits, le plus ancien depuis le {at}.",
        "Vérifiez que le traitement de fond tourne, et exécutez `flask crm check {slug}`.",
    ),
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
        "Il lui manque l’autorisation « {permission} » : aucune réponse à un litige ne peut partir d’ici.",
        _ADD_PERMISSION,
    ),
    "key_lacks_fraud_warnings": (
        "Il lui manque l’autorisation « {permission} » : les fraudes signalées ne sont connues que par les webhooks.",
        _ADD_PERMISSION,
    ),
    "key_lacks_balance_transactions": (
        "Il lui manque l’autorisation « {permission} » : ni frais ni net ne sont connus.",
        _ADD_PERMISSION,
    ),
    "key_lacks_payouts": (
        "Il lui manque l’autorisation « {permission} » : les versements ne sont pas comparés.",
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
    "endpoint_works": (
        "{endpoint} livre chaque événement que Lumira traite à {url}, en version {version}.",
        None,
    ),
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
        "Aucun des derniers événements n’a été livré : relevés chez Stripe, {number}.",
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
    "public_works": ("Une livraison signée à {url} est arrivée ici.", None),
    "public_tls": (
        "{url} n’a pas de certificat accepté.",
        "Renouvelez le certificat, et vérifiez qu’il porte ce nom et ses certificats intermédiaires.",
    ),
    "public_timeout": (
        "{url} n’a pas répondu à temps.",
        "Vérifiez le proxy, le pare-feu, et que le serveur web fonctionne.",
    ),
    "public_unreachable": (
        "{url} est injoignable.",
        "Vérifiez son enregistrement DNS, le proxy, et que PUBLIC_URL est l’adresse des acheteurs.",
    ),
    "public_redirects": (
        "{url} redirige : Stripe ne suit aucune redirection.",
        "Définissez PUBLIC_URL avec l’adresse de la redirection, ou retirez celle-ci.",
    ),
    "public_other": (
        "{url} a répondu, et la livraison n’est pas arrivée ici : une autre installation a cette adresse.",
        "Dirigez le DNS ou le proxy vers cette installation, ou corrigez PUBLIC_URL ou DATABASE_URL.",
    ),
    "public_signature": (
        "{url} refuse la signature : un proxy modifie le contenu, ou une autre installation a cette adresse.",
        "Laissez le proxy transmettre le contenu tel quel, et vérifiez que PUBLIC_URL mène à cette installation.",
    ),
    "public_status": (
        "{url} a répondu {status} au lieu de 200.",
        "Vérifiez que le proxy transmet ce chemin, et lisez le journal du serveur web.",
    ),
}
