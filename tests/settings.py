"""Settings of the test suite: a practice box on a database that the suite starts itself."""

import os

from tests.database import the_server

SERVER = the_server()
os.environ.setdefault("CONNECTOR_MODE", "practice")
os.environ.setdefault("CONNECTOR_PROCESS", "owner")
os.environ.setdefault("DATABASE_URL", SERVER.url)

from appliance.settings import *  # noqa: E402, F403

DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
DATABASES["default"]["TEST"] = {"NAME": SERVER.database}  # noqa: F405
CONNECTOR_KEYRING = "tests.keyrings.both"
CONNECTOR_ALLOW_LOOPBACK = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # scrypt has tests of its own
SECRET_KEY = "tests only, never a box" * 3
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
LOGGING_CONFIG = "logging.config.dictConfig"  # pytest has hooks of its own
