"""System checks of the way out of the network: LIVENESS_PROXY and LIVENESS_CA_BUNDLE."""

import shlex
from pathlib import Path
from typing import Any

from django.core.checks import register

from liveness.app_settings import app_settings
from liveness.checks.settings import TAG, Messages, _error, _warning
from liveness.client.errors import ConfigurationError
from liveness.client.proxy import parse_proxy
from liveness.client.session import checked_bundle

WRITABLE_BY_OTHERS = 0o022


@register(TAG)
def check_proxy(**kwargs: Any) -> Messages:
    if not app_settings.PROXY:
        return []
    try:
        parse_proxy(app_settings.PROXY)
    except ConfigurationError as problem:
        return _error(20, f"LIVENESS_PROXY: {problem}", "Name an HTTP proxy that offers CONNECT, or leave it unset.")
    return []


@register(TAG)
def check_ca_bundle(**kwargs: Any) -> Messages:
    bundle = app_settings.CA_BUNDLE
    if not bundle:
        return []
    if not Path(bundle).is_absolute():
        hint = "Set it to an absolute path: cron and the web server are started in different directories."
        return _error(22, "LIVENESS_CA_BUNDLE is a relative path.", hint)
    try:
        checked_bundle(bundle)
    except ConfigurationError as problem:
        return _error(21, f"{problem}.", "Name a PEM file with the certificates of the authorities, or leave it unset.")
    return _writable(Path(bundle))


def _writable(bundle: Path) -> Messages:
    if not bundle.stat().st_mode & WRITABLE_BY_OTHERS:
        return []
    text = "Other users of this machine can change LIVENESS_CA_BUNDLE, and so choose which servers the portal trusts."
    return _warning(10, text, f"Run: chmod go-w {shlex.quote(str(bundle))}")
