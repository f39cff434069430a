"""Django's settings, made from ``config``. Nothing here reads the environment by itself."""

from __future__ import annotations

from xueqiao.config import Config

CONFIG = Config()

HOME = CONFIG.home_path
DEBUG = CONFIG.debug == "1"
SECRET_KEY = CONFIG.kept_secret("secret_key", CONFIG.secret_key)
IDENTITY_KEY = CONFIG.kept_secret("identity_key", CONFIG.identity_key)
ALLOWED_HOSTS = [host for host in CONFIG.allowed_hosts.split(",") if host]
PUBLIC_URL = CONFIG.public_url.rstrip("/")
DEMO = CONFIG.is_demo
SM2_SEAL = CONFIG.sm2_seal == "1"
DROPS = CONFIG.drops or HOME / "drops"
XAPI_STRICT_VERSIONS = CONFIG.xapi_strict_versions == "1"
XAPI_HOURS_AHEAD = int(CONFIG.xapi_hours_ahead)
HELP_PHONE = CONFIG.help_phone
OUTBOUND_ALLOW = [host.strip().lower() for host in CONFIG.outbound_allow.split(",") if host.strip()]
OIDC_ISSUER = CONFIG.oidc_issuer
OIDC_AUDIENCE = CONFIG.oidc_audience_or_refuse()
OIDC_JWKS = CONFIG.oidc_jwks
OIDC_SOURCE_CLAIM = CONFIG.oidc_source_claim
OIDC_SCOPE_CLAIM = CONFIG.oidc_scope_claim
OIDC_SCOPES = CONFIG.scope_words()
OIDC_LEEWAY_SECONDS = CONFIG.oidc_leeway()

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "xueqiao.network",
    "xueqiao.people",
    "xueqiao.records",
    "xueqiao.intake",
    "xueqiao.relay",
    "xueqiao.cmi5",
    "xueqiao.catalog",
    "xueqiao.hall",
    "xueqiao.creditbank",
    "xueqiao.service",
    "xueqiao.exchange",
    "xueqiao.funds",
    "xueqiao.governance",
    "xueqiao.monitor",
    "xueqiao.web",
    "xueqiao.cli",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # Above the static files, so that they too travel compressed.
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "xueqiao.web.middleware.PersonMiddleware",
    "xueqiao.web.middleware.ContentPolicyMiddleware",
]

ROOT_URLCONF = "xueqiao.web.urls"
APPEND_SLASH = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "xueqiao.web.context.site",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "xueqiao.web.templatetags.ui",
            ],
        },
    }
]

DATABASES = {"default": CONFIG.database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "people.Login"
CSRF_FAILURE_VIEW = "xueqiao.web.pages.errors.csrf_failed"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "my-learning"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = None
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": HOME / "files"},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Static files are served from the packages themselves; no collectstatic is needed to start.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
# Addresses carry a digest of the content (the tag ``asset``), so a day is safe.
WHITENOISE_MAX_AGE = 86_400
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
XAPI_VERSION = CONFIG.xapi_version
XAPI_VERSION_NEEDED = CONFIG.xapi_version_needed != "0"
XAPI_ORIGINS = tuple(each.strip() for each in CONFIG.xapi_origins.split(",") if each.strip())

CACHES = {
    # Shared by all processes of one machine; holds only what may be lost, such as failed sign-ins.
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": HOME / "cache",
    }
}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
INTAKE = CONFIG.intake_mode
JOURNAL_BYTES = CONFIG.journal_bytes
LAKE = HOME / "lake"
LAKE_ENGINE = CONFIG.lake_engine
LAKE_SPARK = CONFIG.lake_spark
LAKE_MEMORY = CONFIG.lake_memory
LAKE_URL = CONFIG.lake_url
LAKE_S3 = {
    "endpoint": CONFIG.lake_s3_endpoint,
    "key": CONFIG.lake_s3_key,
    "secret": CONFIG.lake_s3_secret,
    "region": CONFIG.lake_s3_region,
}
WORKBENCH_MEGABYTES = CONFIG.whole("workbench_megabytes")
WORKBENCH_SECONDS = CONFIG.whole("workbench_seconds")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
