"""Models: what each classifier reads with, how much and how fast, and how often people agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from earful.components import ClassifierType, describe
from earful.config import ComponentConfig, validate_settings
from earful.plugins import contained
from earful.runtime import Runtime
from earful.store.queries.classifiers import (
    Confusion,
    Figures,
    classifier_figures,
    unfinished_runs,
)
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import request
from flask_admin import expose
from markupsafe import Markup

from earful_admin.manage.card import as_html
from earful_admin.manage.plugins import why_inactive
from earful_admin.views import PageView

__all__ = ["Grid", "Model", "ModelsView", "grid"]

PERIODS = (7, 30, 90)
"""Days that can be looked at; the second is the usual one."""
_LEVELS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How often the machine said one value where people meant another; `level` is 0 to 6."""

    count: int
    level: int
    is_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What people meant, what the machine had said, and how much of it was right."""

    meant: str
    cells: tuple[Cell, ...]
    right: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A confusion as a table: rows are people's words, columns the machine's."""

    namespace: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    total: int
    agreed: int

    @property
    def share(self) -> float:
        """How often people agreed."""
        return self.agreed / self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """One version of a model: what it labelled, and how often people agreed."""

    version: str
    messages: int
    judged: int
    agreed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One configured classifier, or one that left labels behind."""

    name: str
    title: str
    version: str
    finding: str
    trouble: str
    card: Markup | None
    figures: Figures
    versions: tuple[VersionLine, ...]
    grids: tuple[Grid, ...]
    is_configured: bool

    @property
    def labelled(self) -> int:
        """How many messages carry its labels, of whichever version."""
        return sum(self.figures.labelled.values())


def grid(namespace: str, title: str, order: Sequence[str], none: str, found: Confusion) -> Grid:
    """A confusion in the classifier's own order; a value nobody said or meant is left out."""
    used = set(found.values)
    values = [each for each in (*order, "") if each in used]
    values += sorted(used.difference(values))
    return Grid(
        namespace=namespace,
        title=title or namespace,
        columns=tuple(each or none or _("none") for each in values),
        rows=tuple(_row(found, meant, values, none) for meant in values),
        total=found.total,
        agreed=found.agreed,
    )


def _row(found: Confusion, meant: str, values: Sequence[str], none: str) -> Row:
    total = found.meant(meant)
    counts = [found.cells.get((said, meant), 0) for said in values]
    return Row(
        meant=meant or none or _("none"),
        cells=tuple(
            Cell(
                count=count,
                level=-(-count * _LEVELS // total) if total else 0,
                is_right=said == meant,
            )
            for said, count in zip(values, counts, strict=True)
        ),
        right=found.cells.get((meant, meant), 0) / total if total else None,
    )


class ModelsView(PageView):
    """The classifiers, read only."""

    requires = Role.LEAD
    icon = "cpu"
    lede = mark("Which models label messages, how fast, and how often people agree with them.")

    @expose("/")
    def index(self) -> str:
        days = request.args.get("days", PERIODS[1], type=int)
        days = days if days in PERIODS else PERIODS[1]
        since = (self.now - timedelta(days=days - 1)).date()
        total, figures = classifier_figures(since)
        configured = self.runtime.config.classifiers
        gone = [name for name, each in figures.items() if name not in configured and each.labelled]
        return str(
            self.render(
                "manage/models.html",
                days=days,
                periods=PERIODS,
                since=since.isoformat(),
                total=total,
                models=[
                    *(_model(self.runtime, each, figures) for each in configured.values()),
                    *(_gone(name, figures[name]) for name in gone),
                ],
                runs=unfinished_runs(),
                file=self.runtime.config.file_name,
            )
        )


def _model(runtime: Runtime, component: ComponentConfig, figures: dict[str, Figures]) -> Model:
    own = figures.get(component.name, Figures())
    kind = runtime.plugins.classifier_types.get(component.type)
    if kind is None:
        why = why_inactive(runtime, component.type) or _(
            "Nothing brings “%(kind)s”.", kind=component.type
        )
        return _made(component.name, own, title=component.type, trouble=why, is_configured=True)
    settings = validate_settings(component, kind.settings, runtime.config.file_name)
    version, trouble = _told(component.name, lambda: kind.version_with(settings))
    check, card = kind.check, kind.card
    finding = card_text = ""
    if check is not None and not trouble:
        finding, trouble = _told(component.name, lambda: check(settings))
    if card is not None:
        card_text, _why = _told(component.name, lambda: card(settings))
    return _made(
        component.name,
        own,
        title=_(kind.title),
        version=version,
        finding=finding,
        trouble=trouble,
        card=as_html(card_text) if card_text else None,
        kind=kind,
        is_configured=True,
    )


def _told(name: str, ask: Callable[[], str]) -> tuple[str, str]:
    """What a plugin says, and else why it says nothing."""
    try:
        return contained(f"{name}.model", ask), ""
    except Exception as error:  # noqa: BLE001 - a plugin's bug must not hide the page
        return "", describe(error)


def _gone(name: str, own: Figures) -> Model:
    return _made(name, own, title=_("No longer configured"), is_configured=False)


def _made(
    name: str,
    own: Figures,
    *,
    title: str,
    is_configured: bool,
    version: str = "",
    finding: str = "",
    trouble: str = "",
    card: Markup | None = None,
    kind: ClassifierType | None = None,
) -> Model:
    return Model(
        name=name,
        title=title,
        version=version,
        finding=finding,
        trouble=trouble,
        card=card,
        figures=own,
        versions=_versions(own),
        grids=_grids(own, version, kind),
        is_configured=is_configured,
    )


def _versions(own: Figures) -> tuple[VersionLine, ...]:
    """The version that labelled most comes first."""
    names = {*own.labelled, *own.confusion}
    lines = [
        VersionLine(
            version=name,
            messages=own.labelled.get(name, 0),
            judged=sum(each.total for each in own.confusion.get(name, {}).values()),
            agreed=sum(each.agreed for each in own.confusion.get(name, {}).values()),
        )
        for name in names
    ]
    return tuple(sorted(lines, key=lambda line: (-line.messages, line.version)))


def _grids(own: Figures, version: str, kind: ClassifierType | None) -> tuple[Grid, ...]:
    """The confusions of the version in use."""
    sets = {each.namespace: each for each in kind.labels} if kind else {}
    return tuple(
        grid(
            namespace,
            _(sets[namespace].title) if namespace in sets else "",
            sets[namespace].values if namespace in sets else (),
            _(sets[namespace].none) if namespace in sets else "",
            found,
        )
        for namespace, found in own.confusion.get(version, {}).items()
    )
