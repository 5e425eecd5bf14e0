from django.urls import path

from liveness.review.views import audit, dashboard, decisions, keys, queue, saved, subject, workspace
from liveness.web.language import in_page_language

app_name = "liveness_review"

urlpatterns = in_page_language(
    [
        path("", queue.queue, name="queue"),
        path("find/", queue.find, name="find"),
        path("pulse/", queue.pulse, name="pulse"),
        path("next/", queue.next_review, name="next"),
        path("peek/", queue.peek, name="peek"),
        path("views/", saved.save, name="view_save"),
        path("views/<int:pk>/delete/", saved.delete, name="view_delete"),
        path("notices/<int:pk>/read/", saved.read_notice, name="notice_read"),
        path("keys/", keys.keys, name="keys"),
        path("dashboard/", dashboard.dashboard, name="dashboard"),
        path("audit/", audit.trail, name="audit"),
        path("audit/find/", audit.find, name="audit_find"),
        path("audit/verify/", audit.verify, name="audit_verify"),
        path("<uuid:public_id>/", workspace.workspace, name="workspace"),
        path("<uuid:public_id>/claim/", workspace.claim, name="claim"),
        path("<uuid:public_id>/release/", workspace.release, name="release"),
        path("<uuid:public_id>/take-over/", workspace.take_over, name="take_over"),
        path("<uuid:public_id>/beat/", workspace.beat, name="beat"),
        path("<uuid:public_id>/decide/", decisions.decide, name="decide"),
        path("<uuid:public_id>/undo/", decisions.undo, name="undo"),
        path("<uuid:public_id>/notes/", decisions.note, name="note"),
        path("<uuid:public_id>/subject/", subject.timeline, name="subject"),
    ]
)
