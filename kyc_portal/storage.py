"""Static files under names that carry their content's hash, imports between modules included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

OUR_MODULES = "liveness_review/*.js"


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """After a deployment no browser may combine a new module of ours with an old one that it imports.

    Django's own switch for this rewrites every script, and trips over words of other people's that only look like an
    import (in a comment of htmx's extensions, say).
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        (OUR_MODULES, CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )
