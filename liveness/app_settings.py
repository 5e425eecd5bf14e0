"""The app's settings, read when used, so that a host's `override_settings` and lazy settings work.

Each property is one `LIVENESS_<NAME>` of the host project, with its default and unit.
"""

import socket
from pathlib import Path
from typing import Any

from django.conf import settings

# Entries of ALLOWED_HOSTS that name no portal; the last is of Django's test runner.
LOCAL_HOSTS = ("*", "", "localhost", "127.0.0.1", "[::1]", "testserver")


class AppSettings:
    def _get(self, name: str, default: Any = None) -> Any:
        return getattr(settings, f"LIVENESS_{name}", default)

    @property
    def SECRET_ID(self) -> str:
        """API key id of the vendor account."""
        return str(self._get("SECRET_ID", ""))

    @property
    def SECRET_KEY(self) -> str:
        """API key secret of the vendor account."""
        return str(self._get("SECRET_KEY", ""))

    @property
    def SESSION_TOKEN(self) -> str:
        """Token of a temporary (STS) key; empty for a long-term key."""
        return str(self._get("SESSION_TOKEN", ""))

    @property
    def ENDPOINT(self) -> str:
        """Base URL of the vendor's API."""
        return str(self._get("ENDPOINT", "https://faceid.tencentcloudapi.com"))

    @property
    def PROXY(self) -> str:
        """URL of the HTTP proxy for calls and downloads over HTTPS; empty: none. The environment's is never used."""
        return str(self._get("PROXY", ""))

    @property
    def CA_BUNDLE(self) -> str:
        """PEM file of the only certificate authorities to trust; empty: the public ones of `certifi`."""
        return str(self._get("CA_BUNDLE", ""))

    @property
    def REGION(self) -> str:
        """Region of attempts that are registered without one."""
        return str(self._get("REGION", "ap-singapore"))

    @property
    def RATE_LIMIT(self) -> float:
        """Calls a second that the vendor allows the whole account."""
        return float(self._get("RATE_LIMIT", 20))

    @property
    def RATE_LIMIT_SHARE(self) -> float:
        """The share of RATE_LIMIT that is used."""
        return float(self._get("RATE_LIMIT_SHARE", 0.94))

    @property
    def REDIS_URL(self) -> str:
        """The Redis in which processes share call slots; empty: the database, or RATE_LIMIT_FILE."""
        return str(self._get("REDIS_URL", ""))

    @property
    def RATE_LIMIT_FILE(self) -> Path | None:
        """The small SQLite file in which processes share call slots; None: beside the SQLite database."""
        path = self._get("RATE_LIMIT_FILE")
        return Path(path) if path else None

    @property
    def TOKEN_TTL(self) -> int:
        """Seconds from issue for which a token's result can be read."""
        return int(self._get("TOKEN_TTL", 7200))

    @property
    def CALL_TIMEOUTS(self) -> tuple[float, float]:
        """Seconds to wait for a connection and between bytes of one vendor call."""
        return tuple(self._get("CALL_TIMEOUTS", (3.0, 10.0)))

    @property
    def CALL_DEADLINE(self) -> float:
        """Seconds for one vendor call in all."""
        return float(self._get("CALL_DEADLINE", 10.0))

    @property
    def MEDIA_ROOT(self) -> Path:
        """Directory of the evidence; nothing else may serve from it."""
        return Path(self._get("MEDIA_ROOT", "var/evidence"))

    @property
    def MEDIA_ORIGINS(self) -> list[str]:
        """Origins from which media may be fetched; `*.` stands for any subdomain."""
        return list(self._get("MEDIA_ORIGINS", ["https://*.myqcloud.com", "https://*.tencentcos.cn"]))

    @property
    def MEDIA_MAX_BYTES(self) -> dict[str, int]:
        """Largest file accepted of each kind, in bytes."""
        return {"best_frame": 10_000_000, "video": 50_000_000} | dict(self._get("MEDIA_MAX_BYTES", {}))

    @property
    def MEDIA_DEADLINES(self) -> dict[str, float]:
        """Seconds for the whole download of each kind."""
        return {"best_frame": 30.0, "video": 120.0} | dict(self._get("MEDIA_DEADLINES", {}))

    @property
    def MEDIA_TIMEOUTS(self) -> tuple[float, float]:
        """Seconds to wait for a connection and between bytes of a download."""
        return tuple(self._get("MEDIA_TIMEOUTS", (3.0, 10.0)))

    @property
    def MEDIA_WORKERS(self) -> int:
        """Downloads that one process has under way at once."""
        return int(self._get("MEDIA_WORKERS", 4))

    @property
    def MEDIA_TEMPORARY_BYTES(self) -> int:
        """Bytes that unchecked files of all processes may take at once."""
        return int(self._get("MEDIA_TEMPORARY_BYTES", 500_000_000))

    @property
    def WAKE(self) -> str:
        """Dotted path of the function that wakes a worker for what is urgent; empty: nobody is woken."""
        return str(self._get("WAKE", ""))

    @property
    def MAX_IMAGE_PIXELS(self) -> int:
        """Largest picture that is decoded, in pixels."""
        return int(self._get("MAX_IMAGE_PIXELS", 25_000_000))

    @property
    def ACCEL_PREFIX(self) -> str:
        """Internal nginx location that serves the evidence (X-Accel-Redirect); empty: Django streams it."""
        return str(self._get("ACCEL_PREFIX", ""))

    @property
    def ACCESS_POLICY(self) -> str:
        """Dotted path of the class that decides who may see which media."""
        return str(self._get("ACCESS_POLICY", "liveness.access.AccessPolicy"))

    @property
    def AUDIT_KEY(self) -> str:
        """Secret that authenticates the audit chain; empty: derived from SECRET_KEY."""
        return str(self._get("AUDIT_KEY", ""))

    @property
    def AUDIT_KEY_PREVIOUS(self) -> list[str]:
        """Keys that authenticated earlier parts of the chain, or values of SECRET_KEY that they were derived from.

        A text is taken as one key too, because a key may have a comma.
        """
        keys = self._get("AUDIT_KEY_PREVIOUS", [])
        parts = [keys, *(part.strip() for part in keys.split(","))] if isinstance(keys, str) else keys
        return [part for part in dict.fromkeys(parts) if part]

    @property
    def VIEW_GRANT(self) -> int:
        """Seconds in which one audit event stands for all range requests of one person for one file."""
        return int(self._get("VIEW_GRANT", 600))

    @property
    def METRICS_TOKEN(self) -> str:
        """Bearer token that opens the metrics; empty: there are none."""
        return str(self._get("METRICS_TOKEN", ""))

    @property
    def PORTAL_NAME(self) -> str:
        """The portal's name in alerts; empty: its first public host name, else that of the machine."""
        return str(self._get("PORTAL_NAME", "")) or _host_name()

    @property
    def ALERT_MINUTES(self) -> float:
        """Minutes before its token runs out at which an attempt that is not safe yet is an alert."""
        return float(self._get("ALERT_MINUTES", 15))

    @property
    def ALERT_EMAILS(self) -> list[str]:
        """Addresses that alerts are mailed to."""
        return list(self._get("ALERT_EMAILS", []))

    @property
    def ALERT_COMMAND(self) -> str:
        """Command that is given each alert, as JSON on its standard input; no shell is involved."""
        return str(self._get("ALERT_COMMAND", ""))


def _host_name() -> str:
    names = (name.lstrip(".") for name in settings.ALLOWED_HOSTS)
    return next((name for name in names if name not in LOCAL_HOSTS), "") or socket.gethostname()


app_settings = AppSettings()
