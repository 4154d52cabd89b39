"""Which screen an address shows, and who may see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import ipywidgets

from crm_lab.domain.access import Role
from crm_lab.domain.merges import MergeKind
from crm_lab.i18n import _
from crm_lab.widgets.bounces import BounceScreen
from crm_lab.widgets.budgets import BudgetScreen
from crm_lab.widgets.calendar import Calendar
from crm_lab.widgets.calendar_accounts import CalendarAccountScreen
from crm_lab.widgets.calendar_import import CalendarImport
from crm_lab.widgets.call_settings import CallSettingsForm
from crm_lab.widgets.calls import CallList, UnknownNumbers
from crm_lab.widgets.categories import CategoryForm, CategoryList
from crm_lab.widgets.company import CompanySettings
from crm_lab.widgets.contact_form import ContactForm
from crm_lab.widgets.contacts import ContactCard, ContactList
from crm_lab.widgets.customer_card import CustomerCard
from crm_lab.widgets.customer_form import CustomerForm
from crm_lab.widgets.customers import CustomerList
from crm_lab.widgets.dashboard import DashboardScreen
from crm_lab.widgets.document_list import DocumentList
from crm_lab.widgets.document_settings import DocumentSettings
from crm_lab.widgets.duplicates import DuplicateScreen
from crm_lab.widgets.employees import EmployeeAdministration
from crm_lab.widgets.imports import ImportScreen
from crm_lab.widgets.invoices import InvoicePage
from crm_lab.widgets.invoicing import InvoicingForm
from crm_lab.widgets.ledger import LedgerScreen, keeps_books
from crm_lab.widgets.letterhead import LetterheadScreen
from crm_lab.widgets.live import Live
from crm_lab.widgets.mail_accounts import MailAccountScreen
from crm_lab.widgets.mail_settings import MailSettings
from crm_lab.widgets.merges import MergeScreen
from crm_lab.widgets.messages import MyMail
from crm_lab.widgets.notebooks import NotebookScreen
from crm_lab.widgets.notices import NoticeList
from crm_lab.widgets.opportunities import OpportunityForm, OpportunityList
from crm_lab.widgets.order_form import OrderForm, OrderStart
from crm_lab.widgets.orders import OrderList
from crm_lab.widgets.past import PastScreen
from crm_lab.widgets.payments import PaymentScreen
from crm_lab.widgets.pipeline import PipelineScreen
from crm_lab.widgets.pipeline_figures import PipelineFigures
from crm_lab.widgets.posting_form import PostingForm
from crm_lab.widgets.privacy import PersonScreen, PrivacyScreen
from crm_lab.widgets.products import PriceLists, ProductForm, ProductList
from crm_lab.widgets.profile import Profile
from crm_lab.widgets.projects import ProjectForm, ProjectList, ProjectPage
from crm_lab.widgets.proposals import ProposalScreen
from crm_lab.widgets.recent import RecentScreen
from crm_lab.widgets.reminders import ReminderScreen
from crm_lab.widgets.rules import RuleScreen
from crm_lab.widgets.saft import SaftScreen
from crm_lab.widgets.sales_settings import SalesSettings
from crm_lab.widgets.search_results import SearchScreen
from crm_lab.widgets.security import Security
from crm_lab.widgets.supplier_invoices import SupplierInvoiceScreen
from crm_lab.widgets.task_form import TaskForm
from crm_lab.widgets.tasks import TaskList
from crm_lab.widgets.webhooks import WebhookSettings

if TYPE_CHECKING:
    from crm_lab.widgets.shell import App

NUMBER = "([0-9]{1,15})"  # as many digits as a BIGINT holds for sure
KEY = "([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"

QUERY = r"(?:\?(.*))?"


class Missing(Live):
    """A screen that is not there, or not for this employee."""

    classes = ("screen",)

    def __init__(self, app: App, title: str, text: str) -> None:
        super().__init__("missing.html", app, title=title, text=text, base=app.base)


def for_bookkeepers(show: Callable[..., ipywidgets.Widget]) -> Callable[..., Any]:
    """A screen for those who keep the books; others are told so."""

    def screen(app: App, *groups: str) -> Any:
        if keeps_books(app):
            return show(app, *map(int, groups))
        return Missing(app, _("No access"), _("Only accountants and administrators see this page."))

    return screen


@dataclass(frozen=True, slots=True)
class Route:
    """An address, as a pattern whose groups are handed to `show` after the application."""

    address: str
    show: Callable[..., ipywidgets.Widget]
    needs: Role | None = None


ROUTES = (
    Route("(?:dashboard)?", DashboardScreen),
    Route("customers", CustomerList),
    Route("customers/new", CustomerForm),
    Route(f"customers/{NUMBER}", lambda app, number: CustomerCard(app, int(number))),
    Route(f"customers/{NUMBER}/(contacts|opportunities|orders|projects|mail|documents|calls|history)", lambda app, number, tab: CustomerCard(app, int(number), tab)),
    Route(f"customers/{NUMBER}/edit", lambda app, number: CustomerForm(app, int(number))),
    Route(f"customers/{NUMBER}/ledger", lambda app, number: LedgerScreen(app, int(number))),
    Route(f"customers/{NUMBER}/merge(?:/{NUMBER})?", lambda app, *both: MergeScreen(app, MergeKind.CUSTOMER, *both)),
    Route(f"contacts/{KEY}/merge(?:/{KEY})?", lambda app, *both: MergeScreen(app, MergeKind.CONTACT, *both)),
    Route("duplicates", DuplicateScreen),
    Route("duplicates/contacts", lambda app: DuplicateScreen(app, MergeKind.CONTACT)),
    Route("ledger", LedgerScreen),
    Route("ledger/proposals", for_bookkeepers(ProposalScreen)),
    Route("ledger/rules", for_bookkeepers(RuleScreen)),
    Route("ledger/reminders", for_bookkeepers(ReminderScreen)),
    Route(f"customers/{NUMBER}/ledger/proposals", for_bookkeepers(ProposalScreen)),
    Route(f"customers/{NUMBER}/ledger/new", for_bookkeepers(PostingForm)),
    Route("contacts", ContactList),
    Route("contacts/new", ContactForm),
    Route(f"contacts/new/{NUMBER}", lambda app, number: ContactForm(app, customer_number=int(number))),
    Route(f"contacts/{KEY}", lambda app, key: ContactCard(app, UUID(key))),
    Route(f"contacts/{KEY}/(companies|projects|mail|documents|calls|history)", lambda app, key, tab: ContactCard(app, UUID(key), tab)),
    Route(f"contacts/{KEY}/edit", lambda app, key: ContactForm(app, UUID(key))),
    Route(r"(search(?:\?.*)?)", SearchScreen),
    Route("tasks", TaskList),
    Route(rf"tasks/new{QUERY}", lambda app, query: TaskForm(app, None, query or "")),
    Route(rf"tasks/{KEY}{QUERY}", lambda app, key, query: TaskForm(app, UUID(key), query or "")),
    Route("documents", DocumentList),
    Route("calls", CallList),
    Route("calls/unknown", UnknownNumbers),
    Route("mail", MyMail),
    Route("calendar/import", CalendarImport),
    Route(rf"calendar{QUERY}", lambda app, query: Calendar(app, query or "")),
    Route("pipeline", PipelineScreen),
    Route("pipeline/figures", PipelineFigures),
    Route(rf"opportunities{QUERY}", lambda app, query: OpportunityList(app, query or "")),
    Route("opportunities/new", OpportunityForm),
    Route(f"opportunities/new/{NUMBER}", lambda app, number: OpportunityForm(app, customer_number=int(number))),
    Route(rf"opportunities/{KEY}{QUERY}", lambda app, key, query: OpportunityForm(app, UUID(key), query=query or "")),
    Route("orders", OrderList),
    Route("orders/new", OrderStart),
    Route(f"orders/new/{NUMBER}", lambda app, number: OrderForm(app, customer_number=int(number))),
    Route(rf"orders/{KEY}{QUERY}", lambda app, key, query: OrderForm(app, UUID(key), query=query or "")),
    Route(f"invoices/{KEY}", lambda app, key: InvoicePage(app, UUID(key))),
    Route("products", ProductList),
    Route("products/new", ProductForm),
    Route("products/lists", PriceLists),
    Route(f"products/{KEY}", lambda app, key: ProductForm(app, UUID(key))),
    Route("projects", ProjectList),
    Route("projects/new", ProjectForm),
    Route(f"projects/new/{NUMBER}", lambda app, number: ProjectForm(app, customer_number=int(number))),
    Route(f"projects/{NUMBER}", lambda app, number: ProjectPage(app, int(number))),
    Route(f"projects/{NUMBER}/edit", lambda app, number: ProjectForm(app, int(number))),
    Route(rf"past{QUERY}", lambda app, query: PastScreen(app, query or "")),
    Route("recent", RecentScreen),
    Route("register", NoticeList),
    Route("imports", ImportScreen),
    Route("imports/saft", for_bookkeepers(SaftScreen)),
    Route("imports/invoices", for_bookkeepers(SupplierInvoiceScreen)),
    Route("imports/bounces", for_bookkeepers(BounceScreen)),
    Route("payments", for_bookkeepers(PaymentScreen)),
    Route("profile", Profile),
    Route("profile/security", Security),
    Route("profile/mail", MailAccountScreen),
    Route("profile/calendar", CalendarAccountScreen),
    Route("settings/mail", MailSettings, Role.ADMIN),
    Route("employees", EmployeeAdministration, Role.ADMIN),
    Route("settings", CompanySettings, Role.ADMIN),
    Route("settings/sales", SalesSettings, Role.ADMIN),
    Route("settings/webhooks", WebhookSettings, Role.ADMIN),
    Route("settings/privacy", PrivacyScreen, Role.ADMIN),
    Route(f"privacy/(contact|customer)/{KEY}", lambda app, kind, key: PersonScreen(app, kind, UUID(key))),
    Route("settings/documents", DocumentSettings, Role.ADMIN),
    Route("settings/calls", CallSettingsForm, Role.ADMIN),
    Route("budgets", BudgetScreen),
    Route("settings/notebooks", NotebookScreen, Role.ADMIN),
    Route("settings/invoicing", InvoicingForm, Role.ADMIN),
    Route("settings/letterhead", LetterheadScreen, Role.ADMIN),
    Route("settings/categories", CategoryList, Role.ADMIN),
    Route("settings/categories/new", CategoryForm, Role.ADMIN),
    Route(f"settings/categories/{KEY}", lambda app, key: CategoryForm(app, UUID(key)), Role.ADMIN),
)


def screen_of(app: App, path: str) -> Any:
    """A new screen for an address; one that is not there, or not for this employee, says so."""
    if app.me.lacks_second_factor:
        return Security(app)
    for route in ROUTES:
        found = re.fullmatch(route.address, path, re.DOTALL)
        if found and (route.needs is None or app.me.has(route.needs)):
            return route.show(app, *found.groups())
        if found:
            return Missing(app, _("No access"), _("Only administrators see this page."))
    return Missing(app, _("Not found"), _("There is no such page."))
