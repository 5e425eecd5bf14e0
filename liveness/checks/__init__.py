"""The system checks, by topic. `docs/configuration.md` lists their ids. Importing this package registers them."""

from liveness.checks import database, logs, media, pages, renamed, routes, settings

__all__ = ["database", "logs", "media", "pages", "renamed", "routes", "settings"]
