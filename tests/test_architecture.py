"""What may import what: the layers, and the rules that keep `liveness` reusable and its client free of Django.

A package or module directly below `liveness` or `liveness.review` is a room. `docs/code-map.md` describes them.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Rooms of `liveness`, the lowest layer first. A room imports from its own layer and from those below it.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("client", "app_settings", "clock", "codecs", "extensions", "loss_causes", "placeholders", "signals"),
    ("exceptions", "sandbox", "clients", "scheduling"),
    ("storage",),
    ("models",),
    ("database", "counters"),
    ("audit",),
    ("access", "conditions"),
    ("ratelimit", "polling", "web"),
    ("media",),
    ("attempts",),
    ("monitoring", "presentation", "templatetags"),
    ("worker",),
    ("admin", "apps", "checks", "management", "tasks", "urls", "views"),
)
REVIEW_LAYERS: tuple[tuple[str, ...], ...] = (
    ("action_counts", "actions", "app_settings", "exceptions", "formatting", "policy", "wording", "models"),
    ("access", "attempt_links", "due_time", "locking", "reasons", "requests", "shortcuts"),
    ("claims", "sync"),
    ("decisions",),
    ("audit_log", "dashboard", "queue"),
    ("workspace",),
    ("admin", "apps", "checks", "management", "shortcuts_views", "tasks", "templatetags", "urls"),
)
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


def module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def room_of(name: str, app: str) -> str:
    """The room of `app` in which a module or an imported name is; empty for one outside, and for the app itself."""
    inside = name.removeprefix(f"{app}.")
    room = "" if inside == name else inside.partition(".")[0]
    return "" if app == "liveness" and room in ("review", "") else room


def is_room(app: str, name: str) -> bool:
    place = ROOT / app.replace(".", "/") / name
    return place.is_dir() or place.with_suffix(".py").exists()


def room_imports(app: str) -> dict[str, dict[str, list[str]]]:
    """For each room, the rooms that it imports, with the imports."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for where, names in modules(f"{app.replace('.', '/')}/**/*.py"):
        here = room_of(module_of(where), app)
        for name in names:
            there = room_of(name, app)
            if here and there and there != here and is_room(app, there):
                found[here][there].append(f"{where} imports {name}")
    return found


def circle(graph: Mapping[str, Iterable[str]]) -> str:
    """A circle of the graph as `a -> b -> a`; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as problem:
        return " -> ".join(reversed(problem.args[1]))
    return ""


def file_imports() -> dict[str, set[str]]:
    """For each module of the tree, the modules that it imports when it is imported itself."""
    paths = {
        module_of(str(path.relative_to(ROOT))): path
        for app in ("liveness", "kyc_portal")
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts
    }
    graph: dict[str, set[str]] = {}
    for module, path in paths.items():
        tree = ast.Module([node for node in ast.parse(path.read_text()).body if not is_for_types(node)], [])
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        names = [name for node in tree.body for name in top_imports(node, package)]
        graph[module] = {found for name in names if (found := nearest(name, paths)) and found != module}
    return graph


def is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def top_imports(node: ast.stmt, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from imports(ast.unparse(node), package)


def nearest(name: str, paths: Mapping[str, Path]) -> str:
    """The module that an imported name is, or is in."""
    if name in paths:
        return name
    module = name.rpartition(".")[0]
    return module if module in paths else ""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import django.db", "django.db"),
        ("from django import db", "django.db"),
        ("from django.db import models", "django.db.models"),
        ("def f():\n    from liveness import models", "liveness.models"),
        ("from . import models", "liveness.media.models"),
        ("from ..models import Poll", "liveness.models.Poll"),
    ],
)
def test_it_sees_every_form_of_import(source, expected):
    assert list(imports(source, "liveness.media")) == [expected]


def test_a_circle_is_named():
    assert circle({"audit": ["media"], "media": ["database"], "database": ["audit"]}).count(" -> ") == 3
    assert circle({"media": ["audit"], "audit": []}) == ""


@pytest.mark.parametrize(("app", "layers"), [("liveness", LAYERS), ("liveness.review", REVIEW_LAYERS)])
def test_no_room_imports_a_room_of_a_higher_layer(app, layers):
    height = {room: number for number, layer in enumerate(layers) for room in layer}
    found = room_imports(app)
    rooms = set(found) | {room for others in found.values() for room in others}
    assert rooms - set(height) == set(), "a new room needs a layer"
    upward = [
        problem
        for room, others in found.items()
        for other, problems in others.items()
        if height[other] > height[room]
        for problem in problems
    ]
    assert upward == []


@pytest.mark.parametrize("app", ["liveness", "liveness.review"])
def test_no_two_rooms_import_each_other(app):
    assert circle(room_imports(app)) == ""


def test_no_files_import_each_other():
    graph = file_imports()
    # A package imports its parts, and each part's import runs the package first.
    plain = {module: {name for name in names if not is_inside(module, name)} for module, names in graph.items()}
    assert circle(plain) == ""


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


def test_shells_do_not_reach_the_vendor():
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
