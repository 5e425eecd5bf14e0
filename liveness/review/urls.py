from django.urls import path

from liveness.review import shortcuts_views
from liveness.review.audit_log import subject_views
from liveness.review.audit_log import views as audit_views
from liveness.review.dashboard import views as dashboard_views
from liveness.review.queue import saved_views
from liveness.review.queue import views as queue_views
from liveness.review.workspace import decision_views
from liveness.review.workspace import views as workspace_views
from liveness.web.language import in_page_language

app_name = "liveness_review"

urlpatterns = in_page_language(
    [
        path("", queue_views.queue, name="queue"),
        path("find/", queue_views.find, name="find"),
        path("pulse/", queue_views.pulse, name="pulse"),
        path("next/", queue_views.next_review, name="next"),
        path("peek/", queue_views.peek, name="peek"),
        path("views/", saved_views.save, name="view_save"),
        path("views/<int:pk>/delete/", saved_views.delete, name="view_delete"),
        path("notices/<int:pk>/read/", saved_views.read_notice, name="notice_read"),
        path("keys/", shortcuts_views.keys, name="keys"),
        path("dashboard/", dashboard_views.dashboard, name="dashboard"),
        path("audit/", audit_views.trail, name="audit"),
        path("audit/find/", audit_views.find, name="audit_find"),
        path("audit/verify/", audit_views.verify, name="audit_verify"),
        path("<uuid:public_id>/", workspace_views.workspace, name="workspace"),
        path("<uuid:public_id>/claim/", workspace_views.claim, name="claim"),
        path("<uuid:public_id>/release/", workspace_views.release, name="release"),
        path("<uuid:public_id>/take-over/", workspace_views.take_over, name="take_over"),
        path("<uuid:public_id>/beat/", workspace_views.beat, name="beat"),
        path("<uuid:public_id>/decide/", decision_views.decide, name="decide"),
        path("<uuid:public_id>/undo/", decision_views.undo, name="undo"),
        path("<uuid:public_id>/notes/", decision_views.note, name="note"),
        path("<uuid:public_id>/subject/", subject_views.timeline, name="subject"),
    ]
)
