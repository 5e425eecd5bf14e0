"""The portal's addresses, and beside them Django's own admin as it comes, over the same table."""

from django.contrib import admin
from django.urls import path

from kyc_portal.urls import handler500, urlpatterns
from liveness.models import VerificationAttempt

__all__ = ["handler500", "urlpatterns"]

stock = admin.AdminSite(name="stock")


@admin.register(VerificationAttempt, site=stock)
class StockAttemptAdmin(admin.ModelAdmin):
    list_display = ("subject_reference", "outcome", "result_code", "region", "issued_at", "finished_at")
    list_filter = ("outcome",)
    search_fields = ("subject_reference", "sdk_token")
    # As many rows as ours shows, so that only the way to them is compared.
    list_per_page = 50


urlpatterns = [*urlpatterns, path("stock/", stock.urls)]
