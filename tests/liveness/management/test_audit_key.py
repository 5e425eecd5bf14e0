"""The audit key as an operator changes it: processes with the old key, the new one, and a wrong one."""

OLD = {"LIVENESS_AUDIT_KEY": "the-old-key-" + "o" * 40, "LIVENESS_AUDIT_KEY_PREVIOUS": ""}
NEW = {"LIVENESS_AUDIT_KEY": "the-new-key-" + "n" * 40, "LIVENESS_AUDIT_KEY_PREVIOUS": OLD["LIVENESS_AUDIT_KEY"]}


def test_a_process_that_was_not_restarted_stops_recording_and_breaks_nothing(portal):
    portal.environment |= OLD
    portal.register(subject="subject-1")
    portal.environment |= NEW
    portal.register(subject="subject-2")
    late, check = portal.run("liveness_refresh", "--force", **OLD), portal.run("check", **OLD)
    assert late.code == 2
    assert "LIVENESS_AUDIT_KEY" in late.err
    assert "Traceback" not in late.err
    assert (check.code, "liveness.E036" in check.err) == (1, True)
    assert OLD["LIVENESS_AUDIT_KEY"] not in late.err + check.err
    verified = portal.run("liveness_verify_audit", "--json")
    # Two registrations, and the event that begins the new key between them.
    assert (verified.code, verified.json["events"], verified.json["broken_at"]) == (0, 3, None)
