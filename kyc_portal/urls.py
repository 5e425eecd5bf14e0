from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import include, path

from kyc_portal import health
from kyc_portal.accounts import change_password
from kyc_portal.views import favicon, home, leave, server_error
from liveness.monitoring.metrics import metrics

handler500 = server_error

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("favicon.ico", favicon),
    path("", home, name="home"),
    path("review/", include("liveness.review.urls")),
    path("liveness/", include("liveness.urls")),
    path("accounts/login/", LoginView.as_view(), name="login"),
    path("accounts/logout/", leave, name="logout"),
    path("accounts/password/", change_password, name="password"),
    # The admin's own page would leave no event.
    path("admin/password_change/", change_password),
    # The admin's own log-out would leave the browser's copies behind.
    path("admin/logout/", leave),
    path("admin/", admin.site.urls),
]
