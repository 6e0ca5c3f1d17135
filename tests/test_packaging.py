"""The parts of the distribution agree: roots, entry points, locks, images, vendored files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PLUGINS = sorted(folder for folder in (ROOT / "plugins").iterdir() if folder.is_dir())
VENDOR = ROOT / "admin" / "earful_admin" / "static" / "vendor"
OURS = {"migrate", "web", "worker", "triage", "fetch", "ticker"}
WORKERS = {"worker", "triage", "fetch"}
COMMANDS = OURS - WORKERS | {"worker", "init", "up"}


def read_project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())


def name_of(requirement: str) -> str:
    """`psycopg[binary]>=3.2` -> `psycopg`, in the spelling of the lock files."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return re.sub(r"[._-]+", "-", found[0]).lower()


def locked(file: str) -> set[str]:
    lines = (ROOT / file).read_text().splitlines()
    return {name_of(line) for line in lines if re.match(r"[a-z0-9]", line)}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return read_project(ROOT)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def test_every_root_is_listed_everywhere(project: dict[str, Any]) -> None:
    packages = {"core/earful", "admin/earful_admin"}
    packages |= {f"plugins/{folder.name}/earful_{folder.name}" for folder in PLUGINS}
    roots = {str(Path(package).parent) for package in packages}
    names = {Path(package).name for package in packages}
    tool = project["tool"]

    assert set(tool["hatch"]["build"]["targets"]["wheel"]["packages"]) == packages
    assert set(tool["hatch"]["build"]["dev-mode-dirs"]) == roots
    assert set(tool["mypy"]["mypy_path"].split(":")) == roots
    assert set(tool["importlinter"]["root_packages"]) == names
    for package in packages:
        assert (ROOT / package / "__init__.py").is_file()


def test_every_import_rule_covers_every_plugin(project: dict[str, Any]) -> None:
    plugins = {f"earful_{folder.name}" for folder in PLUGINS}

    for contract in project["tool"]["importlinter"]["contracts"]:
        for key in ("source_modules", "forbidden_modules", "modules"):
            named = {name for name in contract.get(key, ()) if name in plugins}
            assert named in (set(), plugins), f"{contract['name']}: {key}"


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_folder_has_the_form_of_a_strangers_plugin(folder: Path) -> None:
    own = read_project(folder)

    for part in ("README.md", f"earful_{folder.name}/__init__.py", "tests", "tests/fixtures"):
        assert (folder / part).exists(), part
    assert own["project"]["name"] == f"earful-{folder.name}"
    assert own["project"]["entry-points"]["earful.v1"] == {folder.name: f"earful_{folder.name}"}
    assert "earful" in own["project"]["dependencies"]
    assert own["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [
        f"earful_{folder.name}"
    ]


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_the_distribution_brings_what_a_plugin_asks_for(
    folder: Path, project: dict[str, Any]
) -> None:
    asked = set(read_project(folder)["project"]["dependencies"]) - {"earful"}

    assert asked <= set(project["project"]["dependencies"])


def test_root_and_plugin_entry_points_agree(project: dict[str, Any]) -> None:
    built_in: dict[str, str] = {}
    for folder in PLUGINS:
        built_in |= read_project(folder)["project"]["entry-points"]["earful.v1"]

    assert project["project"]["entry-points"]["earful.v1"] == built_in


def imported(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_every_library_that_is_imported_is_asked_for(project: dict[str, Any]) -> None:
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    sources = [source for package in packages for source in (ROOT / package).rglob("*.py")]
    ours = {Path(package).name for package in packages}
    known = {name_of(requirement) for requirement in project["project"]["dependencies"]}
    for extra in project["project"]["optional-dependencies"].values():
        known |= {name_of(requirement) for requirement in extra}
    distributions = packages_distributions()

    libraries = {name for source in sources for name in imported(source)}
    libraries -= ours | set(sys.stdlib_module_names)
    missing = {
        name
        for name in libraries
        # What an extra brings need not be installed; then it goes by its own name.
        if not known & {name_of(d) for d in distributions.get(name, [name])}
    }
    assert not missing


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-test.lock"])
def test_a_lock_pins_what_is_asked_for_and_no_torch(file: str, project: dict[str, Any]) -> None:
    asked = list(project["project"]["dependencies"])
    if "test" in file:
        asked += project["project"]["optional-dependencies"]["test"]
    pinned = locked(file)

    assert {name_of(requirement) for requirement in asked} <= pinned
    assert not pinned & {"torch", "onnxscript"}


def test_both_locks_pin_the_same_versions() -> None:
    def pins(file: str) -> set[str]:
        return {line for line in (ROOT / file).read_text().splitlines() if "==" in line}

    assert pins("requirements.lock") <= pins("requirements-test.lock")


@pytest.mark.parametrize(
    "file", ["requirements.lock", "requirements-test.lock", "admin/package-lock.json"]
)
def test_a_lock_names_no_place_to_fetch_from(file: str) -> None:
    text = (ROOT / file).read_text()

    assert "--index-url" not in text
    assert "--find-links" not in text
    assert '"resolved"' not in text


def test_every_vendored_file_has_its_licence_beside_it() -> None:
    files = {file.name for file in VENDOR.iterdir()} - {".stamp"}
    licences = {name for name in files if name.endswith(".LICENSE")}

    assert files - licences
    assert {f"{name}.LICENSE" for name in files - licences} == licences


def test_the_icon_sprite_has_every_icon_asked_for() -> None:
    asked = (ROOT / "admin" / "icons.txt").read_text().split()
    drawn = re.findall(
        r'<symbol id="([^"]+)" viewBox="0 0 24 24"><', (VENDOR / "icons.svg").read_text()
    )

    assert drawn == asked
    assert asked == sorted(set(asked))


def test_the_image_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]

    assert users
    assert users[-1] not in {"root", "0"}
    assert 'ENTRYPOINT ["earful"]' in lines


def test_compose_runs_every_part(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert set(services) == OURS | {"postgres", "valkey"}
    assert all(services[name]["command"][0] == name for name in OURS - WORKERS)
    served = {name: services[name]["command"][2::2] for name in WORKERS}
    assert served == {
        "triage": ["triage"],
        "fetch": ["fetch"],
        "worker": ["send", "notify", "ingest"],
    }
    assert services["worker"]["deploy"]["replicas"] == 2
    assert services["postgres"]["image"].startswith("postgres:17")
    assert services["valkey"]["image"].startswith("valkey/valkey:8")


def test_compose_publishes_the_web_on_loopback_only(compose: dict[str, Any]) -> None:
    published = {
        name: service["ports"]
        for name, service in compose["services"].items()
        if "ports" in service
    }

    assert published == {"web": ["127.0.0.1:8080:8080"]}


def test_compose_keeps_secrets_in_files(compose: dict[str, Any]) -> None:
    for secret in compose["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    for service in compose["services"].values():
        for name in service.get("environment", {}):
            assert "PASSWORD" not in name or name.endswith("_FILE")


def test_the_configuration_that_compose_mounts_has_known_settings_only() -> None:
    example = (ROOT / "config.example.toml").read_text()
    mounted = tomllib.loads((ROOT / "deploy" / "config.toml").read_text())

    for section, settings in mounted.items():
        if isinstance(settings, dict):
            assert f"[{section}]" in example
        for key in settings if isinstance(settings, dict) else (section,):
            assert re.search(rf"^#?{key} = ", example, re.MULTILINE), key


def test_the_commands_that_compose_uses_exist() -> None:
    program = Path(sysconfig.get_path("scripts"), "earful")
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)

    assert set(re.findall(r"[a-z]+", done.stdout)) >= COMMANDS


def test_the_path_that_compose_asks_for_health_exists(compose: dict[str, Any]) -> None:
    question = compose["services"]["web"]["healthcheck"]["test"][-1]
    path = re.search(r"8080(/\w+)", question)
    assert path
    sources = (ROOT / "admin" / "earful_admin").rglob("*.py")

    assert any(path[1] in source.read_text() for source in sources)
