"""What the company has decided about e-mail, and the templates everybody writes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_lab.domain.messages import MailRules, MailTemplate
from crm_lab.errors import InvalidInput
from crm_lab.i18n import _
from crm_lab.widgets.live import Live

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App


class MailSettings(Live):
    """Rules and templates, in one form each."""

    classes = ("screen",)

    def __init__(self, app: App) -> None:
        self.app, self.title = app, _("E-mail")
        self._read()
        actions = {"rules": self._save_rules, "new": self._new, "edit": self._edit, "cancel": self._cancel, "template": self._save_template, "remove": self._remove}
        super().__init__("mail_settings.html", app, actions=actions, base=app.base, **self._shown())

    @property
    def is_begun(self) -> bool:
        """Whether a template is open."""
        return self._at is not None

    def _read(self) -> None:
        self._rules: MailRules = self.app.crm.messages.rules()
        self._values: dict[str, Any] = {"by_domain": self._rules.by_domain, "keep_deleted_days": str(self._rules.keep_deleted_days)}
        self._errors: dict[str, str] = {}
        self._at: int | None = None
        self._draft = MailTemplate(name="")

    def _shown(self) -> dict[str, Any]:
        names = {"name": self._draft.name, "subject": self._draft.subject, "text": self._draft.text}
        return {
            "values": self._values | names, "errors": self._errors, "at": self._at, "templates": [(n, one.name, one.subject) for n, one in enumerate(self._rules.templates)],
        }  # fmt: skip

    def _draw(self) -> None:
        self.refresh(**self._shown())

    def _keep(self, rules: MailRules, said: str) -> None:
        try:
            self.app.crm.messages.set_rules(rules=rules)
        except InvalidInput as error:
            self._errors = {error.field: error.message}
            self._draw()
            return
        self._read()
        self._draw()
        self.app.toast(said, undo=True)

    def _save_rules(self, values: dict[str, Any]) -> None:
        days = str(values.get("keep_deleted_days", "0")).strip()
        self._values |= {"by_domain": bool(values.get("by_domain")), "keep_deleted_days": days}
        kept = int(days) if days.isascii() and days.isdigit() and len(days) < 6 else -1  # noqa: PLR2004 - so many digits are no days
        self._keep(MailRules(by_domain=bool(values.get("by_domain")), keep_deleted_days=kept, templates=self._rules.templates), _("The rules are saved."))

    def _open(self, at: int, template: MailTemplate) -> None:
        self._at, self._draft, self._errors = at, template, {}
        self._draw()
        self.focus_on("#f-name")

    def _new(self) -> None:
        self._open(len(self._rules.templates), MailTemplate(name=""))

    def _edit(self, id: str) -> None:  # noqa: A002 - the page's word
        n = int(id) if str(id).isascii() and str(id).isdigit() else 0
        if n < len(self._rules.templates):
            self._open(n, self._rules.templates[n])

    def _cancel(self) -> None:
        self._at = None
        self._draw()

    def _save_template(self, values: dict[str, Any]) -> None:
        if self._at is None:
            return
        self._draft = MailTemplate(**{name: str(values.get(name, "")) for name in ("name", "subject", "text")})
        had = list(self._rules.templates)
        had[self._at : self._at + 1] = [self._draft]
        self._keep(MailRules(by_domain=self._rules.by_domain, keep_deleted_days=self._rules.keep_deleted_days, templates=tuple(had)), _("The template is saved."))

    def _remove(self, id: str) -> None:  # noqa: A002
        left = tuple(one for n, one in enumerate(self._rules.templates) if str(n) != str(id))
        self._keep(MailRules(by_domain=self._rules.by_domain, keep_deleted_days=self._rules.keep_deleted_days, templates=left), _("The template is removed."))
