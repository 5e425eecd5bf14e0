"""`liveness_register` as an operator runs it."""

import json
import zipfile
from datetime import datetime
from zoneinfo import ZoneInfo


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

    def test_it_says_how_many_were_new_in_a_file_that_is_given_again(self, portal):
        lines = [json.dumps({"sdk_token": portal.sandbox.issue(), "subject_reference": "s"}) for _ in range(3)]
        assert portal.run("liveness_register", "--file", "-", stdin=lines[0]).out == ""
        done = portal.run("liveness_register", "--file", "-", stdin="\n".join(lines))
        assert (done.code, done.out, done.err) == (0, "2 registered, 1 already there\n", "")

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
            (("TOKEN-12345678", "--subject", " "), "--subject"),
            (("TOKEN-12345678", "--subject", "s", "--issued-at", "2026-01-31"), "date without a time"),
            (("TOKEN-12345678", "--subject", "s", "--issued-at", "2026-01-31T09:30"), "--timezone"),
            (("TOKEN-12345678", "--subject", "s", "--issued-at", "2020-01-31T09:30Z"), "2020-01-31 at 11:30:00 UTC"),
            (("TOKEN-12345678", "--subject", "s", "--timezone", "Mars/Olympus"), "Asia/Hong_Kong"),
            (("--file", "/nowhere/tokens.csv"), "cannot be read"),
            (("--file", "-", "--finished"), "column"),
            (("TOKEN-12345678", "--subject", "s", "--region", "ap-mars"), "ap-singapore"),
        ):
            done = portal.run("liveness_register", *arguments)
            assert done.code == 2
            assert hint in done.err
            assert done.err.count("\n") == 1

    def test_it_takes_a_time_without_an_offset_in_the_zone_that_is_named(self, portal):
        local = datetime.now(ZoneInfo("Asia/Hong_Kong")).replace(tzinfo=None, microsecond=0)
        line = f"{portal.sandbox.issue()},S-1,{local.isoformat()}"
        content = f"sdk_token,subject_reference,issued_at\n{line}\n"
        refused = portal.run("liveness_register", "--file", "-", stdin=content)
        assert (refused.code, "no UTC offset" in refused.err) == (1, True)
        taken = portal.run("liveness_register", "--file", "-", "--timezone", "Asia/Hong_Kong", stdin=content)
        assert (taken.code, taken.err) == (0, "")

    def test_it_says_once_what_it_ignored(self, portal):
        content = "sdk_token;subject_reference;Name\n" + "".join(f"{portal.sandbox.issue()};S;Ann\n" for _ in range(3))
        done = portal.run("liveness_register", "--file", "-", "--json", stdin=content)
        assert (done.code, done.json["registered"]) == (0, 3)
        assert done.err == "Note: ignored columns: Name.\n"
        assert done.json["notes"] == ["ignored columns: Name"]

    def test_it_names_a_file_that_is_no_table(self, portal, tmp_path):
        path = tmp_path / "tokens.xlsx"
        with zipfile.ZipFile(path, "w") as workbook:
            workbook.writestr("xl/workbook.xml", "")
        done = portal.run("liveness_register", "--file", str(path))
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert "Excel workbook (.xlsx)" in done.err and "CSV UTF-8" in done.err
