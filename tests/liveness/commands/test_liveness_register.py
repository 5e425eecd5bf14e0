"""`liveness_register` as an operator runs it."""

import json


class TestRegister:
    def test_it_registers_one_token_and_prints_its_id(self, portal):
        token = portal.sandbox.issue()
        done = portal.run("liveness_register", token, "--subject", "subject-1")
        assert done.code == 0
        assert done.out.startswith("registered ")
        assert token not in done.out + done.err

    def test_it_prints_numbers_as_json(self, portal):
        arguments = ("liveness_register", portal.sandbox.issue(), "--subject", "s", "--json")
        assert portal.run(*arguments).json.items() >= {"registered": 1, "duplicates": 0, "rejected": 0}.items()
        assert portal.run(*arguments).json.items() >= {"registered": 0, "duplicates": 1, "rejected": 0}.items()

    def test_it_reads_a_file_and_tells_which_lines_are_bad(self, portal, tmp_path):
        path = tmp_path / "tokens.csv"
        good = portal.sandbox.issue()
        path.write_text(f"sdk_token,subject_reference,issued_at,region\nbad,s,,\n{good},s,,ap-jakarta\n")
        done = portal.run("liveness_register", "--file", str(path), "--json")
        assert done.code == 1
        assert done.json["registered"] == 1
        assert done.json["rejected"] == 1
        assert "line 2:" in done.err

    def test_it_is_quiet_about_a_good_file(self, portal):
        line = json.dumps({"sdk_token": portal.sandbox.issue(), "subject_reference": "s"})
        done = portal.run("liveness_register", "--file", "-", stdin=line)
        assert (done.code, done.out, done.err) == (0, "", "")

    def test_bad_bytes_spoil_their_line_only(self, portal, tmp_path):
        path = tmp_path / "tokens.csv"
        good = portal.sandbox.issue().encode()
        path.write_bytes(b"sdk_token,subject_reference\n\xff\xfe\xfd00000000,\xff\n" + good + b",s\n")
        done = portal.run("liveness_register", "--file", str(path), "--json")
        assert (done.json["registered"], done.json["rejected"]) == (1, 1)

    def test_the_app_can_report_that_a_check_is_done(self, portal):
        token = portal.sandbox.issue(finishes_after=0)
        assert portal.run("liveness_register", token, "--subject", "s").code == 0
        assert portal.run("liveness_refresh", "--json").json["polled"] == 0
        assert portal.run("liveness_register", token, "--subject", "s", "--finished").code == 0
        assert portal.run("liveness_refresh", "--json").json["passed"] == 1

    def test_it_says_what_to_type(self, portal):
        for arguments, hint in (
            ((), "--file"),
            (("TOKEN-12345678",), "--subject"),
            (("--file", "/nowhere/tokens.csv"), "cannot be read"),
            (("--file", "-", "--finished"), "column"),
            (("TOKEN-12345678", "--subject", "s", "--region", "ap-mars"), "ap-singapore"),
        ):
            done = portal.run("liveness_register", *arguments)
            assert done.code == 2
            assert hint in done.err
