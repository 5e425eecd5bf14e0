"""What of the review app is loaded, and which tables are protected, as JSON: `python -m hostsite.loaded`."""

import json
import sys
from importlib import import_module

import django


def main() -> None:
    django.setup()
    for module in ("liveness.urls", "liveness.admin", "liveness.tasks", "liveness.worker.engine"):
        import_module(module)
    from liveness import audit
    from liveness.models import append_only

    answer = {
        "review": sorted(name for name in sys.modules if name.startswith("liveness.review")),
        "protected": sorted(append_only.UNIQUE_KEYS),
        "unprotected": audit.unprotected_tables(),
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
