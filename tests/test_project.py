"""The files around the code: the locks, the example environment, the change log, the licence, the documents."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import liveness

ROOT = Path(__file__).parent.parent
PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^ ;\\]+)(?P<rest>.*(?:\n    .*)*)", re.MULTILINE
)
# A path with a slash, or a single file, wherever it is named: in a sentence, a table, a link or a command.
PATH = re.compile(r"(?<![\w./-])([\w.][\w.-]*/[\w./-]*|[\w-]+\.(?:py|md))(?![\w(])")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(lock: str) -> dict[str, tuple[str, str]]:
    """Version and the lines behind it, by the name of the package."""
    found = PIN.finditer((ROOT / lock).read_text())
    return {canonicalize_name(pin["name"]): (pin["version"], pin["rest"]) for pin in found}


@pytest.mark.parametrize(
    ("lock", "least"), [("requirements.txt", 20), ("requirements-dev.txt", 20), ("requirements-bench.txt", 2)]
)
def test_every_locked_package_has_hashes(lock, least):
    assert len(pins(lock)) > least
    assert [name for name, (_, rest) in pins(lock).items() if "--hash=sha256:" not in rest] == []


@pytest.mark.parametrize(
    ("lock", "named"),
    [
        ("requirements.txt", PROJECT["project"]["dependencies"]),
        ("requirements-dev.txt", PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]),
        ("requirements-bench.txt", PROJECT["dependency-groups"]["bench"]),
    ],
)
def test_the_lock_holds_what_the_project_names(lock, named):
    locked = pins(lock)
    for requirement in map(Requirement, named):
        version, _ = locked.get(canonicalize_name(requirement.name), ("", ""))
        assert version and requirement.specifier.contains(version), f"run `make lock` for {requirement}"


def test_developers_run_what_is_shipped():
    shipped, developed = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: pin[0] for name, pin in shipped.items()} == {name: developed[name][0] for name in shipped}


def test_the_example_environment_names_what_the_settings_read():
    settings = (ROOT / "kyc_portal" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"(\w+)"', settings))
    explained = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert explained == read


def test_the_configuration_page_names_every_variable_and_check():
    page = (ROOT / "docs" / "configuration.md").read_text()
    explained = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert [name for name in explained if f"`{name}`" not in page] == []
    checks = "".join(path.read_text() for path in sorted((ROOT / "liveness" / "checks").glob("*.py")))
    ids = {
        f"liveness.{'E' if kind == 'error' else 'W'}{int(number):03}"
        for kind, number in re.findall(r"_(error|warning)\(\s*(\d+)", checks)
    }
    assert len(ids) > 10
    assert set(re.findall(r"liveness\.[EW]\d{3}", page)) == ids


def test_the_change_log_has_a_place_for_the_next_change():
    assert "Unreleased" in (ROOT / "CHANGELOG.md").read_text()


def test_an_installed_app_has_every_file_it_needs():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["liveness"]
    app = ROOT / "liveness"
    packed = {path for pattern in patterns for path in app.glob(pattern)}
    needed = {path for path in app.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert sorted(str(path) for path in needed - packed) == []


def test_the_version_is_in_one_place():
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "liveness.__version__"}
    assert Version(liveness.__version__).release


def test_the_project_names_every_licence_that_it_ships():
    patterns = PROJECT["project"]["license-files"]
    found = {pattern: set(ROOT.glob(pattern)) for pattern in patterns}
    assert [pattern for pattern, paths in found.items() if not paths] == []
    assert set().union(*found.values()) == {ROOT / "LICENSE", *(ROOT / "liveness").rglob("LICENSE")}
    assert PROJECT["project"]["license"] == "BSD-3-Clause"
    assert (ROOT / "LICENSE").read_text().startswith("BSD 3-Clause License")
    # An index refuses both together (PEP 639).
    assert [name for name in PROJECT["project"]["classifiers"] if name.startswith("License ::")] == []


@pytest.mark.parametrize("page", ["docs/how-to.md", "docs/code-map.md"])
def test_every_path_that_a_page_names_exists(page):
    # The map names its paths as seen from the app.
    bases = [ROOT, ROOT / "docs", ROOT / "liveness", ROOT / "liveness" / "review"]
    named = {path for path in PATH.findall((ROOT / page).read_text()) if not path.startswith(".venv/")}
    assert len(named) > 30
    assert sorted(path for path in named if not any((base / path).exists() for base in bases)) == []


def test_the_guide_for_contributors_leads_to_the_how_tos():
    assert "(docs/how-to.md)" in (ROOT / "CONTRIBUTING.md").read_text()


def test_a_commit_is_checked_with_commands_of_make_check():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    commands = re.findall(r"^ +entry: \.venv/bin/(.+)$", hooks, re.MULTILINE)
    assert len(commands) == hooks.count("- id: ") == 3
    checks = re.findall(r"^\t\$\(BIN\)/(.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(commands) <= set(checks)
    assert re.findall(r"repo: (.+)", hooks) == ["local"]


def test_the_forge_runs_what_everybody_runs():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert re.findall(r"run: (.+)", workflow) == [".ci/run"]
    assert re.findall(r"uses: ([\w/-]+)@[0-9a-f]{40} ", workflow) == ["actions/checkout"]


def test_editors_and_formatters_agree():
    sections = (ROOT / ".editorconfig").read_text().partition("[*.{py,html}]")
    assert "indent_size = 4\n" in sections[0]
    assert f"max_line_length = {PROJECT['tool']['ruff']['line-length']}\n" in sections[2].partition("[")[0]
