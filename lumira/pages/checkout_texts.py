"""The texts of the checkout pages in both languages."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from typing import Any

from lumira.models import Language

_FRENCH: dict[str, Any] = {
    "index": {
        "intro": "Une installation de développement. Aucun argent ne circule.",
        "shops": "Boutiques",
        "operators": "Pour l’équipe",
        "dashboard": "Tableau de bord",
        "developers": "Pour les développeurs",
        "docs": "Documentation de l’API",
        "sandbox": "Bac à sable de Stripe",
    },
    "on_sale": "Notre boutique",
    "choose": "Choisissez un article pour le commander.",
    "nothing_on_sale": "Rien n’est en vente pour le moment.",
    "buy": "Commander",
    "free": "Gratuit",
    "each": "l’unité",
    "contains": "Ce que vous recevez",
    "made_for_you": "Réalisé pour vous",
    "included": "Niveau inclus",
    "sold_out": "Épuisé",
    "from_amount": "Dès {}",
    "choose_variant": "Choisir",
    "only_as": "en {}",
    "only": "Plus que {} en stock",
    "not_now": "Cet achat n’est pas possible pour le moment. Revenez un peu plus tard.",
    "total": "Total",
    "code": "Code promo",
    "enter_code": "Appliquer le code",
    "code_counts": "Ce code est pris en compte dans le prix.",
    "discount": "Remise, code {}",
    "code_problem": {
        "unknown": "Ce code n’existe pas. Vérifiez qu’il est complet.",
        "ended": "Ce code n’est plus valable.",
        "used_up": "Ce code a été utilisé autant de fois qu’il peut l’être. Effacez-le pour payer le prix entier.",
        "used_by_customer": (
            "Ce code a été utilisé autant de fois qu’il peut l’être. Effacez-le pour payer le prix entier."
        ),
        "other_products": "Ce code ne vaut pas pour cet achat.",
        "below_minimum": "Ce code vaut à partir de {amount}.",
        "needs_email": "Ce code demande une adresse e-mail.",
        "too_little_left": "Avec ce code, il resterait trop peu à payer. Ajoutez un article, ou effacez le code.",
        "too_often": "Trop de codes ont été essayés. Réessayez dans une heure.",
    },
    "withdrawal": "Vous pouvez vous rétracter pendant {} jours à compter de l’achat, sans motif.",
    "withdrawal_of_goods": "Vous pouvez vous rétracter pendant {} jours à compter de la réception, sans motif.",
    "vat_included": "TTC, dont TVA {rate} : {amount}",
    "email": "Adresse e-mail",
    "email_hint": "Nous y envoyons la confirmation et l’accès à votre achat.",
    "name": "Nom",
    "recipient": "Nom du destinataire",
    "delivery": "Adresse de livraison",
    "country": "Pays",
    "reprice": "Afficher les frais de port de ce pays",
    "postage": "Frais de port, {}",
    "free_postage": "offerts",
    "free_from": "Offerts dès {} d’achat",
    "address": {
        "line1": "Adresse (numéro et rue)",
        "line2": "Complément d’adresse",
        "postal_code": "Code postal",
        "city": "Ville",
        "state": "État ou région",
        "phone": "Téléphone (pour le transporteur)",
    },
    "address_error": {
        "line1": "Indiquez le numéro et la rue : 200 caractères au plus.",
        "line2": "200 caractères au plus, sur une ligne.",
        "postal_code": "Indiquez le code postal : 20 caractères au plus.",
        "city": "Indiquez la ville.",
        "state": "200 caractères au plus, sur une ligne.",
        "phone": "Indiquez un numéro de téléphone, par exemple 06 12 34 56 78.",
    },
    "optional": "facultatif",
    "terms": "J’accepte les",
    "terms_link": "conditions générales de vente (version {}, nouvel onglet)",
    "immediate_delivery": (
        "Je demande l’accès immédiat au contenu numérique, et je reconnais que je perds ainsi mon droit de"
        " rétractation."
    ),
    "pay": "Payer",
    "receive": "Recevoir gratuitement",
    "on_stripe": "Vous payez sur la page sécurisée de Stripe, puis revenez ici.",
    "continue": "Continuer vers le paiement",
    "sent": "Nous envoyons la confirmation et l’accès à votre achat à",
    "your_address": "l’adresse de la commande",
    "not_paid_yet": "Vous n’avez pas encore payé ? Revenir au paiement",
    "try_again": "Réessayer",
    "back_to_shop": "Voir tous les articles",
    "error": {
        "email": "Cette adresse e-mail n’est pas valable. Écrivez-la comme ceci : prenom@exemple.fr.",
        "name": "Ce nom n’est pas valable : 200 caractères au plus, sur une ligne.",
        "address": "Complétez l’adresse de livraison.",
        "country": "Nous n’envoyons pas dans ce pays. Choisissez-en un autre. Rien n’a été débité.",
        "stale": (
            "Cette page est restée ouverte trop longtemps, ou votre navigateur refuse les cookies de ce site."
            " Vérifiez votre commande et appuyez encore une fois."
        ),
        "price_changed": "Le prix a changé depuis l’ouverture de la page. Vérifiez le nouveau prix avant de payer.",
        "terms_changed": "Nos conditions de vente ont changé depuis l’ouverture de la page. Relisez-les d’abord.",
        "code": "Le code promo ne peut pas être utilisé. Rien n’a été débité.",
        "consent": "Cochez les cases ci-dessous pour continuer.",
        "out_of_stock": "Il n’en reste plus assez pour cette commande.",
        "has_it_already": "Un article gratuit de ce panier vous a déjà été envoyé. Retirez-le du panier.",
        "too_often": "Il y a eu trop de demandes. Réessayez un peu plus tard.",
        "being_opened": "Votre paiement est en cours d’ouverture. Appuyez encore une fois dans un instant.",
        "closed": "Cette commande a été fermée. Appuyez encore une fois pour en ouvrir une nouvelle.",
        "gone": "Cet article n’est plus en vente. Rien n’a été débité.",
        "later": "Le paiement n’est pas disponible pour le moment. Rien n’a été débité. Réessayez dans une minute.",
        "not_possible": "Cet achat n’est pas possible pour le moment. Rien n’a été débité. Écrivez-nous.",
    },
    "progress": {
        "paid": ("Merci !", "Votre commande est confirmée."),
        "reversed": ("Cette commande n’est plus active", "Elle a été payée, puis remboursée ou contestée."),
        "awaited": (
            "Paiement en cours",
            (
                "Votre banque confirme ce paiement dans quelques jours. Vous recevez un e-mail dès que c’est fait :"
                " vous n’avez rien d’autre à faire."
            ),
        ),
        "transfer": (
            "Nous attendons votre virement",
            (
                "Payez avec les coordonnées que Stripe vous a données. Vous recevez un e-mail dès que l’argent est"
                " arrivé."
            ),
        ),
        "checked": (
            "Nous vérifions votre paiement",
            "Notre équipe le vérifie et vous écrit. Vous n’avez rien d’autre à faire.",
        ),
        "payable": (
            "Nous attendons votre paiement",
            (
                "Cette page se met à jour toute seule. Si vous avez payé, vous pouvez aussi la fermer :"
                " la confirmation arrive par e-mail."
            ),
        ),
        "declined": (
            "Le paiement a été refusé",
            "Rien n’a été débité. Vous pouvez réessayer, ou choisir un autre moyen de paiement.",
        ),
        "unpaid": ("Le paiement n’a pas eu lieu", "Rien n’a été débité. Vous pouvez réessayer."),
    },
    "notice": {
        "not_on_sale": ("Cet article n’est pas en vente", "Vérifiez que le lien est complet."),
        "bad_cart": (
            "Ce panier ne peut pas être commandé",
            "Le lien est incomplet, ou une quantité n’est pas possible.",
        ),
        "not_opened_here": (
            "Votre commande",
            (
                "Si vous avez payé, la confirmation arrive par e-mail. Cette page ne montre une commande"
                " que dans le navigateur qui l’a passée."
            ),
        ),
    },
}

_ENGLISH: dict[str, Any] = {
    "index": {
        "intro": "A development installation. No money moves.",
        "shops": "Shops",
        "operators": "For the team",
        "dashboard": "Dashboard",
        "developers": "For developers",
        "docs": "API documentation",
        "sandbox": "Stripe sandbox",
    },
    "on_sale": "Our shop",
    "choose": "Choose a product to order it.",
    "nothing_on_sale": "Nothing is on sale at the moment.",
    "buy": "Order",
    "free": "Free",
    "each": "each",
    "contains": "What you receive",
    "made_for_you": "Made for you",
    "included": "Included level",
    "sold_out": "Sold out",
    "from_amount": "From {}",
    "choose_variant": "Choose",
    "only_as": "only {}",
    "only": "Only {} left in stock",
    "not_now": "This purchase is not possible at the moment. Please come back a little later.",
    "total": "Total",
    "code": "Promotion code",
    "enter_code": "Apply code",
    "code_counts": "The price includes this code.",
    "discount": "Discount, code {}",
    "code_problem": {
        "unknown": "This code does not exist. Check that it is complete.",
        "ended": "This code is not valid any more.",
        "used_up": "This code has been used as often as it may be. Remove it to pay the whole price.",
        "used_by_customer": "This code has been used as often as it may be. Remove it to pay the whole price.",
        "other_products": "This code is not for what you buy here.",
        "below_minimum": "This code counts from {amount}.",
        "needs_email": "This code needs an e-mail address.",
        "too_little_left": "With this code too little would be left to pay. Add an item, or remove the code.",
        "too_often": "Too many codes were tried. Try again in an hour.",
    },
    "withdrawal": "You can withdraw for {} days from the purchase, without giving a reason.",
    "withdrawal_of_goods": "You can withdraw for {} days from the delivery, without giving a reason.",
    "vat_included": "VAT {rate} included: {amount}",
    "email": "E-mail address",
    "email_hint": "We send the confirmation and the access to your purchase there.",
    "name": "Name",
    "recipient": "Name of the recipient",
    "delivery": "Delivery address",
    "country": "Country",
    "reprice": "Show the postage for this country",
    "postage": "Postage, {}",
    "free_postage": "free",
    "free_from": "Free from {}",
    "address": {
        "line1": "Address (number and street)",
        "line2": "Second line of the address",
        "postal_code": "Postal code",
        "city": "City",
        "state": "State or region",
        "phone": "Telephone (for the carrier)",
    },
    "address_error": {
        "line1": "Enter the number and the street, 200 characters at most.",
        "line2": "200 characters at most, on one line.",
        "postal_code": "Enter the postal code, 20 characters at most.",
        "city": "Enter the city.",
        "state": "200 characters at most, on one line.",
        "phone": "Enter a telephone number, such as +44 20 7946 0958.",
    },
    "optional": "optional",
    "terms": "I accept the",
    "terms_link": "terms and conditions (version {}, new tab)",
    "immediate_delivery": (
        "I ask for access to the digital content at once, and acknowledge that I thereby lose my right of withdrawal."
    ),
    "pay": "Pay",
    "receive": "Get it for free",
    "on_stripe": "You pay on Stripe's secure page, and come back here afterwards.",
    "continue": "Continue to the payment",
    "sent": "We send the confirmation and the access to your purchase to",
    "your_address": "the address of the order",
    "not_paid_yet": "Have you not paid yet? Back to the payment",
    "try_again": "Try again",
    "back_to_shop": "See all products",
    "error": {
        "email": "This e-mail address is not valid. Write it like this: name@example.com.",
        "name": "This name is not valid: at most 200 characters, on one line.",
        "address": "Complete the delivery address.",
        "country": "We do not send to this country. Choose another one. Nothing was charged.",
        "stale": (
            "This page was open for too long, or your browser refuses this site's cookies."
            " Check your order and press the button once more."
        ),
        "price_changed": "The price has changed since the page was opened. Check the new price before you pay.",
        "terms_changed": "Our terms have changed since the page was opened. Read them again before you pay.",
        "code": "The promotion code cannot be used. Nothing was charged.",
        "consent": "Tick the boxes below to continue.",
        "out_of_stock": "There are not enough left for this order.",
        "has_it_already": "You have received a free product of this cart before. Remove it from the cart.",
        "too_often": "There were too many requests. Try again a little later.",
        "being_opened": "Your payment is being opened. Press the button once more in a moment.",
        "closed": "This order was closed. Press the button once more to open a new one.",
        "gone": "This product is no longer on sale. Nothing was charged.",
        "later": "Payment is not available at the moment. Nothing was charged. Try again in a minute.",
        "not_possible": "This purchase is not possible at the moment. Nothing was charged. Please write to us.",
    },
    "progress": {
        "paid": ("Thank you!", "Your order is confirmed."),
        "reversed": ("This order is no longer active", "It was paid, and refunded or disputed since."),
        "awaited": (
            "Payment in progress",
            "Your bank confirms this payment within a few days. We send you an e-mail then: you need not do anything.",
        ),
        "transfer": (
            "We are waiting for your bank transfer",
            "Pay with the details that Stripe gave you. We send you an e-mail as soon as the money has arrived.",
        ),
        "checked": (
            "We are checking your payment",
            "Our team checks it and writes to you. You need not do anything.",
        ),
        "payable": (
            "We are waiting for your payment",
            (
                "This page updates itself. If you have paid, you can also close it:"
                " the confirmation arrives by e-mail."
            ),
        ),
        "declined": (
            "The payment was declined",
            "Nothing was charged. You can try again, or choose another way to pay.",
        ),
        "unpaid": ("The payment was not made", "Nothing was charged. You can try again."),
    },
    "notice": {
        "not_on_sale": ("This product is not on sale", "Check that the link is complete."),
        "bad_cart": (
            "This cart cannot be ordered",
            "The link is incomplete, or a quantity is not possible.",
        ),
        "not_opened_here": (
            "Your order",
            (
                "If you have paid, the confirmation arrives by e-mail. This page shows an order only in the browser"
                " that placed it."
            ),
        ),
    },
}

#: Both languages have the same keys.
CHECKOUT: dict[Language, dict[str, Any]] = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}
