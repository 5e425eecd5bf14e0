from django.urls import path

from liveness import door, metrics, views
from liveness.language import in_page_language

app_name = "liveness"

urlpatterns = in_page_language(
    [
        path("", views.attempt_list, name="attempt_list"),
        path("find/", views.attempt_find, name="attempt_find"),
        path("attempts/<uuid:public_id>/", views.attempt_detail, name="attempt_detail"),
        path("media/<uuid:public_id>/", door.media, name="media"),
        path("media/<uuid:public_id>/thumbnail/", door.media_thumbnail, name="media_thumbnail"),
        path("media/<uuid:public_id>/download/", door.media_download, name="media_download"),
        path("metrics/", metrics.metrics, name="metrics"),
    ]
)
