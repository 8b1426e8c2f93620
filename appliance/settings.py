"""Settings of the box: declarations only. Values come from appliance.env and the home directory.

One process has one part: `web` (console, webhooks, commands that seal), `worker`
(flows) or `owner` (migrations). The part decides the database role, the keyring
and Django's secret key.
"""

from pathlib import Path

from appliance import boot, env
from appliance.logs import setup

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = boot.version(BASE_DIR / "CHANGELOG.md")

# --- Where and as what this process runs ------------------------------------
MODE = env.choice("CONNECTOR_MODE", ["production", "practice"], default=boot.default_mode())
PROCESS = env.choice(
    "CONNECTOR_PROCESS", ["web", "worker", "owner"], default=boot.default_process()
)
HOME = boot.home()
KEYRING_FILE = boot.keyring_file(HOME, PROCESS)
CONNECTOR_KEYRING = "appliance.keyrings.kept.load"
SECRET_KEY = boot.secret_key(KEYRING_FILE)
DATABASES = {"default": boot.database(HOME, PROCESS)}

# --- Safety -----------------------------------------------------------------
DEBUG = env.flag("CONNECTOR_DEBUG", default=False)
ALLOWED_HOSTS = env.words("CONNECTOR_HOSTS", default=boot.default_hosts(MODE))
PUBLIC_URL = env.text(
    "CONNECTOR_PUBLIC_URL", default=boot.default_public_url(HOME, MODE, ALLOWED_HOSTS)
)
HTTPS = MODE == "production"
# The proxy comes first; this holds where it forgets. Inside the box there is no TLS.
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^internal/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Other sites get no referrer. "no-referrer" would also make Origin "null", which CSRF checks read.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_ENGINE = "appliance.accounts.session_store"
SESSION_COOKIE_AGE = env.number(
    "CONNECTOR_SESSION_S", default=8 * 3600, at_least=60, at_most=86_400
)
SESSION_IDLE_S = env.number("CONNECTOR_IDLE_S", default=1800, at_least=60, at_most=86_400)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_AGE = None
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10_500_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 10_500_000
# What is larger is dropped: an upload, which may hold secrets, never touches a disk.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3_000
DATA_UPLOAD_MAX_NUMBER_FILES = 1

# --- Accounts ---------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
# New passwords are hashed by the first; what the others made is accepted, and renewed at sign-in.
PASSWORD_HASHERS = ["appliance.accounts.hashers.Scrypt", "appliance.accounts.hashers.Argon2"]
AUTHENTICATION_BACKENDS = ["appliance.accounts.backend.NameOrEmail"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "appliance.accounts.passwords.NotDressedUp"},
]
ACCOUNT_ADAPTER = "appliance.accounts.adapters.Account"
ACCOUNT_FORMS = {"login": "appliance.accounts.forms.SignIn"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]  # nobody signs up; a check wants it
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "5/15m/key",  # a name from one address, or the second factor of a person
    "name_failed": "20/15m/key",  # a name from all addresses that are new to it
    "reauthenticate": "10/m/user",
}
SOCIALACCOUNT_ADAPTER = "appliance.accounts.sso.SingleSignOn"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form that leads to another site is stopped by the CSP
SOCIALACCOUNT_STORE_TOKENS = False
SSO_ISSUER = env.text("CONNECTOR_SSO_ISSUER", default="")
SSO_NAME = env.text("CONNECTOR_SSO_NAME", default="single sign-on")
SSO_CLIENT_ID = env.text("CONNECTOR_SSO_CLIENT_ID", default="")
SSO_CLIENT_SECRET = env.text("CONNECTOR_SSO_CLIENT_SECRET", default="")
SSO_HOSTS = env.words("CONNECTOR_SSO_HOSTS")
MFA_ADAPTER = "appliance.accounts.adapters.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "appliance.accounts.forms.Code",
    "reauthenticate": "appliance.accounts.forms.CodeToConfirm",
}
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds before and after: clocks of phones differ
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_RECOVERY_CODE_DIGITS = 12
MFA_RECOVERY_CODES_SHOW_ONCE = True
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "sign-in"

# --- Django -----------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "django.contrib.admin",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "appliance.accounts",
    "appliance.people",
    "appliance.internal",
    "appliance.apps.ApplianceConfig",
    "connector.audit",
    "connector.jobs",
    "connector.rekey",
    "connector.vault",
    "connector.vault.oauth",
    "connector.systems",
    "connector.flows",
    "connector.webhooks",
    "connector.console",
    "connector.api",
]
if PROCESS == "worker":
    INSTALLED_APPS.append("django_q")
MIDDLEWARE = [
    "appliance.headers.headers",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "appliance.keyrings.middleware.KeyringGate",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "appliance.bodies.Bounded",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "appliance.accounts.sessions.InUse",
    "appliance.accounts.second_factor.SecondFactorFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "appliance.urls"
WSGI_APPLICATION = "appliance.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "connector.console.context.shell",
            ],
        },
    }
]
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.path("CONNECTOR_STATIC_ROOT")
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 600  # names are without a digest: an update shows within ten minutes
LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.text("CONNECTOR_ZONE", default="UTC")
USE_TZ = True
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "appliance.accounts.shared_cache.SharedCache"}}
LOGGING = setup.from_environment("json" if HTTPS else "line")
DEFAULT_EXCEPTION_REPORTER = "appliance.logs.pages.Reporter"
LOGGING_CONFIG = "appliance.logs.setup.configure"

# --- The interface for programs ---------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["connector.api.auth.Bearer"],
    "DEFAULT_PERMISSION_CLASSES": ["connector.api.auth.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["connector.api.auth.PerToken"],
    "DEFAULT_THROTTLE_RATES": {"token": "300/minute"},
    "EXCEPTION_HANDLER": "connector.api.errors.answer",
    "UNAUTHENTICATED_USER": None,
}

# --- Queue ------------------------------------------------------------------
# The closed list of what the worker runs: a job row names a kind, never a function.
CONNECTOR_JOBS = {
    "flows.run": "connector.flows.tasks.run",
    "flows.held": "connector.flows.tasks.release_held",
    "flows.decide": "connector.flows.tasks.decide",
    "flows.test": "connector.flows.tasks.test_connection",
    "flows.preview": "connector.flows.tasks.preview",
    "vault.use": "connector.flows.tasks.use_credential",
    "oauth.prepare": "connector.flows.oauth.prepare",
    "oauth.exchange": "connector.flows.oauth.exchange",
    "webhooks.process": "connector.webhooks.tasks.process",
    "keys.reseal": "connector.rekey.tasks.reseal",
}
# Modules that declare the columns of sealed bytes, for sealing anew under new keys.
CONNECTOR_SEALED = (
    *("connector.vault.sealed", "connector.vault.oauth.sealed"),
    *("connector.flows.sealed", "connector.webhooks.sealed"),
    "appliance.accounts.sealed",
)
# What happens again and again, with its interval in seconds; of several workers one does it.
CONNECTOR_BEATS = {
    "connector.flows.schedule.beat": 1.0,
    "connector.flows.upkeep.beat": 5.0,
    "connector.flows.payloads.clean_up": 60.0,
    "connector.rekey.tasks.beat": 30.0,
    "connector.vault.reminders.beat": 3600.0,
    "appliance.queue.upkeep.sweep": 2.0,
    "appliance.queue.upkeep.clean": 600.0,
}
# For so long a job is its worker's; it is renewed at a third. What a killed worker had
# begun is taken up when its lease is over.
LEASE_S = env.number("CONNECTOR_LEASE_S", default=30, at_least=2, at_most=600)
SLICE_S = env.number("CONNECTOR_SLICE_S", default=20, at_least=1, at_most=300)
WORKERS = env.number("CONNECTOR_WORKERS", default=2, at_least=1, at_most=32)
# retry must stay above timeout, otherwise a slow job is handed out twice. Rows of
# results are pickles: none is ever written (save_limit -1) and no cache is used.
Q_CLUSTER = {
    "name": "connector",
    "broker_class": "appliance.queue.broker.Broker",
    "workers": WORKERS,
    "queue_limit": WORKERS,
    "timeout": 3_600,
    "retry": 3_660,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "scheduler": False,
    "catch_up": False,
    "cache": "none",
    "recycle": 5_000,
    "guard_cycle": 0.5,
    "log_level": "WARNING",
}

# --- What the product needs from the box ------------------------------------
CONNECTOR_SECURITY_CONTACT = env.text("CONNECTOR_SECURITY_CONTACT", default="")
CONNECTOR_ALLOWED_PRIVATE_HOSTS = env.words("CONNECTOR_ALLOWED_PRIVATE_HOSTS")
# Remind of a new credential so many days before the last day of the old, and at this age; 0: not.
CONNECTOR_REMIND_EXPIRY_DAYS = env.number(
    "CONNECTOR_REMIND_EXPIRY_DAYS", default=30, at_least=0, at_most=365
)
CONNECTOR_REMIND_AGE_DAYS = env.number(
    "CONNECTOR_REMIND_AGE_DAYS", default=365, at_least=0, at_most=3650
)
CONNECTOR_ALLOW_LOOPBACK = MODE == "practice"
CONNECTOR_CONFIRMED = "appliance.accounts.confirm.confirmed"
CONNECTOR_SECRETS_DIRECTORY = env.path("CONNECTOR_SECRETS_DIRECTORY") or (
    HOME.secrets if HOME else None
)

boot.refuse_unsafe(
    mode=MODE,
    debug=DEBUG,
    hosts=ALLOWED_HOSTS,
    public_url=PUBLIC_URL,
    process=PROCESS,
)
