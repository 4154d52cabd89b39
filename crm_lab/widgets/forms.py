"""Form: what is typed, what is wrong with it, and what happens when somebody else was faster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from crm_lab.domain.merging import merge
from crm_lab.errors import ChangedMeanwhile, CrmError, Unavailable
from crm_lab.i18n import _
from crm_lab.widgets.base import aside
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crm_lab.widgets.shell import App

Values = dict[str, str | bool]
MINE, THEIRS = "mine", "theirs"


class Form(Live):
    """One record being written. `values` are the fields by name, as text and ticks; the rules know those names too.

    A subclass says how to check (`faults`), save (`store`) and read again (`stored`), and what else its template
    shows (`shown`). The page tells every field as it is typed; it is drawn again only where that changes something.
    """

    classes: ClassVar[tuple[str, ...]] = ("screen",)

    def __init__(
        self, template: str, app: App, values: Mapping[str, str | bool], actions: Mapping[str, Callable[..., Any]] | None = None,
        **data: Any,
    ) -> None:
        self.app = app
        self.values: Values = dict(values)
        self.start: Values = dict(values)
        self.errors: dict[str, str] = {}
        self.clashes: list[dict[str, str]] = []
        self.problem = ""
        self._left: set[str] = set()
        given = {"typed": self._typed, "save": self._save} | dict(actions or {})
        super().__init__(template, app, actions=given, base=app.base, **data, **self._state())

    @property
    def is_begun(self) -> bool:
        """Whether anything is written that is not saved."""
        return self.values != self.start

    # what a subclass says

    def faults(self) -> dict[str, str]:
        """What the rules say of the values as they stand, by field."""
        return {}

    def store(self) -> None:
        """Save the values and leave. Raises what the service raises."""
        raise NotImplementedError

    def stored(self) -> Values:
        """The record as it is saved now, for a form that changes one; later saves build on this version."""
        raise NotImplementedError

    def shown(self) -> dict[str, Any]:
        """What the template needs beside the values."""
        return {}

    def noticed(self, name: str) -> None:
        """A field was typed in."""

    def part_of(self, name: str) -> str:
        """What a field is one part of: two people's changes are compared by part. An address is one."""
        return name

    def label_of(self, part: str) -> str:
        """A part in words."""
        return part

    def words_for(self, values: Values) -> str:
        """A part's values as people read them."""
        return "\n".join(str(value) for value in values.values() if value)

    # typing

    def take(self, values: Mapping[str, Any]) -> None:
        """Note what the page says; only fields that the form has, of the kind they have."""
        known = {k: v for k, v in values.items() if k in self.values and type(v) is type(self.values[k])}
        self.values |= known
        for clash in self.clashes:
            chosen = values.get(f"choose:{clash['name']}")
            clash["chosen"] = chosen if chosen in {MINE, THEIRS} else clash["chosen"]

    def draw(self, **data: Any) -> None:
        """Draw again what follows from the values, if that is anything new."""
        fresh = self._state() | data
        if any(self.data.get(k) != v for k, v in fresh.items() if k != "values"):
            self.refresh(**fresh)

    def redraw(self) -> None:
        """Draw again, for values that were set here."""
        self.refresh(**self._state())

    def _state(self) -> dict[str, Any]:
        clashes = [dict(clash) for clash in self.clashes]
        told = {"errors": dict(self.errors), "problem": self.problem, "clashes": clashes}
        return {"values": dict(self.values)} | told | self.shown()

    def _typed(self, name: str, values: dict[str, Any], left: bool = False) -> None:  # noqa: FBT001, FBT002
        self.take(values)
        if name in self.values:
            if left:
                self._left.add(name)
            self.noticed(name)
        self._check_quietly()
        self.draw()

    def _check_quietly(self) -> None:
        """Tell what is wrong with fields that somebody has left, and that were wrong; never that one is still empty."""
        found = self.faults() if self._left or self.errors else {}
        again = {name for name in self._left if self.values[name]} | set(self.errors)
        self.errors = {name: sentence for name, sentence in found.items() if name in again}

    # saving

    def _save(self, values: dict[str, Any]) -> None:
        self.take(values)
        if not self._all_chosen():
            return
        self._apply_choices()
        self._try()

    def _try(self) -> None:
        try:
            self.store()
        except Unavailable:
            raise
        except ChangedMeanwhile:
            self._merge()
        except CrmError as error:
            self.tell(error)

    def tell(self, error: CrmError) -> None:
        """Show every fault at its field and go to the first; what belongs to no field stands above."""
        told = getattr(error, "fields", None) or {getattr(error, "field", ""): error.message}
        self.errors = {name: sentence for name, sentence in told.items() if self.has_place_for(name)}
        self.problem = next((sentence for name, sentence in told.items() if name not in self.errors), "")
        self.redraw()
        self.focus_on('[aria-invalid="true"]' if self.errors else ".callout.warn button, form input")

    def has_place_for(self, name: str) -> bool:
        """Whether the form shows a fault of that name at a field."""
        return name in self.values

    # two people

    def _parts(self, values: Values) -> dict[str, Values]:
        parts: dict[str, Values] = {}
        for name, value in values.items():
            parts.setdefault(self.part_of(name), {})[name] = value
        return parts

    def _merge(self) -> None:
        """Somebody else saved first: keep what only one changed, and ask where both did."""
        base, theirs = self._parts(self.start), self.stored()
        merged = merge(base, self._parts(self.values), self._parts(theirs))
        self.values = {name: value for part in merged.values.values() for name, value in part.items()}
        self.start = dict(theirs)
        self._theirs = {part: clash.theirs or {} for part, clash in merged.clashes.items()}
        self.clashes = [
            {
                "name": part, "label": self.label_of(part), "chosen": "",
                "mine": self.words_for(clash.mine or {}), "theirs": self.words_for(clash.theirs or {}),
            }
            for part, clash in merged.clashes.items()
        ]  # fmt: skip
        if not self.clashes:
            self._try()
            return
        self.problem = ""
        self.redraw()
        self.focus_on(".clashes input")

    def _all_chosen(self) -> bool:
        open_ = [clash["name"] for clash in self.clashes if not clash["chosen"]]
        if open_:
            self.errors |= {f"choose:{name}": _("Choose one of the two.") for name in open_}
            self.redraw()
            self.focus_on(f'[name="choose:{open_[0]}"]')
        return not open_

    def _apply_choices(self) -> None:
        for clash in self.clashes:
            if clash["chosen"] == THEIRS:
                part = clash["name"]
                kept = {name: value for name, value in self.values.items() if self.part_of(name) != part}
                self.values = kept | self._theirs[part]
        self.clashes = []

    def aside(self, ask: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Ask somebody slow, so that typing goes on; `then` gets the answer."""
        aside(self._host, ask, then)
