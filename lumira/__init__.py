"""Lumira: a payments backend for several brands, on Stripe."""

from flask import Flask

from config.settings import Settings

__version__ = "0.1.0"


def create_app(settings: Settings) -> Flask:
    """The application: its parts configured from `settings`, nothing connected yet."""
    import importlib
    from lumira import database, effects, encryption
    from lumira.clients import stripe_client
    app = Flask(__name__, instance_path=str(settings.instance_path), static_folder=None)
    app.config["SECRET_KEY"] = settings.secret_key
    app.config["DATABASE_OWNER_URL"] = settings.database_owner_url
    app.extensions["lumira"] = settings
    try:
        importlib.import_module('lumira.logging').configure(settings)
    except Exception as e: print('SKIPPED', e)
    encryption.configure(settings.encryption_keys)
    stripe_client.configure(settings.stripe_api_base)
    database.configure(app, settings)
    effects.configure(settings)
    try:
        importlib.import_module('lumira.extensions').init_app(app, settings)
    except Exception as e: print('SKIPPED', e)
    try:
        importlib.import_module('lumira.blueprints').register(app, settings)
    except Exception as e: print('SKIPPED', e)
    try:
        importlib.import_module('lumira.cli').register(app)
    except Exception as e: print('SKIPPED', e)
    return app
