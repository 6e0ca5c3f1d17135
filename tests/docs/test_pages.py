"""The pages agree with the code: links, commands, hooks, names, settings, errors, policies."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import earful
import earful.cli
import pytest
from earful import errors, hookspecs
from earful.config import Config
from earful.policies import (
    ACTIONS,
    OPERATORS,
    CompiledPolicy,
    FactRegistry,
    compile_policy,
    decide,
)
from pydantic import BaseModel

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """A page without its code blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(read(name))):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), target


def test_every_page_and_picture_is_linked_from_somewhere() -> None:
    linked = {ROOT / "README.md"}
    for name in NAMES:
        targets = re.findall(r"\]\(([^)\s#]+)", prose(read(name)))
        linked |= {((ROOT / name).parent / target).resolve() for target in targets}
    pictures = set((DOCS / "images").iterdir())
    # The tutorial's plugin is linked as a folder.
    assert {*PAGES, *pictures} - linked <= {DOCS / "tutorial" / "README.md"}


@pytest.mark.parametrize("name", NAMES)
def test_pages_name_no_machine(name: str) -> None:
    assert not re.search(r"/(?:home|root|Users|work|tmp|mnt)/", read(name))
    assert not re.search(r"\b(?:TODO|FIXME|TBD)\b", read(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_command_exists(name: str) -> None:
    text = read(name)
    spoken = re.findall(r"`earful ([a-z]+)|^(?:\$ )?earful ([a-z]+)", text, re.MULTILINE)
    known = set(earful.cli._MODULES)
    assert {one or other for one, other in spoken} <= known


@pytest.mark.parametrize("name", NAMES)
def test_every_make_target_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    spoken = re.findall(r"`make ([a-z]+)|^make ([a-z]+)", read(name), re.MULTILINE)
    assert {one or other for one, other in spoken} <= targets


@pytest.mark.parametrize("name", NAMES)
def test_every_option_exists(name: str) -> None:
    """Every `earful COMMAND --option` in a line of code is one that the command knows."""
    for command, rest in re.findall(r"^(?:\$ )?earful ([a-z]+)(.*)$", read(name), re.MULTILINE):
        told = helped(command)
        for option in re.findall(r"--[a-z-]+", rest.partition("#")[0]):
            assert option in told, f"earful {command} {option}"


@cache
def helped(command: str) -> str:
    group = [command, "add"] if command == "user" else [command]
    done = subprocess.run(
        [sys.executable, "-m", "earful", *group, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_help_and_operations_name_the_same_commands() -> None:
    named = set(re.findall(r"`earful ([a-z]+)", read("docs/operations.md") + read("README.md")))
    named |= set(re.findall(r"^earful ([a-z]+)", read("README.md"), re.MULTILINE))
    named |= {"demo"}
    assert named == set(earful.cli._MODULES)


def test_the_readme_begins_with_its_two_commands() -> None:
    first = re.search(r"^```\n(.*?)^```", read("README.md"), re.DOTALL | re.MULTILINE)
    assert first
    assert first[1].split("\n")[:-1] == ["make demo", "make test"]


def test_the_readmes_commands_make_an_installation(tmp_path: Path) -> None:
    lines = re.findall(r"^earful (.*?)(?: {2,}#.*)?$", read("README.md"), re.MULTILINE)
    assert [line.split()[0] for line in lines] == ["init", "migrate", "check", "user", "up"]
    for line in lines[:-1]:
        done = subprocess.run(
            [sys.executable, "-m", "earful", *shlex.split(line)],
            input="a long password\n",
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


def test_the_readmes_configuration_has_known_settings_only() -> None:
    for page in ("README.md", "docs/operations.md", "docs/configuration.md"):
        for block in re.findall(r"^```toml\n(.*?)^```", read(page), re.DOTALL | re.MULTILINE):
            for section, keys in tomllib.loads(block).items():
                assert section in Config.model_fields, page
                for key in keys if section in tables() else ():
                    assert key in tables()[section].model_fields, f"{page}: {section}.{key}"


# Hooks and components


def test_every_hook_has_its_heading_with_its_signature() -> None:
    specs = [
        function
        for name, function in inspect.getmembers(hookspecs, inspect.isfunction)
        if hasattr(function, f"{hookspecs.PROJECT}_spec")
    ]
    assert specs
    wanted = {
        f"{function.__name__}{inspect.signature(function)}".replace("'", "") for function in specs
    }
    headings = re.findall(r"^## (register_.*)$", read("docs/hooks.md"), re.MULTILINE)
    assert set(headings) == wanted
    for function in specs:
        documented = re.search(
            rf"^## {function.__name__}.*?(?=^## |\Z)",
            read("docs/hooks.md"),
            re.DOTALL | re.MULTILINE,
        )
        assert documented
        first = inspect.getdoc(function) or ""
        assert first.rstrip(".") in " ".join(documented[0].split())


@pytest.mark.parametrize("name", earful.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    reference = read("docs/components.md") + read("docs/hooks.md")
    assert re.search(rf"(?<!\w){re.escape(name)}(?!\w)", reference)


# The root of all has no row: nobody raises it.
@pytest.mark.parametrize("name", sorted({*errors.__all__} - {"EarfulError"}))
def test_every_error_has_its_row(name: str) -> None:
    assert re.search(rf"^\| `{name}` \| .+ \| .+ \|$", read("docs/components.md"), re.MULTILINE)


@pytest.mark.parametrize(
    "name",
    ["Source", "Webhook", "Sender", "Classifier", "Router", "Notifier"],
)
def test_every_method_of_a_component_is_described(name: str) -> None:
    section = re.search(
        rf"^## {name}\n(.*?)(?=^## )", read("docs/components.md"), re.DOTALL | re.MULTILINE
    )
    assert section
    protocol = getattr(earful, name)
    for method, function in inspect.getmembers(protocol, inspect.isfunction):
        if not method.startswith("_"):
            arguments = list(inspect.signature(function).parameters)[1:]
            assert f"`{method}({', '.join(arguments)})`" in section[1], method


@pytest.mark.parametrize("kind", ["ChannelType", "Capabilities", "FetchResult"])
def test_every_field_is_described(kind: str) -> None:
    for field in getattr(earful, kind).__dataclass_fields__:
        assert f"`{field}`" in read("docs/components.md"), field


def test_every_fixture_for_plugins_is_described() -> None:
    source = read("core/earful/testing/pytest_plugin.py")
    for fixture in re.findall(r"^def (earful_\w+)\(", source, re.MULTILINE):
        assert f"`{fixture}`" in read("docs/components.md"), fixture


# Settings


def tables() -> dict[str, type[BaseModel]]:
    """The tables of the configuration with their models."""
    found = {}
    for name, field in Config.model_fields.items():
        for model in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(model, type) and issubclass(model, BaseModel):
                found[name] = model
    return {name: model for name, model in found.items() if name not in COMPONENTS}


COMPONENTS = ("channels", "classifiers", "routers", "notifiers")


def documented(heading: str) -> dict[str, str]:
    """The settings under a heading of the page, with their defaults as text."""
    section = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)",
        read("docs/configuration.md"),
        re.DOTALL | re.MULTILINE,
    )
    assert section, heading
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| .+ \|$", section[1], re.MULTILINE)
    return dict(rows)


def example() -> dict[str, Any]:
    """The example with every setting that is not set by default, too."""
    lines = read("config.example.toml").splitlines()
    return tomllib.loads("\n".join(re.sub(r"^#(?! )", "", line) for line in lines))


@pytest.mark.parametrize("section", sorted(tables()))
def test_every_setting_is_documented_with_its_default(section: str) -> None:
    rows = documented(f"[{section}]")
    assert list(rows) == list(tables()[section].model_fields)
    for name, told in rows.items():
        field = tables()[section].model_fields[name]
        default = field.default
        if told == "required":
            assert field.is_required(), name
        elif told == "unset":
            assert default is None
        else:
            assert json.loads(told.strip("`")) == json.loads(json.dumps(default)), name


def test_every_setting_of_a_channel_is_documented() -> None:
    from earful.config import ChannelConfig

    assert set(documented("[channels.NAME]")) == set(ChannelConfig.own_names)


def test_the_example_and_the_page_name_the_same_settings() -> None:
    for section, keys in example().items():
        if section in COMPONENTS or not isinstance(keys, dict):
            continue
        assert set(documented(f"[{section}]")) == set(keys), section


def test_every_environment_variable_is_documented() -> None:
    sources = [*(ROOT / "core").rglob("*.py"), *(ROOT / "admin" / "earful_admin").rglob("*.py")]
    used = {
        name
        for source in sources
        for name in re.findall(r'environ(?:\.get\(|\[)"(EARFUL_\w+)"', source.read_text())
    }
    assert used == set(
        re.findall(r"^\| `(EARFUL_\w+)`", read("docs/configuration.md"), re.MULTILINE)
    )


def test_every_metric_is_documented() -> None:
    source = read("admin/earful_admin/operations.py")
    metrics = set(re.findall(r'"(earful_(?!metrics)[a-z_]+)"', source))
    assert metrics == set(
        re.findall(r"^\| `(earful_\w+)`", read("docs/operations.md"), re.MULTILINE)
    )


# Policies


def policies() -> list[dict[str, Any]]:
    blocks = re.findall(
        r"^```json policy\n(.*?)^```", read("docs/policies.md"), re.DOTALL | re.MULTILINE
    )
    return [json.loads(block) for block in blocks]


def first_column(heading: str) -> list[str]:
    section = re.search(
        rf"^#+ {heading}\n(.*?)(?=^#|\Z)", read("docs/policies.md"), re.DOTALL | re.MULTILINE
    )
    assert section
    return re.findall(r"^\| `?([\w.]+)`? \|", section[1], re.MULTILINE)[1:]


def test_every_fact_is_documented_with_its_type() -> None:
    facts = list(FactRegistry.standard())
    assert first_column("Facts") == [fact.name for fact in facts]
    for fact in facts:
        assert f"| `{fact.name}` | {fact.type} |" in read("docs/policies.md")


def test_every_operator_and_action_is_documented() -> None:
    text = read("docs/policies.md")
    for kind, operators in OPERATORS.items():
        names = ", ".join(f"`{name}`" for name in operators)
        assert f"| {kind} | {names} |" in text
    assert first_column("Actions") == list(ACTIONS)


FACTS = {
    "message.text": "I want my money back! See https://x.example/casino https://x.example",
    "message.surface": "public_reply",
    "author.reach": 20_000,
    "contact.is_known": False,
    "labels": ["sentiment:negative"],
    "time.in_business_hours": False,
}


def compiled(written: dict[str, Any]) -> CompiledPolicy:
    return compile_policy(
        1,
        version=1,
        name="example",
        once=True,
        conditions_json=written["condition"],
        actions_json=written["actions"],
    )


@pytest.mark.parametrize("number", range(len(policies())))
def test_every_example_of_a_policy_holds_where_it_should(number: int) -> None:
    written = policies()[number]
    policy = compiled(written)
    (match,) = decide([policy], FACTS).matched
    assert not [did for did in match.did if did.startswith("did not")]
    assert not decide([policy], {"message.text": "Lovely!", "contact.is_known": True}).matched


def test_the_first_example_decides_what_the_page_says() -> None:
    from earful.policies import policy_in_words

    written = policies()[0]
    policy = compiled(written)
    decision = decide([policy], FACTS)
    assert (decision.queue, decision.priority) == ("Complaints", "high")
    assert decision.labels == ("topic:refund",)
    shown = " ".join(read("docs/policies.md").replace("\n>", " ").split())
    assert policy_in_words(policy.condition, policy.actions) in shown


# Names


def test_the_glossary_names_every_state() -> None:
    from earful.store import states

    text = read("docs/glossary.md")
    for enum in (states.ConversationStatus, states.Role, states.PriorityRank):
        for each in enum:
            word = each.word if hasattr(each, "word") else each
            assert f"`{word}`" in text, word


def test_every_decision_is_listed_and_says_what_would_change_it() -> None:
    listed = read("docs/decisions/README.md")
    for page in sorted((DOCS / "decisions").glob("0*.md")):
        number = int(page.name[:4])
        title = page.read_text().splitlines()[0].removeprefix(f"# {number}. ")
        assert f"{number}. [{title}]({page.name})" in listed
        assert "**What would change our mind.**" in page.read_text()


def test_the_architecture_names_every_layer() -> None:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (layers,) = [each["layers"] for each in contracts if each["type"] == "layers"]
    drawn = re.search(r"^```\n(cli.*?)^```", read("ARCHITECTURE.md"), re.DOTALL | re.MULTILINE)
    assert drawn
    lines = [re.split(r"\s{2,}", line)[0] for line in drawn[1].splitlines()]
    assert lines == [layer for layer in layers if layer != "__main__"]


def test_contributing_names_every_marker_and_target() -> None:
    markers = tomllib.loads(read("pyproject.toml"))["tool"]["pytest"]["ini_options"]["markers"]
    for marker in markers:
        assert f"| `{marker.partition(':')[0]}` |" in read("CONTRIBUTING.md")
    for target in re.findall(r"^([a-z]+):.*##", read("Makefile"), re.MULTILINE):
        if target not in {"help", "lock", "clean"}:
            assert f"`make {target}`" in read("CONTRIBUTING.md"), target
