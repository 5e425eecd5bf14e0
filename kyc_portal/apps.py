from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "kyc_portal"

    def ready(self) -> None:
        from kyc_portal import checks  # noqa: F401 - registers the system checks
