"""What no command says, however talkative it is."""


def test_no_secret_reaches_any_output_or_the_log(portal):
    """Run the whole job at the most talkative log level, with faults, and look for what must not be there."""
    tokens = [portal.register(), portal.register("pass_mei")]
    portal.sandbox.inject("error", code="InternalError")
    portal.sandbox.inject("forbidden", scope="video")
    said = ""
    for debug in ("0", "1"):
        done = portal.run("liveness_refresh", "--force", "-v3", DJANGO_LOG_LEVEL="DEBUG", DJANGO_DEBUG=debug)
        said += done.out + done.err
    for token in tokens:
        done = portal.run("liveness_show", token, DJANGO_LOG_LEVEL="DEBUG", DJANGO_DEBUG="1")
        said += done.out + done.err
    assert said
    for secret in (*tokens, portal.sandbox.secret_key, "q-signature", "q-sign"):
        assert secret not in said
