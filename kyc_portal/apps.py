from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "kyc_portal"

    def ready(self) -> None:
        from kyc_portal import accounts, checks  # noqa: F401 - the checks register themselves

        accounts.watch_log_ins()
