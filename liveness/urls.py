from django.urls import path

from liveness import views
from liveness.media import views as media_views
from liveness.monitoring import metrics
from liveness.web.language import in_page_language

app_name = "liveness"

urlpatterns = in_page_language(
    [
        path("", views.attempt_list, name="attempt_list"),
        path("find/", views.attempt_find, name="attempt_find"),
        path("attempts/<uuid:public_id>/", views.attempt_detail, name="attempt_detail"),
        path("media/<uuid:public_id>/", media_views.media, name="media"),
        path("media/<uuid:public_id>/thumbnail/", media_views.media_thumbnail, name="media_thumbnail"),
        path("media/<uuid:public_id>/download/", media_views.media_download, name="media_download"),
        path("metrics/", metrics.metrics, name="metrics"),
    ]
)
