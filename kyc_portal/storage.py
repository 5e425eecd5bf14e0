"""Static files under names that carry their content's hash, imports between modules included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """After a deployment no browser may combine a new module with an old one that it imports."""

    support_js_module_import_aggregation = True
