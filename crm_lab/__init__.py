"""crm_lab: customer relations for Norwegian businesses that live in notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_lab.connection import Connection

__version__ = "0.1.0"
__all__ = ["connect"]


def connect(user: str = "", *, url: str = "", token: str = "") -> Connection:
    """The company, ready for use: the store process where one serves it, else the file itself.

    Parameters
    ----------
    user : user name of the employee to act as (a local program only); else `CRM_USER`, else your own.
    url : database URL, to open a company in this process whether or not one is served; or the `https://` address of a
        web server, which wants a token.
    token : session token or personal access token; else `CRM_SESSION`.
    """
    from crm_lab.connection import Connection

    return Connection.find(user=user, url=url, token=token)
