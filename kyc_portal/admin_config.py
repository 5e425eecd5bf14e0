from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """Django's admin with the portal's site in place of its own."""

    default_site = "kyc_portal.admin_site.PortalAdminSite"
