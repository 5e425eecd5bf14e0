"""Static files as they are deployed."""

import re
from pathlib import Path

from django.core.management import call_command

STORAGE = {"BACKEND": "kyc_portal.storage.StaticStorage"}


def test_collected_modules_import_each_other_by_hashed_names(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": STORAGE}
    call_command("collectstatic", interactive=False, verbosity=0)
    modules = [path for path in tmp_path.glob("liveness_review/*.js") if re.search(r"\.[0-9a-f]{12}\.js$", path.name)]
    imports = [
        (module.parent / name).resolve()
        for module in modules
        for name in re.findall(r"""from ["'](\./[^"']+)["']""", module.read_text())
    ]
    assert imports
    assert [
        path for path in imports if not Path(path).exists() or not re.search(r"\.[0-9a-f]{12}\.js$", path.name)
    ] == []
