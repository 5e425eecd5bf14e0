"""`liveness_show` as an operator runs it."""

SHOWN = {
    *("id", "subject_reference", "outcome", "result_code", "result_meaning", "polls"),
    *("issued_at", "expires_at", "finished_at", "media"),
}


class TestShow:
    def test_it_shows_the_contracts_fields(self, portal):
        token = portal.register("pass_amara")
        portal.run("liveness_refresh")
        shown = portal.run("liveness_show", token, "--json").json
        assert set(shown) == SHOWN
        assert set(shown["media"][0]) == {"kind", "state", "size", "md5", "sha256", "content_type"}
        assert (shown["polls"], shown["result_code"]) == (1, "0")
        assert portal.run("liveness_show", shown["id"], "--json").json == shown

    def test_it_shows_a_person_the_same_without_the_token(self, portal):
        token = portal.register("pass_amara")
        shown = portal.run("liveness_show", token)
        assert "subject-1" in shown.out
        assert token not in shown.out

    def test_an_unknown_attempt_is_exit_1(self, portal):
        assert portal.run("liveness_show", "nothing").code == 1
