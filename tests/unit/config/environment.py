"""The environment variables that every production installation sets."""

from cryptography.fernet import Fernet

REQUIRED = {
    "DATABASE_URL": "postgresql://somewhere/lumira",
    "SECRET_KEY": "only-for-tests-0123456789abcdefghij",
    "SMTP_URL": "files",
    "LUMIRA_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
}
