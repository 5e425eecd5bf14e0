"""Who may open what: every address of the portal, by role and method. An address that is not in the table fails."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from kyc_portal.roles import ROLES, STAFF_ROLES
from liveness.models import AuditEvent, MediaKind, Outcome
from liveness.refresh import engine
from liveness.refresh.summary import Summary
from liveness.review.models import Notice, SavedView
from liveness.review.policy import Draft
from liveness.review.services import claims, notes
from liveness.review.services.decisions import Stand, decide
from liveness.review.services.follow import follow
from liveness.review.services.seen import Seen
from tests.builders import make_attempt, make_media

pytestmark = pytest.mark.django_db
PEOPLE = ("anonymous", "nobody", "staff", *ROLES, "superuser")

# "nobody" has an account and "staff" may enter the admin, both without any permission. 302 leads to a log-in, or on
# from an act; 404 and 405 say nothing of what exists.
TABLE = """
                                                                          anon none staff revw supv audt oper admn root
/healthz                                                             GET  200  200  200  200  200  200  200  200  200
/healthz                                                             POST 405  405  405  405  405  405  405  405  405
/readyz                                                              GET  200  200  200  200  200  200  200  200  200
/readyz                                                              POST 405  405  405  405  405  405  405  405  405
/metrics                                                             GET  404  404  404  404  404  404  404  404  404
/metrics                                                             POST 405  405  405  405  405  405  405  405  405
/favicon.ico                                                         GET  302  302  302  302  302  302  302  302  302
/favicon.ico                                                         POST 405  405  405  405  405  405  405  405  405
/                                                                    GET  302  302  302  302  302  302  302  302  302
/                                                                    POST 302  405  405  405  405  405  405  405  405
/review/                                                             GET  302  403  403  200  200  200  403  200  200
/review/                                                             POST 302  405  405  405  405  405  405  405  405
/review/find/                                                        GET  302  405  405  405  405  405  405  405  405
/review/find/                                                        POST 302  403  403  303  303  303  403  303  303
/review/pulse/                                                       GET  401  403  403  200  200  200  403  200  200
/review/pulse/                                                       POST 405  405  405  405  405  405  405  405  405
/review/next/                                                        GET  302  405  405  405  405  405  405  405  405
/review/next/                                                        POST 302  403  403  303  303  403  403  403  303
/review/peek/                                                        GET  302  403  403  204  204  403  403  403  204
/review/peek/                                                        POST 302  405  405  405  405  405  405  405  405
/review/views/                                                       GET  302  405  405  405  405  405  405  405  405
/review/views/                                                       POST 302  403  403  303  303  303  403  303  303
/review/views/<int:pk>/delete/                                       GET  302  405  405  405  405  405  405  405  405
/review/views/<int:pk>/delete/                                       POST 302  403  403  404  404  404  403  404  404
/review/notices/<int:pk>/read/                                       GET  302  405  405  405  405  405  405  405  405
/review/notices/<int:pk>/read/                                       POST 302  403  403  404  404  404  403  404  404
/review/keys/                                                        GET  302  403  403  200  200  200  403  200  200
/review/keys/                                                        POST 302  403  403  302  302  302  403  302  302
/review/dashboard/                                                   GET  302  403  403  403  200  200  200  200  200
/review/dashboard/                                                   POST 302  405  405  405  405  405  405  405  405
/review/audit/                                                       GET  302  403  403  403  403  200  403  200  200
/review/audit/                                                       POST 302  405  405  405  405  405  405  405  405
/review/audit/find/                                                  GET  302  405  405  405  405  405  405  405  405
/review/audit/find/                                                  POST 302  403  403  403  403  303  403  303  303
/review/audit/verify/                                                GET  302  405  405  405  405  405  405  405  405
/review/audit/verify/                                                POST 302  403  403  403  403  303  403  303  303
/review/<uuid:public_id>/                                            GET  302  403  403  200  200  200  403  200  200
/review/<uuid:public_id>/                                            POST 302  405  405  405  405  405  405  405  405
/review/<uuid:public_id>/claim/                                      GET  405  405  405  405  405  405  405  405  405
/review/<uuid:public_id>/claim/                                      POST 302  403  403  303  303  403  403  403  303
/review/<uuid:public_id>/release/                                    GET  405  405  405  405  405  405  405  405  405
/review/<uuid:public_id>/release/                                    POST 302  403  403  303  303  403  403  403  303
/review/<uuid:public_id>/take-over/                                  GET  405  405  405  405  405  405  405  405  405
/review/<uuid:public_id>/take-over/                                  POST 302  403  403  403  303  403  403  403  303
/review/<uuid:public_id>/beat/                                       GET  405  405  405  405  405  405  405  405  405
/review/<uuid:public_id>/beat/                                       POST 401  403  403  200  200  200  403  200  200
/review/<uuid:public_id>/decide/                                     GET  405  405  405  405  405  405  405  405  405
/review/<uuid:public_id>/decide/                                     POST 302  403  403  409  409  403  403  403  409
/review/<uuid:public_id>/undo/                                       GET  405  405  405  405  405  405  405  405  405
/review/<uuid:public_id>/undo/                                       POST 302  403  403  303  303  403  403  403  303
/review/<uuid:public_id>/notes/                                      GET  405  405  405  405  405  405  405  405  405
/review/<uuid:public_id>/notes/                                      POST 302  403  403  422  422  403  403  403  422
/review/<uuid:public_id>/subject/                                    GET  302  403  403  200  200  200  403  200  200
/review/<uuid:public_id>/subject/                                    POST 302  405  405  405  405  405  405  405  405
/liveness/                                                           GET  302  403  403  200  200  200  200  200  200
/liveness/                                                           POST 302  405  405  405  405  405  405  405  405
/liveness/find/                                                      GET  302  405  405  405  405  405  405  405  405
/liveness/find/                                                      POST 302  403  403  302  302  302  302  302  302
/liveness/attempts/<uuid:public_id>/                                 GET  302  404  404  200  200  200  200  200  200
/liveness/attempts/<uuid:public_id>/                                 POST 302  405  405  405  405  405  405  405  405
/liveness/media/<uuid:public_id>/                                    GET  404  404  404  200  200  200  404  200  200
/liveness/media/<uuid:public_id>/                                    POST 405  405  405  405  405  405  405  405  405
/liveness/media/<uuid:public_id>/thumbnail/                          GET  404  404  404  200  200  200  404  200  200
/liveness/media/<uuid:public_id>/thumbnail/                          POST 405  405  405  405  405  405  405  405  405
/liveness/media/<uuid:public_id>/download/                           GET  405  405  405  405  405  405  405  405  405
/liveness/media/<uuid:public_id>/download/                           POST 404  404  404  404  404  404  404  200  200
/liveness/metrics/                                                   GET  404  404  404  404  404  404  404  404  404
/liveness/metrics/                                                   POST 405  405  405  405  405  405  405  405  405
/accounts/login/                                                     GET  200  200  200  200  200  200  200  200  200
/accounts/login/                                                     POST 200  200  200  200  200  200  200  200  200
/accounts/logout/                                                    GET  405  405  405  405  405  405  405  405  405
/accounts/logout/                                                    POST 302  302  302  302  302  302  302  302  302
/admin/logout/                                                       GET  405  405  405  405  405  405  405  405  405
/admin/logout/                                                       POST 302  302  302  302  302  302  302  302  302
/admin/                                                              GET  302  302  200  302  302  200  200  200  200
/admin/                                                              POST 302  302  200  302  302  200  200  200  200
/admin/login/                                                        GET  200  200  302  200  200  302  302  302  302
/admin/login/                                                        POST 200  200  200  200  200  200  200  200  200
/admin/password_change/                                              GET  302  302  200  302  302  200  200  200  200
/admin/password_change/                                              POST 302  302  200  302  302  200  200  200  200
/admin/password_change/done/                                         GET  302  302  200  302  302  200  200  200  200
/admin/password_change/done/                                         POST 302  302  405  302  302  405  405  405  405
/admin/autocomplete/                                                 GET  302  302  403  302  302  403  403  403  403
/admin/autocomplete/                                                 POST 302  302  405  302  302  405  405  405  405
/admin/jsi18n/                                                       GET  302  302  200  302  302  200  200  200  200
/admin/jsi18n/                                                       POST 302  302  405  302  302  405  405  405  405
/admin/r/<path:content_type_id>/<path:object_id>/                    GET  302  302  404  302  302  404  404  404  404
/admin/r/<path:content_type_id>/<path:object_id>/                    POST 302  302  404  302  302  404  404  404  404
/admin/auth/group/                                                   GET  302  302  403  302  302  403  403  200  200
/admin/auth/group/                                                   POST 302  302  403  302  302  403  403  200  200
/admin/auth/group/add/                                               GET  302  302  403  302  302  403  403  200  200
/admin/auth/group/add/                                               POST 302  302  403  302  302  403  403  200  200
/admin/auth/group/<path:object_id>/history/                          GET  302  302  403  302  302  403  403  200  200
/admin/auth/group/<path:object_id>/history/                          POST 302  302  403  302  302  403  403  200  200
/admin/auth/group/<path:object_id>/delete/                           GET  302  302  403  302  302  403  403  200  200
/admin/auth/group/<path:object_id>/delete/                           POST 302  302  403  302  302  403  403  200  200
/admin/auth/group/<path:object_id>/change/                           GET  302  302  403  302  302  403  403  200  200
/admin/auth/group/<path:object_id>/change/                           POST 302  302  403  302  302  403  403  200  200
/admin/auth/group/<path:object_id>/                                  GET  302  302  302  302  302  302  302  302  302
/admin/auth/group/<path:object_id>/                                  POST 302  302  302  302  302  302  302  302  302
/admin/liveness/auditevent/find/                                     GET  302  302  405  302  302  405  405  405  405
/admin/liveness/auditevent/find/                                     POST 302  302  403  302  302  302  403  302  302
/admin/liveness/auditevent/<int:object_id>/act/<slug:name>/          GET  302  302  405  302  302  405  405  405  405
/admin/liveness/auditevent/<int:object_id>/act/<slug:name>/          POST 302  302  403  302  302  403  403  403  403
/admin/liveness/auditevent/                                          GET  302  302  403  302  302  200  403  200  200
/admin/liveness/auditevent/                                          POST 302  302  403  302  302  200  403  200  200
/admin/liveness/auditevent/add/                                      GET  302  302  403  302  302  403  403  403  403
/admin/liveness/auditevent/add/                                      POST 302  302  403  302  302  403  403  403  403
/admin/liveness/auditevent/<path:object_id>/history/                 GET  302  302  403  302  302  200  403  200  200
/admin/liveness/auditevent/<path:object_id>/history/                 POST 302  302  403  302  302  200  403  200  200
/admin/liveness/auditevent/<path:object_id>/delete/                  GET  302  302  403  302  302  403  403  403  403
/admin/liveness/auditevent/<path:object_id>/delete/                  POST 302  302  403  302  302  403  403  403  403
/admin/liveness/auditevent/<path:object_id>/change/                  GET  302  302  403  302  302  200  403  200  200
/admin/liveness/auditevent/<path:object_id>/change/                  POST 302  302  403  302  302  403  403  403  403
/admin/liveness/auditevent/<path:object_id>/                         GET  302  302  302  302  302  302  302  302  302
/admin/liveness/auditevent/<path:object_id>/                         POST 302  302  302  302  302  302  302  302  302
/admin/liveness/verificationattempt/find/                            GET  302  302  405  302  302  405  405  405  405
/admin/liveness/verificationattempt/find/                            POST 302  302  403  302  302  302  302  302  302
/admin/liveness/verificationattempt/<int:object_id>/act/<slug:name>/ GET  302  302  405  302  302  405  405  405  405
/admin/liveness/verificationattempt/<int:object_id>/act/<slug:name>/ POST 302  302  403  302  302  403  302  302  302
/admin/liveness/verificationattempt/                                 GET  302  302  403  302  302  200  200  200  200
/admin/liveness/verificationattempt/                                 POST 302  302  403  302  302  200  200  200  200
/admin/liveness/verificationattempt/add/                             GET  302  302  403  302  302  403  200  200  200
/admin/liveness/verificationattempt/add/                             POST 302  302  403  302  302  403  200  200  200
/admin/liveness/verificationattempt/<path:object_id>/history/        GET  302  302  302  302  302  200  200  200  200
/admin/liveness/verificationattempt/<path:object_id>/history/        POST 302  302  302  302  302  200  200  200  200
/admin/liveness/verificationattempt/<path:object_id>/delete/         GET  302  302  403  302  302  403  403  403  403
/admin/liveness/verificationattempt/<path:object_id>/delete/         POST 302  302  403  302  302  403  403  403  403
/admin/liveness/verificationattempt/<path:object_id>/change/         GET  302  302  403  302  302  200  200  200  200
/admin/liveness/verificationattempt/<path:object_id>/change/         POST 302  302  403  302  302  403  403  403  403
/admin/liveness/verificationattempt/<path:object_id>/                GET  302  302  302  302  302  302  302  302  302
/admin/liveness/verificationattempt/<path:object_id>/                POST 302  302  302  302  302  302  302  302  302
/admin/liveness/storedmedia/find/                                    GET  302  302  405  302  302  405  405  405  405
/admin/liveness/storedmedia/find/                                    POST 302  302  403  302  302  302  403  302  302
/admin/liveness/storedmedia/<int:object_id>/act/<slug:name>/         GET  302  302  405  302  302  405  405  405  405
/admin/liveness/storedmedia/<int:object_id>/act/<slug:name>/         POST 302  302  403  302  302  403  403  302  302
/admin/liveness/storedmedia/                                         GET  302  302  403  302  302  200  403  200  200
/admin/liveness/storedmedia/                                         POST 302  302  403  302  302  200  403  200  200
/admin/liveness/storedmedia/add/                                     GET  302  302  403  302  302  403  403  403  403
/admin/liveness/storedmedia/add/                                     POST 302  302  403  302  302  403  403  403  403
/admin/liveness/storedmedia/<path:object_id>/history/                GET  302  302  302  302  302  200  302  200  200
/admin/liveness/storedmedia/<path:object_id>/history/                POST 302  302  302  302  302  200  302  200  200
/admin/liveness/storedmedia/<path:object_id>/delete/                 GET  302  302  403  302  302  403  403  403  403
/admin/liveness/storedmedia/<path:object_id>/delete/                 POST 302  302  403  302  302  403  403  403  403
/admin/liveness/storedmedia/<path:object_id>/change/                 GET  302  302  403  302  302  200  403  200  200
/admin/liveness/storedmedia/<path:object_id>/change/                 POST 302  302  403  302  302  403  403  403  403
/admin/liveness/storedmedia/<path:object_id>/                        GET  302  302  302  302  302  302  302  302  302
/admin/liveness/storedmedia/<path:object_id>/                        POST 302  302  302  302  302  302  302  302  302
/admin/liveness_review/review/find/                                  GET  302  302  405  302  302  405  405  405  405
/admin/liveness_review/review/find/                                  POST 302  302  403  302  302  302  403  302  302
/admin/liveness_review/review/<int:object_id>/act/<slug:name>/       GET  302  302  405  302  302  405  405  405  405
/admin/liveness_review/review/<int:object_id>/act/<slug:name>/       POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/review/                                       GET  302  302  403  302  302  200  403  200  200
/admin/liveness_review/review/                                       POST 302  302  403  302  302  200  403  200  200
/admin/liveness_review/review/add/                                   GET  302  302  403  302  302  403  403  403  403
/admin/liveness_review/review/add/                                   POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/review/<path:object_id>/history/              GET  302  302  302  302  302  200  403  200  200
/admin/liveness_review/review/<path:object_id>/history/              POST 302  302  302  302  302  200  403  200  200
/admin/liveness_review/review/<path:object_id>/delete/               GET  302  302  403  302  302  403  403  403  403
/admin/liveness_review/review/<path:object_id>/delete/               POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/review/<path:object_id>/change/               GET  302  302  403  302  302  200  403  200  200
/admin/liveness_review/review/<path:object_id>/change/               POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/review/<path:object_id>/                      GET  302  302  302  302  302  302  302  302  302
/admin/liveness_review/review/<path:object_id>/                      POST 302  302  302  302  302  302  302  302  302
/admin/liveness_review/decision/find/                                GET  302  302  405  302  302  405  405  405  405
/admin/liveness_review/decision/find/                                POST 302  302  403  302  302  302  403  302  302
/admin/liveness_review/decision/<int:object_id>/act/<slug:name>/     GET  302  302  405  302  302  405  405  405  405
/admin/liveness_review/decision/<int:object_id>/act/<slug:name>/     POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/decision/                                     GET  302  302  403  302  302  200  403  200  200
/admin/liveness_review/decision/                                     POST 302  302  403  302  302  200  403  200  200
/admin/liveness_review/decision/add/                                 GET  302  302  403  302  302  403  403  403  403
/admin/liveness_review/decision/add/                                 POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/decision/<path:object_id>/history/            GET  302  302  302  302  302  200  403  200  200
/admin/liveness_review/decision/<path:object_id>/history/            POST 302  302  302  302  302  200  403  200  200
/admin/liveness_review/decision/<path:object_id>/delete/             GET  302  302  403  302  302  403  403  403  403
/admin/liveness_review/decision/<path:object_id>/delete/             POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/decision/<path:object_id>/change/             GET  302  302  403  302  302  200  403  200  200
/admin/liveness_review/decision/<path:object_id>/change/             POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/decision/<path:object_id>/                    GET  302  302  302  302  302  302  302  302  302
/admin/liveness_review/decision/<path:object_id>/                    POST 302  302  302  302  302  302  302  302  302
/admin/liveness_review/claim/find/                                   GET  302  302  405  302  302  405  405  405  405
/admin/liveness_review/claim/find/                                   POST 302  302  403  302  302  302  403  302  302
/admin/liveness_review/claim/<int:object_id>/act/<slug:name>/        GET  302  302  405  302  302  405  405  405  405
/admin/liveness_review/claim/<int:object_id>/act/<slug:name>/        POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/claim/                                        GET  302  302  403  302  302  200  403  200  200
/admin/liveness_review/claim/                                        POST 302  302  403  302  302  200  403  200  200
/admin/liveness_review/claim/add/                                    GET  302  302  403  302  302  403  403  403  403
/admin/liveness_review/claim/add/                                    POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/claim/<path:object_id>/history/               GET  302  302  302  302  302  200  403  200  200
/admin/liveness_review/claim/<path:object_id>/history/               POST 302  302  302  302  302  200  403  200  200
/admin/liveness_review/claim/<path:object_id>/delete/                GET  302  302  403  302  302  403  403  403  403
/admin/liveness_review/claim/<path:object_id>/delete/                POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/claim/<path:object_id>/change/                GET  302  302  403  302  302  200  403  200  200
/admin/liveness_review/claim/<path:object_id>/change/                POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/claim/<path:object_id>/                       GET  302  302  302  302  302  302  302  302  302
/admin/liveness_review/claim/<path:object_id>/                       POST 302  302  302  302  302  302  302  302  302
/admin/liveness_review/note/find/                                    GET  302  302  405  302  302  405  405  405  405
/admin/liveness_review/note/find/                                    POST 302  302  403  302  302  302  403  302  302
/admin/liveness_review/note/<int:object_id>/act/<slug:name>/         GET  302  302  405  302  302  405  405  405  405
/admin/liveness_review/note/<int:object_id>/act/<slug:name>/         POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/note/                                         GET  302  302  403  302  302  200  403  200  200
/admin/liveness_review/note/                                         POST 302  302  403  302  302  200  403  200  200
/admin/liveness_review/note/add/                                     GET  302  302  403  302  302  403  403  403  403
/admin/liveness_review/note/add/                                     POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/note/<path:object_id>/history/                GET  302  302  302  302  302  200  403  200  200
/admin/liveness_review/note/<path:object_id>/history/                POST 302  302  302  302  302  200  403  200  200
/admin/liveness_review/note/<path:object_id>/delete/                 GET  302  302  403  302  302  403  403  403  403
/admin/liveness_review/note/<path:object_id>/delete/                 POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/note/<path:object_id>/change/                 GET  302  302  403  302  302  200  403  200  200
/admin/liveness_review/note/<path:object_id>/change/                 POST 302  302  403  302  302  403  403  403  403
/admin/liveness_review/note/<path:object_id>/                        GET  302  302  302  302  302  302  302  302  302
/admin/liveness_review/note/<path:object_id>/                        POST 302  302  302  302  302  302  302  302  302
/admin/auth/user/<id>/password/                                      GET  302  302  403  302  302  403  403  200  200
/admin/auth/user/<id>/password/                                      POST 302  302  403  302  302  403  403  200  200
/admin/auth/user/                                                    GET  302  302  403  302  302  403  403  200  200
/admin/auth/user/                                                    POST 302  302  403  302  302  403  403  200  200
/admin/auth/user/add/                                                GET  302  302  403  302  302  403  403  200  200
/admin/auth/user/add/                                                POST 302  302  403  302  302  403  403  200  200
/admin/auth/user/<path:object_id>/history/                           GET  302  302  403  302  302  403  403  200  200
/admin/auth/user/<path:object_id>/history/                           POST 302  302  403  302  302  403  403  200  200
/admin/auth/user/<path:object_id>/delete/                            GET  302  302  403  302  302  403  403  403  403
/admin/auth/user/<path:object_id>/delete/                            POST 302  302  403  302  302  403  403  403  403
/admin/auth/user/<path:object_id>/change/                            GET  302  302  403  302  302  403  403  200  200
/admin/auth/user/<path:object_id>/change/                            POST 302  302  403  302  302  403  403  200  200
/admin/auth/user/<path:object_id>/                                   GET  302  302  302  302  302  302  302  302  302
/admin/auth/user/<path:object_id>/                                   POST 302  302  302  302  302  302  302  302  302
/admin/^(?P<app_label>auth|liveness|liveness_review)/$               GET  302  302  404  302  302  200  200  200  200
/admin/^(?P<app_label>auth|liveness|liveness_review)/$               POST 302  302  404  302  302  200  200  200  200
/admin/(?P<url>.*)$                                                  GET  302  302  404  302  302  404  404  404  404
/admin/(?P<url>.*)$                                                  POST 302  302  404  302  302  404  404  404  404
"""


def rows() -> dict[str, dict[str, list[int]]]:
    table: dict[str, dict[str, list[int]]] = {}
    for line in TABLE.strip().splitlines()[1:]:
        route, method, *statuses = line.split()
        table.setdefault(route, {})[method] = [int(status) for status in statuses]
    return table


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


@pytest.fixture(autouse=True)
def _no_vendor(monkeypatch):
    monkeypatch.setattr(engine, "run", lambda plan: Summary())


@pytest.fixture
def objects():
    """One record of each kind, by the model's name as addresses spell it."""
    call_command("portal_roles")
    attempt = make_attempt(outcome=Outcome.PASSED)
    media = make_media(attempt, MediaKind.BEST_FRAME, b"picture")
    media.thumbnail.name = media.path + ".jpg"
    Path(media.thumbnail.path).write_bytes(b"small")
    media.save()
    follow(attempt, now=timezone.now())
    account = get_user_model().objects.create_user("somebody")
    client, first = Client(), get_user_model().objects.create_superuser("first")
    client.force_login(first)
    client.get(f"/liveness/media/{media.public_id}/")
    claim = claims.claim(attempt.review, person=first, now=timezone.now())
    stand = Stand(claim.public_id, claim.review.version, claim.review.evidence_digest)
    draft = Draft("escalate", ("policy.doubt",), "In doubt.")
    decision = decide(attempt.review, draft, stand, Seen(), person=first, now=timezone.now())
    notice = Notice.objects.create(
        person=first, review=attempt.review, kind=Notice.Kind.DISAGREED, created_at=timezone.now()
    )
    return {
        # A view and a notice of somebody else's.
        "views": SavedView.objects.create(owner=first, name="late").pk,
        "notices": notice.pk,
        "attempts": attempt.public_id,
        "media": media.public_id,
        "verificationattempt": attempt.pk,
        "review": attempt.pk,
        "claim": claim.pk,
        "decision": decision.pk,
        "note": notes.write(attempt.review, "A note.", author=first, now=timezone.now()).pk,
        "storedmedia": media.pk,
        "auditevent": AuditEvent.objects.latest("sequence").pk,
        "user": account.pk,
        "group": Group.objects.first().pk,
    }


def address(route: str, objects: dict) -> str:
    record = next((key for name, key in objects.items() if f"/{name}/" in route.removeprefix("/review")), 1)
    if route.startswith("/review/<uuid"):
        record = objects["attempts"]
    act = "refresh_now" if "verificationattempt" in route else "verify_media"
    filled = re.sub(r"<(uuid:public_id|path:object_id|int:object_id|int:pk|id)>", str(record), route)
    filled = filled.replace("<slug:name>", act).replace("<path:content_type_id>", "1")
    return re.sub(r"\^\(\?P<app_label>.*?\)/\$", "liveness/", filled).replace("(?P<url>.*)$", "nothing/here/")


def person(name: str):
    if name == "superuser":
        return get_user_model().objects.create_superuser(name)
    user = get_user_model().objects.create_user(name, is_staff=name == "staff" or name in STAFF_ROLES)
    user.groups.set(Group.objects.filter(name=name))
    return user


def test_every_address_is_in_the_table_and_the_table_holds_no_other():
    assert set(routes(get_resolver().url_patterns)) == set(rows())


@pytest.mark.parametrize("name", PEOPLE)
def test_each_role_opens_what_the_table_says(objects, name):
    client, user = Client(), None if name == "anonymous" else person(name)
    column, found, expected = PEOPLE.index(name), {}, {}
    for route, methods in rows().items():
        for method, statuses in methods.items():
            # Logging out is one of the addresses.
            client = Client()
            if user:
                client.force_login(user)
            found[method, route] = client.generic(method, address(route, objects)).status_code
            expected[method, route] = statuses[column]
    assert {key: status for key, status in found.items() if status != expected[key]} == {}


def test_an_administrator_cannot_raise_anybody_or_touch_a_superuser(objects):
    administrator, root = person("administrator"), person("superuser")
    client = Client()
    client.force_login(administrator)
    page = f"/admin/auth/user/{administrator.pk}/change/"
    raised = {"username": "administrator", "is_superuser": "on", "is_active": "on", "is_staff": "on"}
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00"}
    permissions = {"user_permissions": [1, 2, 3]}
    assert client.post(page, raised | dates | permissions).status_code == 302
    administrator.refresh_from_db()
    assert (administrator.is_superuser, administrator.user_permissions.count()) == (False, 0)
    passwords = {"password1": "a-new-long-password", "password2": "a-new-long-password", "usable_password": "true"}
    for path in (f"/admin/auth/user/{root.pk}/change/", f"/admin/auth/user/{root.pk}/password/"):
        assert client.post(path, raised | dates | passwords).status_code == 403
