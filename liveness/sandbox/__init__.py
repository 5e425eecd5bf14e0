"""A local Tencent Cloud FaceID for development, demonstrations and tests; it needs neither Django nor an account.

It speaks the vendor's wire protocol over real HTTP on a loopback port: it checks every signature, issues and ages
tokens, answers "not finished" until the simulated person is done, serves real pictures and videos through links that
expire, limits calls per second, and fails on request.

    with Sandbox() as sandbox:
        token = sandbox.issue("screen_replay", finishes_after=0)
        sandbox.inject("reset", at="middle")
        ...  # point a client at sandbox.url with sandbox.secret_id and sandbox.secret_key
"""

from liveness.sandbox.errors import SandboxError
from liveness.sandbox.faults import NAMES as FAULTS
from liveness.sandbox.server import DEMO_SECRET_ID, DEMO_SECRET_KEY, Sandbox
from liveness.sandbox.subjects import SUBJECTS

__all__ = ["DEMO_SECRET_ID", "DEMO_SECRET_KEY", "FAULTS", "SUBJECTS", "Sandbox", "SandboxError"]
