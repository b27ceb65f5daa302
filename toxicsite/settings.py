"""Every setting of toxicsite, one variable a line, all from the environment (see `.env.example`).

`NAME_FILE` may hold the path of a file with the value of `NAME` (for container secrets). A malformed value
stops the start with a sentence that names the variable.
"""

from pathlib import Path

from csp.constants import NONE, SELF
from django.templatetags.static import static

from toxicsite.lib import logging as toxicsite_logging
from toxicsite.lib.environment import EMAIL_PROVIDERS, Environment, running_server
from toxicsite.lib.secret_key import read_earlier_secret_keys, read_or_create_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

# --- where things are -------------------------------------------------------------------------------------
VAR_DIR = Path(env.read("VAR_DIR", str(BASE_DIR / "var")))
MODELS_DIR = Path(env.read("MODELS_DIR", str(VAR_DIR / "models")))
DATASETS_DIR = Path(env.read("DATASETS_DIR", str(VAR_DIR / "datasets")))
RUNS_DIR = Path(env.read("RUNS_DIR", str(VAR_DIR / "runs")))
TRANSFERS_DIR = Path(env.read("TRANSFERS_DIR", str(VAR_DIR / "transfers")))
BACKUP_WARN_DAYS = env.whole("BACKUP_WARN_DAYS", 7)  # 0: never
DISK_WARN_MIB = env.whole("DISK_WARN_MIB", 5_120)
DISK_FULL_MIB = env.whole("DISK_FULL_MIB", 64)
STARTER_MODEL_DIR = BASE_DIR / "models" / "starter"
EARLIER_STARTER_DIR = BASE_DIR / "models" / "starter-wiki"  # the starter of wiki_toxic alone
MULTILINGUAL_STARTER_DIR = BASE_DIR / "models" / "starter-multilingual"

# --- security ---------------------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG", False)
SECRET_KEY_GIVEN = bool(env.read("SECRET_KEY"))
SECRET_KEY = env.read("SECRET_KEY") or read_or_create_secret_key(VAR_DIR / "secret_key")
# Keys of before: they still open what was encrypted or signed with them (`manage.py secret_key`).
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS") or (
    [] if SECRET_KEY_GIVEN else read_earlier_secret_keys(VAR_DIR / "secret_key.earlier")
)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
# Names that the paths of Akismet are answered under too, and below them: a client may put its key before the name.
AKISMET_HOSTS = env.words("AKISMET_HOSTS", ("rest.akismet.com",))
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
HTTPS = env.flag("HTTPS", False)
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "classifier.web.error_pages.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.whole("HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY", False) else None
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- applications -----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "toxicsite.admin_app.ToxicsiteAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "corsheaders",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "toxicsite",
    "classifier",
    "training",
]
MIDDLEWARE = [
    "toxicsite.middleware.RequestIdMiddleware",
    "toxicsite.middleware.MetricsMiddleware",
    "toxicsite.middleware.BrowserHeadersMiddleware",
    "toxicsite.middleware.HealthMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "classifier.middleware.DialectAddressMiddleware",
    "classifier.middleware.ApiProblemMiddleware",
    "toxicsite.middleware.BodyLimitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "classifier.middleware.NotAllowedPageMiddleware",
]
ROOT_URLCONF = "toxicsite.urls"
WSGI_APPLICATION = "toxicsite.wsgi.application"
ASGI_APPLICATION = "toxicsite.asgi.application"
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
                "classifier.web.navigation.navigation",
                "classifier.review.pages.waiting.queue_waiting",
            ],
            "libraries": {"numbers": "training.web.formatting"},
        },
    }
]
AUTH_USER_MODEL = "classifier.User"
AUTHENTICATION_BACKENDS = ["classifier.core.permissions.PermissionsAtOnce"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
        ("UserAttributeSimilarityValidator", {}),
    )
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "classify"
LOGOUT_REDIRECT_URL = "sign-in"
SIGN_IN_FAILURES_MAX = env.whole("SIGN_IN_FAILURES_MAX", 10, at_least=1)
SIGN_IN_NAME_FAILURES_MAX = env.whole("SIGN_IN_NAME_FAILURES_MAX", 50, at_least=1)
SIGN_IN_ADDRESS_FAILURES_MAX = env.whole("SIGN_IN_ADDRESS_FAILURES_MAX", 100, at_least=1)
SIGN_IN_FAILURES_SECONDS = env.whole("SIGN_IN_FAILURES_SECONDS", 900, at_least=1)

# --- database, broker -------------------------------------------------------------------------------------
# Unset, these are the servers that `make run` has started from this folder, while it runs.
DATABASES = {
    "default": env.postgres(
        "DATABASE_URL",
        running_server(VAR_DIR, "database_url", "postgres://toxicsite@localhost:5432/toxicsite"),
    )
}
DATABASES["default"]["CONN_MAX_AGE"] = env.whole("CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.redis("REDIS_URL", running_server(VAR_DIR, "redis_url", "redis://localhost:6379/0"))
REDIS_KEY_PREFIX = env.read("REDIS_KEY_PREFIX", "toxicsite:")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_KEY_PREFIX}cache",
    }
}
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": REDIS_KEY_PREFIX, "visibility_timeout": 3600}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = "classify"
CELERY_TASK_ROUTES = {
    "classifier.deliver": {"queue": "deliveries"},
    "classifier.delivery_log": {"queue": "deliveries"},
    "classifier.notices": {"queue": "deliveries"},
    "classifier.notify": {"queue": "deliveries"},
    "classifier.sessions": {"queue": "deliveries"},
    "classifier.reference*": {"queue": "deliveries"},
    "classifier.transfer*": {"queue": "transfers"},
    "classifier.score_job": {"queue": "transfers"},
    "training.*": {"queue": "training"},
    "classifier.*": {"queue": "classify"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DIRECT = True  # a text whose version only some workers have loaded is announced to just those
# Celery itself closes the database connection around every task; toxicsite.celery keeps it as the web server does.
# Besides the model, a new PostgreSQL process for each comment was the largest part of the way from submit to verdict.
CELERY_DB_REUSE_MAX = 2**31
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "toxicsite.beat:Scheduler"

# --- classification ---------------------------------------------------------------------------------------
COMMENT_MAX_CHARACTERS = env.whole("COMMENT_MAX_CHARACTERS", 20_480, at_least=1)
BATCH_MAX_COMMENTS = env.whole("BATCH_MAX_COMMENTS", 1_000, at_least=1)
MODEL_LANGUAGES = env.words("MODEL_LANGUAGES", ("en",))
MODEL_MEMORY_MIB = env.whole("MODEL_MEMORY_MIB", 900)
SCORE_DEADLINE_SECONDS = env.number("SCORE_DEADLINE_SECONDS", 5.0)
SCORE_BATCH_SECONDS = env.number("SCORE_BATCH_SECONDS", 50.0)
SCORE_JOB_SECONDS = env.number("SCORE_JOB_SECONDS", 600.0)
SCORE_MAX_WINDOWS = env.whole("SCORE_MAX_WINDOWS", 64, at_least=1)
SCORER_BACKEND = env.read("SCORER_BACKEND", "auto")
SCORER_TOKEN_BUDGET = env.whole("SCORER_TOKEN_BUDGET", 2_048, at_least=1)
CLASSIFY_CLAIM_SIZE = env.whole("CLASSIFY_CLAIM_SIZE", 64, at_least=1)
CLASSIFY_CLAIM_SECONDS = env.number("CLASSIFY_CLAIM_SECONDS", 60.0)
POLICY_CACHE_SECONDS = env.number("POLICY_CACHE_SECONDS", 3.0)
CLASSIFY_SWEEP_SECONDS = env.number("CLASSIFY_SWEEP_SECONDS", 15.0)
SHADOW_SHARE = env.share("SHADOW_SHARE", 1.0)
RETENTION_SWEEP_SECONDS = env.number("RETENTION_SWEEP_SECONDS", 3_600.0)
STATISTICS_SWEEP_SECONDS = env.number("STATISTICS_SWEEP_SECONDS", 300.0)
TRAIN_SWEEP_SECONDS = env.number("TRAIN_SWEEP_SECONDS", 15.0)
TRANSFER_SWEEP_SECONDS = env.number("TRANSFER_SWEEP_SECONDS", 30.0)
TRAIN_CLAIM_SECONDS = env.number("TRAIN_CLAIM_SECONDS", 60.0)
TRAIN_NICE = env.whole("TRAIN_NICE", 5)
WEBHOOK_SWEEP_SECONDS = env.number("WEBHOOK_SWEEP_SECONDS", 5.0)
NOTICE_SWEEP_SECONDS = env.number("NOTICE_SWEEP_SECONDS", 60.0)
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "classifier.sweep",
        "schedule": CLASSIFY_SWEEP_SECONDS,
        "options": {"expires": CLASSIFY_SWEEP_SECONDS},
    },
    "retention": {
        "task": "classifier.retention",
        "schedule": RETENTION_SWEEP_SECONDS,
        "options": {"expires": RETENTION_SWEEP_SECONDS},
    },
    "statistics": {
        "task": "classifier.statistics",
        "schedule": STATISTICS_SWEEP_SECONDS,
        "options": {"expires": STATISTICS_SWEEP_SECONDS},
    },
    "deliver": {
        "task": "classifier.deliver",
        "schedule": WEBHOOK_SWEEP_SECONDS,
        "options": {"expires": WEBHOOK_SWEEP_SECONDS},
    },
    "delivery-log": {"task": "classifier.delivery_log", "schedule": 3_600.0, "options": {"expires": 3_600.0}},
    "sessions": {"task": "classifier.sessions", "schedule": 3_600.0, "options": {"expires": 3_600.0}},
    "reference": {
        "task": "classifier.reference",
        "schedule": WEBHOOK_SWEEP_SECONDS,
        "options": {"expires": WEBHOOK_SWEEP_SECONDS},
    },
    "reference-log": {
        "task": "classifier.reference_log",
        "schedule": 3_600.0,
        "options": {"expires": 3_600.0},
    },
    "notices": {
        "task": "classifier.notices",
        "schedule": NOTICE_SWEEP_SECONDS,
        "options": {"expires": NOTICE_SWEEP_SECONDS},
    },
    "notify": {
        "task": "classifier.notify",
        "schedule": WEBHOOK_SWEEP_SECONDS,
        "options": {"expires": WEBHOOK_SWEEP_SECONDS},
    },
    "transfers-sweep": {
        "task": "classifier.transfers_sweep",
        "schedule": TRANSFER_SWEEP_SECONDS,
        "options": {"expires": TRANSFER_SWEEP_SECONDS},
    },
    "usage": {"task": "classifier.usage", "schedule": 60.0, "options": {"expires": 60.0}},
    "training-sweep": {
        "task": "training.sweep_up",
        "schedule": TRAIN_SWEEP_SECONDS,
        "options": {"expires": TRAIN_SWEEP_SECONDS},
    },
}

# --- the review queue -------------------------------------------------------------------------------------
REVIEW_CLAIM_SECONDS = env.number("REVIEW_CLAIM_SECONDS", 300.0)
REVIEW_SKIP_SECONDS = env.number("REVIEW_SKIP_SECONDS", 3_600.0)
BLUR_TEXT_DEFAULT = env.flag("BLUR_TEXT_DEFAULT", True)
SECOND_LOOK_EVERY = env.whole("SECOND_LOOK_EVERY", 20)
APPEAL_BY_OTHERS = env.flag("APPEAL_BY_OTHERS", True)
REPORTS_TO_REOPEN = env.whole("REPORTS_TO_REOPEN", 1, at_least=1)
REPORTS_TO_HIDE = env.whole("REPORTS_TO_HIDE", 0, at_least=0)

# --- webhooks ----------------------------------------------------------------------------------------------
SITE_URL = env.site("SITE_URL")
WEBHOOK_ALLOWED_NETWORKS = env.networks("WEBHOOK_ALLOWED_NETWORKS")
WEBHOOK_ALLOWED_PORTS = env.ports("WEBHOOK_ALLOWED_PORTS", (80, 443, 8080, 8443))
WEBHOOK_CONNECT_SECONDS = env.number("WEBHOOK_CONNECT_SECONDS", 5.0)
WEBHOOK_TOTAL_SECONDS = env.number("WEBHOOK_TOTAL_SECONDS", 15.0)
WEBHOOK_THREADS = env.whole("WEBHOOK_THREADS", 16, at_least=1)
WEBHOOK_AT_ONCE = env.whole("WEBHOOK_AT_ONCE", 4, at_least=1)
WEBHOOK_GIVE_UP_DAYS = env.whole("WEBHOOK_GIVE_UP_DAYS", 5, at_least=1)
WEBHOOK_LOG_DAYS = env.whole("WEBHOOK_LOG_DAYS", 30, at_least=1)
WEBHOOK_CACHE_SECONDS = env.number("WEBHOOK_CACHE_SECONDS", 3.0)

# --- notices -----------------------------------------------------------------------------------------------
EMAIL_IS_SET = bool(env.read("EMAIL_URL") or env.read("EMAIL_PROVIDER"))
vars().update(env.email("EMAIL_URL"))
EMAIL_TIMEOUT = env.whole("EMAIL_TIMEOUT_SECONDS", 15, at_least=1)
if EMAIL_PROVIDER := env.choice("EMAIL_PROVIDER", "", EMAIL_PROVIDERS):
    EMAIL_BACKEND = f"anymail.backends.{EMAIL_PROVIDER}.EmailBackend"
ANYMAIL = {**env.pairs("EMAIL_PROVIDER_OPTIONS"), "REQUESTS_TIMEOUT": EMAIL_TIMEOUT}
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.read("EMAIL_FROM", "toxicsite@localhost")
QUEUE_AGE_WARN_HOURS = env.number("QUEUE_AGE_WARN_HOURS", 24.0)
QUEUE_GROWTH_WARN = env.whole("QUEUE_GROWTH_WARN", 200, at_least=1)

# --- reference services ------------------------------------------------------------------------------------
REFERENCE_QUEUE_SECONDS = env.number("REFERENCE_QUEUE_SECONDS", 600.0)
REFERENCE_KEEP_DAYS = env.whole("REFERENCE_KEEP_DAYS", 180, at_least=1)
REFERENCE_THREADS = env.whole("REFERENCE_THREADS", 16, at_least=1)

# --- imports and exports --------------------------------------------------------------------------------------
TRANSFER_MAX_BYTES = env.whole("TRANSFER_MAX_BYTES", 2 * 1024 * 1024 * 1024, at_least=1)
TRANSFER_CLAIM_SECONDS = env.number("TRANSFER_CLAIM_SECONDS", 120.0)
TRANSFER_KEEP_HOURS = env.number("TRANSFER_KEEP_HOURS", 72.0)
REFERENCE_MAP_MIN_PAIRS = env.whole("REFERENCE_MAP_MIN_PAIRS", 300, at_least=10)
EXPORT_DIRECT_ROWS = env.whole("EXPORT_DIRECT_ROWS", 10_000)

# --- the quality gate before production -------------------------------------------------------------------
GATE_MIN_ROC_AUC = env.share("GATE_MIN_ROC_AUC", 0.9)
GATE_MIN_F1 = env.share("GATE_MIN_F1", 0.5)
GATE_MAX_ROC_AUC_LOSS = env.share("GATE_MAX_ROC_AUC_LOSS", 0.003)
GATE_MAX_F1_LOSS = env.share("GATE_MAX_F1_LOSS", 0.01)
GATE_SIGNIFICANCE = env.share("GATE_SIGNIFICANCE", 0.01)
GATE_MAX_SUBGROUP_AUC_LOSS = env.share("GATE_MAX_SUBGROUP_AUC_LOSS", 0.03)
GATE_MAX_LATENCY_RATIO = env.number("GATE_MAX_LATENCY_RATIO", 2.0)
GATE_MIN_SUITE_RIGHT = env.share("GATE_MIN_SUITE_RIGHT", 0.0)
GATE_MIN_KIND_RIGHT = env.share("GATE_MIN_KIND_RIGHT", 0.0)
GATE_SUITES = env.words("GATE_SUITES")

# --- datasets ---------------------------------------------------------------------------------------------
DATASET_MAX_BYTES = env.whole("DATASET_MAX_BYTES", 100 * 1024 * 1024, at_least=1)
DATASET_MAX_ROWS = env.whole("DATASET_MAX_ROWS", 1_000_000, at_least=1)
DATASET_MEMORY_MIB = env.whole("DATASET_MEMORY_MIB", 4_096, at_least=512)
DATASET_READ_SECONDS = env.number("DATASET_READ_SECONDS", 300.0)
SAMPLE_DATASET_DIR = BASE_DIR / "training" / "data" / "sample"

# --- language, static files, logs -------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "toxicsite.lib.formats"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
UNFOLD = {
    "SITE_TITLE": "toxicsite",
    "SITE_HEADER": "toxicsite",
    "SITE_SYMBOL": "gavel",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/favicon.svg")}
    ],
    "STYLES": [lambda request: static("css/admin.css")],
    "DASHBOARD_CALLBACK": "toxicsite.admin_home.admin_home",
}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = env.whole("BODY_MAX_BYTES", 10 * 1024 * 1024, at_least=1)
LOGGING = toxicsite_logging.configuration(
    level=env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    style=env.choice("LOG_FORMAT", "text", ("text", "json")),
)

# --- API --------------------------------------------------------------------------------------------------
API_REQUESTS_PER_MINUTE = env.whole("API_REQUESTS_PER_MINUTE", 6_000, at_least=1)
# Pages of these origins may call the API; with a key, never with somebody's session.
CORS_ALLOWED_ORIGINS = env.words("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/(api/v1|v1|v1alpha1)/|^/predict$"
CORS_ALLOW_HEADERS = (
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "last-event-id",
    "x-api-key",
    "x-goog-api-key",
    "x-request-id",
)
CORS_EXPOSE_HEADERS = (
    *("ETag", "Idempotency-Replayed", "Location", "RateLimit", "RateLimit-Limit", "RateLimit-Policy"),
    *("RateLimit-Remaining", "RateLimit-Reset", "Retry-After", "X-Request-ID"),
    *("Toxicsite-Answered-By", "Toxicsite-Missing-Attributes", "Toxicsite-Policy", "Toxicsite-Score-Map"),
    "Toxicsite-Skipped-Parts",
)
METRICS_TOKEN = env.read("METRICS_TOKEN")
METRICS_ALLOWED = env.networks("METRICS_ALLOWED", ("127.0.0.0/8", "::1/128"))
API_WAIT_MAX_SECONDS = env.number("API_WAIT_MAX_SECONDS", 10.0)
API_STREAMS_MAX = env.whole("API_STREAMS_MAX", 8, at_least=1)
API_STREAM_SECONDS = env.number("API_STREAM_SECONDS", 300.0)
API_STREAM_LOOK_SECONDS = env.number("API_STREAM_LOOK_SECONDS", 1.0)
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "classifier.api.schema.OperationSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["classifier.api.parsing.StrictJSONParser"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "toxicsite",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "LICENSE": {"name": "Apache-2.0"},
    "COMPONENT_SPLIT_REQUEST": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "CommentStatus": "classifier.comments.api.output.STATUS_CHOICES",
        "RuleKind": "classifier.policies.api.rules.KIND_CHOICES",
        "RuleBand": "classifier.policies.api.rules.BAND_CHOICES",
        "RuleState": "classifier.policies.api.rules.STATE_CHOICES",
        "RuleFileFormat": "classifier.policies.api.rules.FILE_FORMAT_CHOICES",
        "Verdict": "classifier.comments.api.output.VERDICT_CHOICES",
        "CommentAction": "classifier.comments.api.output.ACTION_CHOICES",
        "TextFormat": "classifier.comments.api.output.FORMAT_CHOICES",
        "Band": "classifier.scoring.api.BAND_CHOICES",
        "TransferKind": "classifier.transfers.api.transfers.KIND_CHOICES",
        "TransferStatus": "classifier.transfers.api.transfers.TRANSFER_STATUS_CHOICES",
        "TransferFormat": "classifier.transfers.api.transfers.FORMAT_CHOICES",
        "RunStatus": "training.experiments.api.output.RUN_STATUS_CHOICES",
        "Recipe": "training.experiments.api.output.RECIPE_CHOICES",
        "DatasetKind": "training.datasets.api.output.KIND_CHOICES",
        "DatasetState": "training.datasets.api.output.STATE_CHOICES",
        "ModelVersionStatus": "training.promotion.api.VERSION_STATUS_CHOICES",
        "EvaluatingState": "training.promotion.api.EVALUATING_CHOICES",
        "WebhookEvent": "classifier.webhooks.api.webhooks.EVENT_CHOICES",
        "SentWebhookEvent": "classifier.webhooks.api.deliveries.SENT_CHOICES",
        "WebhookDeliveryStatus": "classifier.webhooks.api.deliveries.DELIVERY_CHOICES",
        "WantedSuiteState": "training.evaluations.api.suites.WANTED_STATE_CHOICES",
        "SuiteKind": "training.evaluations.api.suites.SUITE_KIND_CHOICES",
    },
    "PREPROCESSING_HOOKS": ["classifier.api.schema.only_version_1"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "classifier.api.schema.describe_api",
        "classifier.api.schema.close_inputs",
    ],
}
