"""What every page shows beside its screen, in one answer."""

from __future__ import annotations

from crm_lab.services.actions import Service, reads
from crm_lab.services.contacts import Contacts
from crm_lab.services.customers import Customers
from crm_lab.services.opportunities import Opportunities
from crm_lab.services.orders import Orders
from crm_lab.services.projects import Projects
from crm_lab.services.register import Register
from crm_lab.services.tasks import Tasks


class Overview(Service):
    """Figures of several services together."""

    @reads()
    def counts(self) -> dict[str, int]:
        """How many there are for the caller, as each service's `count` says; `register` are the changes that wait."""
        work = self.work
        return {
            "customers": Customers(work).count(),
            "contacts": Contacts(work).count(),
            "tasks": Tasks(work).count(),
            "opportunities": Opportunities(work).count(),
            "orders": Orders(work).count(),
            "projects": Projects(work).count(),
            "register": Register(work).n_notices(),
        }
