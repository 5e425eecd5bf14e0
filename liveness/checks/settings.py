"""System checks: what is wrong with the settings, and what to type. `docs/configuration.md` lists the ids."""

import ipaddress
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import DEFAULT_DB_ALIAS, connections

from liveness.app_settings import app_settings
from liveness.attempts.validation import REGIONS
from liveness.checks import findings
from liveness.client.endpoint import parse_endpoint
from liveness.client.errors import ConfigurationError
from liveness.media.fetching.url_allow_list import Origin, is_public
from liveness.models import append_only
from liveness.monitoring.metrics import token_problem
from liveness.placeholders import holds_placeholder

TAG = "liveness"
LONGEST_NAME = 64
VENDOR_RATE = 20
VENDOR_TTL = 7200
OTHERS = 0o007
REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
SQLITE_NEEDS = ("journal_mode=wal", "recursive_triggers=on")

CREDENTIALS_HINT = "Set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY (https://console.tencentcloud.com/cam/capi)."
SQLITE_HINT = (
    'Set DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": '
    '"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;"}'
)
AUDIT_KEY_HINT = (
    'Set LIVENESS_AUDIT_KEY to the output of: python -c "import secrets; print(secrets.token_urlsafe(50))", in all '
    "processes at once. Where events were written already, with a key derived from SECRET_KEY, the chain goes on with "
    "the new key; when you change SECRET_KEY later, put its old value into LIVENESS_AUDIT_KEY_PREVIOUS."
)
Messages = list[CheckMessage]


def _error(number: int, text: str, hint: str) -> Messages:
    return [Error(text, hint=hint, id=f"liveness.E{number:03}")]


def _warning(number: int, text: str, hint: str) -> Messages:
    return [Warning(text, hint=hint, id=f"liveness.W{number:03}")]


@register(TAG)
def check_credentials(**kwargs: Any) -> Messages:
    if _has_credentials():
        return []
    return _warning(1, "No vendor API key is set; results cannot be fetched.", CREDENTIALS_HINT)


@register(TAG, deploy=True)
def check_credentials_in_production(**kwargs: Any) -> Messages:
    return [] if _has_credentials() else _error(1, "No vendor API key is set.", CREDENTIALS_HINT)


@register(TAG)
def check_region(**kwargs: Any) -> Messages:
    if app_settings.REGION in REGIONS:
        return []
    return _error(2, "LIVENESS_REGION names no region of the vendor.", f"Set it to one of {', '.join(REGIONS)}.")


@register(TAG)
def check_endpoint(**kwargs: Any) -> Messages:
    try:
        parse_endpoint(app_settings.ENDPOINT)
    except ConfigurationError as problem:
        return _error(3, f"LIVENESS_ENDPOINT: {problem}", "Set it to https://faceid.intl.tencentcloudapi.com.")
    return []


@register(TAG, deploy=True)
def check_endpoint_in_production(**kwargs: Any) -> Messages:
    if check_endpoint() or not parse_endpoint(app_settings.ENDPOINT).is_loopback:
        return []
    hint = "Set it to https://faceid.intl.tencentcloudapi.com; a sandbox's passes prove nothing."
    return _error(11, "LIVENESS_ENDPOINT is this machine itself.", hint)


@register(TAG)
def check_media_root(**kwargs: Any) -> Messages:
    root = Path(app_settings.MEDIA_ROOT).resolve()
    for name, public in _public_directories():
        if root.is_relative_to(public.resolve()):
            text = f"LIVENESS_MEDIA_ROOT lies inside {name}, which the web server hands out."
            return _error(4, text, "Move the evidence to a directory of its own, such as /var/lib/kyc-portal/evidence.")
    if root.is_dir() and root.stat().st_mode & OTHERS:
        text = "Other users of this machine can enter LIVENESS_MEDIA_ROOT."
        return _warning(5, text, f"Run: chmod o-rwx {shlex.quote(str(root))}")
    return []


@register(TAG)
def check_media_root_is_absolute(**kwargs: Any) -> Messages:
    if Path(app_settings.MEDIA_ROOT).is_absolute():
        return []
    hint = "Set it to an absolute path: cron and the web server are started in different directories."
    here = Path(app_settings.MEDIA_ROOT).absolute()
    return _error(12, f"LIVENESS_MEDIA_ROOT is a relative path; this process takes it for {here}.", hint)


@register(TAG)
def check_time_zones(**kwargs: Any) -> Messages:
    if settings.USE_TZ:
        return []
    return _error(13, "USE_TZ is off; a token's times would shift with the clocks.", "Set USE_TZ = True.")


@register(TAG)
def check_media_origins(**kwargs: Any) -> Messages:
    messages: Messages = []
    for text in app_settings.MEDIA_ORIGINS:
        try:
            Origin.parse(text)
        except ValueError as problem:
            messages += _error(5, f"LIVENESS_MEDIA_ORIGINS: {problem}.", "Name origins only: scheme, host, port.")
    return messages


@register(TAG, deploy=True)
def check_media_origins_in_production(**kwargs: Any) -> Messages:
    if check_media_origins():
        return []
    local = [text for text in app_settings.MEDIA_ORIGINS if _is_local(Origin.parse(text))]
    text = "LIVENESS_MEDIA_ORIGINS allows plain HTTP or a private address: "
    hint = "Leave it unset; the default names the vendor's storage."
    return _error(10, text + ", ".join(local), hint) if local else []


@register(TAG)
def check_placeholders(**kwargs: Any) -> Messages:
    left = sorted(name for name in dir(settings) if name.isupper() and holds_placeholder(getattr(settings, name)))
    text = f"Still the example's placeholder: {', '.join(left)}."
    hint = 'Make a key with: python -c "import secrets; print(secrets.token_urlsafe(50))"; the vendor makes its own.'
    return _error(7, text, hint) if left else []


@register(TAG)
def check_rate_limit(**kwargs: Any) -> Messages:
    if app_settings.RATE_LIMIT <= 0:
        return _error(8, "LIVENESS_RATE_LIMIT must be more than 0 calls a second.", f"Set it to {VENDOR_RATE}.")
    if app_settings.RATE_LIMIT > VENDOR_RATE:
        text = f"LIVENESS_RATE_LIMIT is above the vendor's {VENDOR_RATE} calls a second."
        return _warning(2, text, f"Set it to {VENDOR_RATE} unless the vendor has raised your account's limit.")
    return []


@register(TAG)
def check_pace(**kwargs: Any) -> Messages:
    if 0 < app_settings.RATE_LIMIT_SHARE <= 1:
        return []
    return _error(14, "LIVENESS_RATE_LIMIT_SHARE must be more than 0 and at most 1.", "Leave it unset.")


@register(TAG)
def check_redis_url(**kwargs: Any) -> Messages:
    if not app_settings.REDIS_URL or app_settings.REDIS_URL.startswith(REDIS_SCHEMES):
        return []
    return _error(15, "LIVENESS_REDIS_URL is no address of a Redis.", "Set it to redis://host:6379/0, or unset it.")


@register(TAG)
def check_token_ttl(**kwargs: Any) -> Messages:
    if app_settings.TOKEN_TTL <= 0:
        return _error(9, "LIVENESS_TOKEN_TTL must be more than 0 seconds.", f"Set it to {VENDOR_TTL}.")
    if app_settings.TOKEN_TTL > VENDOR_TTL:
        text = f"LIVENESS_TOKEN_TTL is longer than the {VENDOR_TTL} s for which the vendor keeps a result."
        return _warning(3, text, f"Set it to {VENDOR_TTL}.")
    return []


@register(TAG)
def check_database(**kwargs: Any) -> Messages:
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor not in append_only.STATEMENTS:
        text = f"On {connection.vendor} the audit log is not protected against changes."
        return _warning(6, text, "Use PostgreSQL or SQLite.")
    options = connection.settings_dict.get("OPTIONS", {})
    if connection.vendor == "sqlite" and not _is_sqlite_safe(options):
        return _warning(4, "SQLite can lose a write, or let an audit entry be replaced, as it is set up.", SQLITE_HINT)
    return []


@register(TAG)
def check_database_files(**kwargs: Any) -> Messages:
    files = " ".join(shlex.quote(str(path)) for path in findings.files_open_to_others())
    text = "Other users of this machine can use the database's files."
    return _warning(21, text, f"Run: chmod 600 {files}") if files else []


@register(TAG, deploy=True)
def check_room(**kwargs: Any) -> Messages:
    text = f"The disk of LIVENESS_MEDIA_ROOT has room for less than {findings.VIDEOS_OF_ROOM} videos."
    return [] if findings.has_room_for_videos() else _warning(22, text, "Free space on it, or mount a larger one.")


@register(TAG)
def check_values_travel_beside_statements(**kwargs: Any) -> Messages:
    connection = connections[DEFAULT_DB_ALIAS]
    options = connection.settings_dict.get("OPTIONS", {})
    if connection.vendor != "postgresql" or options.get("server_side_binding"):
        return []
    text = "PostgreSQL writes a statement that failed into its log, and tokens with it."
    return _warning(20, text, 'Set DATABASES["default"]["OPTIONS"]["server_side_binding"] = True.')


@register(TAG, deploy=True)
def check_audit_key(**kwargs: Any) -> Messages:
    return [] if app_settings.AUDIT_KEY else _warning(7, "LIVENESS_AUDIT_KEY is not set.", AUDIT_KEY_HINT)


@register(TAG)
def check_metrics_token(**kwargs: Any) -> Messages:
    problem = token_problem(app_settings.METRICS_TOKEN) if app_settings.METRICS_TOKEN else ""
    if not problem:
        return []
    hint = 'Set it to the output of: python -c "import secrets; print(secrets.token_urlsafe(32))", or unset it.'
    return _error(16, f"LIVENESS_METRICS_TOKEN {problem}; nothing is served for it.", hint)


@register(TAG)
def check_alarms(**kwargs: Any) -> Messages:
    messages: Messages = []
    if app_settings.ALERT_MINUTES <= 0:
        messages += _error(17, "LIVENESS_ALERT_MINUTES must be more than 0.", "Leave it unset.")
    try:
        shlex.split(app_settings.ALERT_COMMAND)
    except ValueError as problem:
        messages += _error(18, f"LIVENESS_ALERT_COMMAND: {problem}.", "Write it as in a shell, with paired quotes.")
    try:
        for address in app_settings.ALERT_EMAILS:
            validate_email(address)
    except ValidationError:
        messages += _error(19, "LIVENESS_ALERT_EMAILS holds what is no address.", "Separate addresses by commas.")
    name = app_settings.PORTAL_NAME
    if not name.isprintable() or len(name) > LONGEST_NAME:
        text = "LIVENESS_PORTAL_NAME is no name for the subject of a mail."
        messages += _error(39, text, f"Write one line of at most {LONGEST_NAME} printable characters.")
    return messages


def _has_credentials() -> bool:
    return bool(app_settings.SECRET_ID and app_settings.SECRET_KEY)


def _is_local(origin: Origin) -> bool:
    try:
        return not is_public(ipaddress.ip_address(origin.host.strip("[]")))
    except ValueError:
        return origin.scheme == "http" or origin.host == "localhost" or origin.host.endswith(".localhost")


def _is_sqlite_safe(options: dict[str, Any]) -> bool:
    commands = str(options.get("init_command", "")).replace(" ", "").lower()
    return options.get("transaction_mode") == "IMMEDIATE" and all(need in commands for need in SQLITE_NEEDS)


def _public_directories() -> Iterable[tuple[str, Path]]:
    for name in ("STATIC_ROOT", "MEDIA_ROOT", "WHITENOISE_ROOT"):
        if directory := getattr(settings, name, None):
            yield name, Path(directory)
    for entry in getattr(settings, "STATICFILES_DIRS", ()):
        yield "STATICFILES_DIRS", Path(entry[1] if isinstance(entry, tuple | list) else entry)
