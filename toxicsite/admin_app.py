"""The admin as an application whose site is ours (a file of its own: Django wants one default app a module)."""

from django.contrib.admin.apps import AdminConfig


class ToxicsiteAdminConfig(AdminConfig):
    default_site = "toxicsite.admin_site.ToxicsiteAdminSite"
