"""How the company sells, for administrators: pipelines and their stages; reasons, sources and types to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crm_lab.domain.pipelines import ChoiceKind, Pipeline, SalesChoice, Stage
from crm_lab.errors import Conflict, InvalidFields, InvalidInput
from crm_lab.i18n import _
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

BLANK = {"name": "", "probability": "", "rotting_days": "", "is_active": True}


def choice_words() -> dict[str, str]:
    """What there is to choose, in words."""
    return {ChoiceKind.LOST_REASON: _("Why it was lost"), ChoiceKind.SOURCE: _("Sources"), ChoiceKind.TYPE: _("Types")}


class SalesSettings(Live):
    """Pipelines, stages and choices: made, changed, moved, taken out of use in place. One form is open at a time."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("Sales")
        self._at, self._values, self._errors = "", dict(BLANK), dict[str, str]()
        actions = {"edit": self._edit, "add": self._add, "cancel": self._cancel, "save": self._save, "shift": self._shift}
        super().__init__("sales_settings.html", app, actions=actions, base=app.base, **self._shown())

    def reload(self) -> None:
        """Read it all again."""
        self.refresh(**self._shown())

    def _shown(self) -> dict[str, Any]:
        self._lines: list[Pipeline] = self.app.crm.pipelines.list()
        self._choices: list[SalesChoice] = self.app.crm.pipelines.choices()
        groups = [(str(kind), words, [one for one in self._choices if one.kind == kind]) for kind, words in choice_words().items()]
        return {"lines": self._lines, "groups": groups, "at": self._at, "values": self._values, "errors": self._errors}

    def _found(self, key: str) -> Pipeline | Stage | SalesChoice | None:
        every: list[Pipeline | Stage | SalesChoice] = [*self._lines, *(stage for line in self._lines for stage in line.stages), *self._choices]
        return next((one for one in every if str(one.id) == key), None)

    def _edit(self, id: str) -> None:  # noqa: A002 - the page's word
        one = self._found(id)
        if one is not None:
            extra = {"probability": str(one.probability), "rotting_days": str(one.rotting_days or "")} if isinstance(one, Stage) else {}
            self._write(id, BLANK | {"name": one.name, "is_active": one.is_active} | extra)

    def _add(self, to: str) -> None:
        """A new pipeline, stage of a pipeline, or choice of a kind."""
        self._write(f"new {to}", dict(BLANK))

    def _write(self, at: str, values: dict[str, Any]) -> None:
        self._at, self._values, self._errors = at, values, {}
        self.reload()
        self.focus_on("#sales-form [name=name]")

    def _cancel(self) -> None:
        self._at, self._values, self._errors = "", dict(BLANK), {}
        self.reload()

    def _save(self, values: dict[str, Any]) -> None:
        self._values = BLANK | {"is_active": False} | {name: value for name, value in values.items() if name in BLANK}
        try:
            saved = self._store(self._values)
        except (InvalidInput, Conflict) as error:
            self._errors = error.fields if isinstance(error, InvalidFields) else {getattr(error, "field", "") or "name": error.message}
            self.reload()
            return
        self._cancel()
        self.app.toast(_("{name} is saved.", name=saved.name), undo=True)

    def _store(self, values: dict[str, Any]) -> Pipeline | Stage | SalesChoice:
        crm, name = self.app.crm.pipelines, str(values["name"])
        one, is_active = self._found(self._at), values["is_active"] is True
        made: Pipeline | Stage | SalesChoice
        if isinstance(one, Stage):
            made = crm.change_stage(id=one.id, version=one.version, name=name, is_active=is_active, **_figures(values))
        elif isinstance(one, Pipeline):
            made = crm.change(id=one.id, version=one.version, name=name, is_active=is_active)
        elif isinstance(one, SalesChoice):
            made = crm.change_choice(id=one.id, version=one.version, name=name, is_active=is_active)
        elif (kind := self._at.removeprefix("new ")) in set(ChoiceKind):
            made = crm.add_choice(kind=kind, name=name)
        elif isinstance(line := self._found(kind), Pipeline):
            made = crm.add_stage(pipeline_id=line.id, name=name, **_figures(values))
        else:
            made = crm.create(name=name)
        return made

    def _shift(self, id: str, by: str) -> None:  # noqa: A002
        """A place earlier or later."""
        one = self._found(id)
        move = {Stage: "move_stage", SalesChoice: "move_choice"}.get(type(one), "")
        if move and one is not None:
            getattr(self.app.crm.pipelines, move)(id=UUID(id), version=one.version, earlier=by == "-1")
            self.reload()


def _figures(values: dict[str, Any]) -> dict[str, Any]:
    """Probability and days of a stage's form. Raises `InvalidInput`."""
    found: dict[str, Any] = {}
    for name, wrong in (("probability", _("Write a whole number from 0 to 100.")), ("rotting_days", _("Write a whole number of days, or nothing."))):
        text = str(values[name]).replace("%", "").strip()
        if text and not (text.isascii() and text.isdigit() and len(text) < 6):  # noqa: PLR2004 - more is no number of days
            raise InvalidInput(wrong, name)
        found[name] = int(text) if text else None
    return found | {"probability": found["probability"] or 0}
