"""Every service by its name on the wire."""

from __future__ import annotations

from crm_lab.services.actions import Service
from crm_lab.services.budgets import Budgets
from crm_lab.services.calendar import Calendar
from crm_lab.services.calendar_accounts import CalendarAccounts
from crm_lab.services.calls import Calls
from crm_lab.services.cards import Cards
from crm_lab.services.categories import Categories
from crm_lab.services.company import Company
from crm_lab.services.contacts import Contacts
from crm_lab.services.customers import Customers
from crm_lab.services.dashboard import Dashboards
from crm_lab.services.deliveries import Deliveries
from crm_lab.services.documents import Documents
from crm_lab.services.employees import Employees
from crm_lab.services.figures import Figures
from crm_lab.services.history import History
from crm_lab.services.hub import Hub
from crm_lab.services.imports import Imports
from crm_lab.services.invoices import Invoices
from crm_lab.services.ledger import Subledger
from crm_lab.services.letterhead import Letterheads
from crm_lab.services.mail_accounts import MailAccounts
from crm_lab.services.merges import Merges
from crm_lab.services.messages import Messages
from crm_lab.services.notebooks import Notebooks
from crm_lab.services.notes import Notes
from crm_lab.services.opportunities import Opportunities
from crm_lab.services.orders import Orders
from crm_lab.services.overview import Overview
from crm_lab.services.past import Past
from crm_lab.services.payments import Payments
from crm_lab.services.pipelines import Pipelines
from crm_lab.services.places import Places
from crm_lab.services.privacy import Privacy
from crm_lab.services.products import Products
from crm_lab.services.projects import Projects
from crm_lab.services.register import Register
from crm_lab.services.reminders import Reminders
from crm_lab.services.saft import Saft
from crm_lab.services.search import Search
from crm_lab.services.second_factors import SecondFactors
from crm_lab.services.sessions import Sessions
from crm_lab.services.sign_on import SignOn
from crm_lab.services.sql import Sql
from crm_lab.services.supplier_invoices import SupplierInvoices
from crm_lab.services.tasks import Tasks
from crm_lab.services.vat import Vat
from crm_lab.services.webhooks import Webhooks

SERVICES: dict[str, type[Service]] = {
    "budgets": Budgets,
    "calendar": Calendar,
    "calendar_accounts": CalendarAccounts,
    "calls": Calls,
    "cards": Cards,
    "categories": Categories,
    "company": Company,
    "contacts": Contacts,
    "customers": Customers,
    "dashboard": Dashboards,
    "deliveries": Deliveries,
    "documents": Documents,
    "employees": Employees,
    "figures": Figures,
    "history": History,
    "hub": Hub,
    "imports": Imports,
    "invoices": Invoices,
    "ledger": Subledger,
    "letterhead": Letterheads,
    "mail_accounts": MailAccounts,
    "merges": Merges,
    "notebooks": Notebooks,
    "messages": Messages,
    "notes": Notes,
    "opportunities": Opportunities,
    "orders": Orders,
    "overview": Overview,
    "past": Past,
    "payments": Payments,
    "pipelines": Pipelines,
    "places": Places,
    "privacy": Privacy,
    "products": Products,
    "projects": Projects,
    "register": Register,
    "reminders": Reminders,
    "saft": Saft,
    "search": Search,
    "sign_on": SignOn,
    "second_factors": SecondFactors,
    "sessions": Sessions,
    "supplier_invoices": SupplierInvoices,
    "sql": Sql,
    "tasks": Tasks,
    "vat": Vat,
    "webhooks": Webhooks,
}
