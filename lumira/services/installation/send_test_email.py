"""Send an operator a test e-mail, over the mail server that buyers' messages take."""

from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr

from config.settings import Settings
from lumira.clients import smtp
from lumira.errors.tenants import MailRefused


def send_test_email(settings: Settings, recipient: str, *, subject: str, text: str) -> None:
    """Send the message now, and return once the mail server has accepted it.

    Raises `MailRefused` with the server's reply, also if no mail server is set.
    """
    if settings.smtp is None:
        raise MailRefused("No mail server is set.", why="SMTP_URL")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, recipient, subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="lumira.invalid")
    message.set_content(text)
    try:
        smtp.send(settings.smtp, message, sender=parseaddr(settings.mail_from)[1], recipient=recipient)
    except (OSError, smtp.RecipientRefused) as error:
        raise MailRefused(f"The mail server does not accept the message: {error}", why=str(error)) from error
