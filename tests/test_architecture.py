"""What may import what: the rules that keep `liveness` reusable and its client free of Django."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# What the pages of the review app show, by page; above its services and below its views.
ROOMS = ("queue", "workspace", "dashboard", "trail")
SHELL_MAY_USE = ("liveness.client.errors",)


def imports(source: str, package: str) -> Iterator[str]:
    """The absolute names that `source`, a module of `package`, imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*parents, *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def modules(*patterns: str) -> Iterator[tuple[str, list[str]]]:
    """Path and imports of every module that one of the patterns names."""
    for pattern in patterns:
        paths = [path for path in sorted(ROOT.glob(pattern)) if "migrations" not in path.parts]
        assert paths or pattern.startswith(("liveness/review", "liveness/api")), f"{pattern} names no module"
        for path in paths:
            where = path.relative_to(ROOT)
            yield str(where), list(imports(path.read_text(), ".".join(where.parent.parts)))


def breaches(*patterns: str, of: str | tuple[str, ...], except_for: tuple[str, ...] = ()) -> list[str]:
    """Imports of `of` in the modules, apart from those allowed; a name stands for all inside it."""
    return [
        f"{where} imports {name}"
        for where, names in modules(*patterns)
        for name in names
        if is_inside(name, of) and not is_inside(name, except_for)
    ]


def is_inside(name: str, packages: str | tuple[str, ...]) -> bool:
    return f"{name}.".startswith(
        tuple(f"{package}." for package in ([packages] if isinstance(packages, str) else packages))
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import django.db", "django.db"),
        ("from django import db", "django.db"),
        ("from django.db import models", "django.db.models"),
        ("def f():\n    from liveness import models", "liveness.models"),
        ("from . import models", "liveness.services.models"),
        ("from ..models import Poll", "liveness.models.Poll"),
    ],
)
def test_it_sees_every_form_of_import(source, expected):
    assert list(imports(source, "liveness.services")) == [expected]


def test_the_app_never_imports_the_project():
    assert breaches("liveness/**/*.py", of="kyc_portal") == []


def test_client_ranges_and_policy_know_no_django():
    plain = ("liveness/client/**/*.py", "liveness/media/byte_ranges.py", "liveness/polling/policy.py")
    plain += ("liveness/review/policy.py",)
    assert breaches(*plain, of=("django", "celery")) == []


def test_the_client_knows_nothing_of_the_app():
    assert breaches("liveness/client/**/*.py", of="liveness", except_for=("liveness.client",)) == []


def test_the_sandbox_shares_the_signature_with_the_client_and_nothing_else():
    allowed = ("liveness.sandbox", "liveness.client.signing")
    assert breaches("liveness/sandbox/**/*.py", of=("liveness", "django"), except_for=allowed) == []


def test_models_stand_below_services_and_client():
    above = ("liveness.services", "liveness.client", "liveness.worker", "liveness.admin", "liveness.views")
    above += ("liveness.review.services", "liveness.review.views")
    assert breaches("liveness/models/**/*.py", "liveness/review/models/**/*.py", of=above) == []


def test_services_know_no_shell():
    shells = ("liveness.admin", "liveness.views", "liveness.management", "liveness.tasks", "liveness.sandbox")
    shells += ("liveness.review.views", "liveness.review.admin", "liveness.review.management", "liveness.review.tasks")
    rooms = tuple(f"liveness.review.{room}" for room in ROOMS)
    services = ("liveness/services/**/*.py", "liveness/refresh/**/*.py", "liveness/review/services/**/*.py")
    assert breaches(*services, of=shells + rooms) == []


def test_what_a_page_shows_knows_no_view():
    rooms = [f"liveness/review/{room}/**/*.py" for room in ROOMS]
    assert breaches(*rooms, of=("liveness.review.views", "liveness.review.admin")) == []


def test_shells_reach_the_vendor_through_services_alone():
    shells = ("liveness/admin/**/*.py", "liveness/management/**/*.py", "liveness/views.py", "liveness/tasks.py")
    shells += ("liveness/review/**/*.py",)
    assert breaches(*shells, of="liveness.client", except_for=SHELL_MAY_USE) == []


def test_the_core_works_without_its_optional_apps():
    core = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "liveness").glob("*"))]
    inside = [f"{name}/**/*.py" for name in core if (ROOT / name).is_dir() and any((ROOT / name).rglob("*.py"))]
    files = [name for name in core if name.endswith(".py")]
    patterns = [name for name in inside + files if not name.startswith(("liveness/review", "liveness/api"))]
    patterns = [name for name in patterns if "migrations" not in name]
    assert breaches(*patterns, of=("liveness.review", "liveness.api")) == []
