"""A JupyterHub beside crm_lab: `jupyterhub -f jupyterhub_config.py`.

The Hub lets people in; in the notebooks of their servers `crm_lab.connect()` is the employee of the same name. Servers run wherever the
spawner starts them; they reach the company over TLS.
"""

import os

from crm_lab.hub import lend_session

c = get_config()  # noqa: F821 - JupyterHub's

c.JupyterHub.bind_url = os.environ.get("HUB_URL", "http://127.0.0.1:8000")
c.Spawner.pre_spawn_hook = lend_session(os.environ["HUB_COMPANY"], os.environ["CRM_HUB_SECRET"])
c.Spawner.env_keep = ["PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "VIRTUAL_ENV"]

# Who lets people in, and where their servers run. Best the same provider as CRM_OIDC_ISSUER: c.JupyterHub.authenticator_class = "generic-oauth".
c.JupyterHub.authenticator_class = os.environ.get("HUB_AUTHENTICATOR", "pam")
c.JupyterHub.spawner_class = os.environ.get("HUB_SPAWNER", "jupyterhub.spawner.LocalProcessSpawner")
c.Authenticator.allow_all = True

# A session ends after twelve hours, and a server that is older has to be started again: let jupyterhub-idle-culler end it (--max-age=39600).
