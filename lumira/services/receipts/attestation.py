"""What the editor of the software states about receipts: the draft of an attestation (CGI, article 286, I, 3° bis).

It states mechanisms that exist, and what they do not do. Who signs it is responsible for the statement.
"""

# ruff: noqa: RUF001 - French is written with these apostrophes

from dataclasses import dataclass
from datetime import date

from lumira.models import Language

_BLANK = "………………………………"

_FRENCH = """\
PROJET D’ATTESTATION INDIVIDUELLE DE L’ÉDITEUR
relative à l’utilisation d’un logiciel ou système de caisse satisfaisant à des conditions d’inaltérabilité, de
sécurisation, de conservation et d’archivage des données (article 286, I, 3° bis du code général des impôts)

Je soussigné(e) {signer}, représentant(e) légal(e) de {company}, éditeur du logiciel {software},
atteste que ce logiciel, pour l’émission et la conservation de ses reçus et avoirs en mode réel, satisfait aux
conditions d’inaltérabilité, de sécurisation, de conservation et d’archivage des données en vue du contrôle de
l’administration fiscale, prévues au 3° bis du I de l’article 286 du code général des impôts.

La version majeure est identifiée par la racine {root} ; les versions mineures le sont par les subdivisions de cette
racine. Je m’engage à ce que ces subdivisions ne désignent que des versions qui ne modifient aucune de ces conditions.

1. Inaltérabilité
   Un document émis n’est jamais modifié : une correction est un avoir, ou un reçu qui corrige un avoir. La base de
   données refuse toute autre modification et toute suppression, aussi au propriétaire des tables. Seuls le nom et
   l’adresse de l’acheteur peuvent être ajoutés après coup ou effacés (RGPD) : l’empreinte ne les couvre pas. Les
   numéros se suivent sans trou ; ceux qui sont omis après la restauration d’une sauvegarde sont inscrits au journal
   d’audit.
   À vérifier : flask receipts verify

2. Sécurisation
   Toutes les cinq minutes, chaque nouveau document est chaîné par une empreinte SHA-256 à celui qui le précède. Chaque
   nuit, la dernière empreinte est signée et conservée hors de la base de données : une chaîne réécrite est découverte.
   À vérifier : flask receipts verify, qui nomme le premier document modifié ; l’alerte receipt_chain_broken

3. Conservation
   Chaque jour, mois et année est clôturé, avec les totaux par devise et par taux de TVA et le total perpétuel depuis le
   premier document. Les clôtures sont chaînées et ne sont jamais modifiées. Le logiciel ne supprime ni document ni
   clôture.
   À vérifier : flask receipts closings SLUG ; flask receipts totals SLUG --from JOUR --to JOUR

4. Archivage
   Une année est archivée dans un fichier daté et signé, lisible et vérifiable sans la base de données.
   À vérifier : flask receipts archive SLUG --year ANNÉE -o FICHIER ; flask receipts verify --archive FICHIER

Ce que cette attestation ne couvre pas
   Un document qui n’est pas encore chaîné (cinq minutes au plus, si le traitement de fond tourne). Les documents du
   mode test. Le moyen de paiement (carte, virement) : un document nomme le paiement ou le remboursement chez Stripe.
   Les sauvegardes et l’archivage périodique, qui incombent à l’utilisateur.

Fait à {place}, le {day}
Signature :

Il est rappelé que l’établissement d’une fausse attestation est un délit pénal passible de 3 ans d’emprisonnement et de
45 000 € d’amende (code pénal, art. 441-1). L’usage d’une fausse attestation est passible des mêmes peines.

À lire avant de signer
   L’éditeur est la personne qui détient le code source et peut en modifier les paramètres : qui modifie ce logiciel, ou
   l’exploite pour soi après l’avoir modifié, en est l’éditeur et signe lui-même. Ce texte est un projet : reportez-le
   sur le modèle en vigueur de l’administration. La loi de finances pour 2025 avait supprimé l’attestation de l’éditeur,
   celle pour 2026 l’a rétablie à côté du certificat : faites vérifier le droit applicable au jour de la signature.
"""

_ENGLISH = """\
DRAFT OF THE EDITOR'S INDIVIDUAL ATTESTATION (what the French text says; the French text is the one to sign)
on software that meets the conditions of unalterability, security, conservation and archiving of data (article 286, I,
3° bis of the French tax code)

I, {signer}, legal representative of {company}, editor of the software {software}, state that this software, for issuing
and keeping its receipts and credit notes of live mode, meets the conditions of unalterability, security, conservation
and archiving of data for the control by the tax administration.

The major version has the root {root}; minor versions are subdivisions of it. I undertake that these name only versions
that change none of these conditions.

1. Unalterability (inaltérabilité)
   An issued document is never changed: a correction is a credit note, or a receipt that corrects one. The database
   refuses every other change and every removal, to the owner of the tables too. Only the name and address of the buyer
   can be added later or erased (GDPR): the digest does not cover them. Numbers have no gaps; those that are left out
   after a backup was restored are in the audit log.
   To check: flask receipts verify

2. Security (sécurisation)
   Every five minutes, each new document is chained to the one before it by a SHA-256 digest. Every night the last
   digest is signed and stored outside the database: a chain that was written anew is found.
   To check: flask receipts verify, which names the first changed document; the alert receipt_chain_broken

3. Conservation (conservation)
   Each day, month and year is closed, with totals by currency and VAT rate and the perpetual total since the first
   document. Closings are chained and never changed. The software removes neither documents nor closings.
   To check: flask receipts closings SLUG; flask receipts totals SLUG --from DAY --to DAY

4. Archiving (archivage)
   A year is archived in a dated and signed file, readable and verifiable without the database.
   To check: flask receipts archive SLUG --year YEAR -o FILE; flask receipts verify --archive FILE

What this attestation does not cover
   A document that is not chained yet (five minutes at most, if a worker runs). Documents of test mode. The means of
   payment (card, transfer): a document names the payment or refund at Stripe. Backups and periodic archiving, which are
   the user's task.

Done at {place}, on {day}
Signature:

A false attestation is an offence punishable by 3 years of imprisonment and a fine of 45,000 euros (French criminal
code, art. 441-1); so is the use of one.

To read before signing
   The editor is who holds the source code and can change its parameters: whoever changes this software, or runs it for
   their own shop after changing it, is its editor and signs. This text is a draft: copy it into the form that the
   administration publishes. The finance law for 2025 had removed the editor's attestation, the one for 2026 restored it
   beside the certificate: have the law checked as of the day of signing.
"""

_TEXTS = {Language.FRENCH: _FRENCH, Language.ENGLISH: _ENGLISH}


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs, for which company and where; blanks for what is not known yet."""

    name: str | None = None
    company: str | None = None
    place: str | None = None


def write_attestation(signatory: Signatory, *, version: str, day: date, language: Language) -> str:
    """Return the draft for a version of the software."""
    return _TEXTS[language].format(
        signer=signatory.name or _BLANK,
        company=signatory.company or _BLANK,
        place=signatory.place or _BLANK,
        software=f"Lumira, version {version}",
        root=version.partition(".")[0],
        day=f"{day:%d/%m/%Y}" if language is Language.FRENCH else day.isoformat(),
    )
