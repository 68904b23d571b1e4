"""What an installation cannot do without, as its environment gives it."""

from cryptography.fernet import Fernet

GIVEN = {
    "DATABASE_URL": "postgresql://somewhere/lumira",
    "SECRET_KEY": "only-for-tests",
    "LUMIRA_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
}
