"""The environment as people and platforms write it: read as it is meant, or refused in one line."""

import codecs
import os
import sqlite3
from contextlib import closing

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from kyc_portal.dotenv import DotenvError, parse
from kyc_portal.environment import SecretFiles, StrictEnv
from tests.portal.test_settings import KEY, ROOT, python, read

NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,20}", fullmatch=True)
LETTERS = st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f\x85\xa0")
PRINTABLE = st.text(LETTERS, max_size=40)


class TestDotenv:
    @pytest.mark.parametrize(
        ("line", "value"),
        [
            ("A=value", "value"),
            ("export A=value", "value"),
            ("  A = value  ", "value"),
            ("A=value  # comment", "value"),
            ("A=value\t# comment", "value"),
            ("A=va#lue", "va#lue"),
            ("A= # comment", ""),
            ("A=", ""),
            ("A=$ecret", "$ecret"),
            ("A='va lue # no comment'  # comment", "va lue # no comment"),
            ('A="va lue # no comment" # comment', "va lue # no comment"),
            (r'A="a \"b\" \\ c"', r'a "b" \ c'),
            (r'A="a\nb"', r"a\nb"),
            ("A='a\\b'", "a\\b"),
            ("A=notify --to 'a b'", "notify --to 'a b'"),
            ("A=a=b", "a=b"),
        ],
    )
    def test_a_line_as_people_write_it(self, line, value):
        for ending in ("", "\n", "\r\n", "\r\nB=1"):
            assert parse((line + ending).encode())["A"] == value

    def test_a_byte_order_mark_does_not_hide_the_first_variable(self):
        assert parse(codecs.BOM_UTF8 + b"A=1\nB=2\n") == {"A": "1", "B": "2"}

    @pytest.mark.parametrize(
        ("data", "number"),
        [
            (b"A=1\nnonsense\n", 2),
            (b"A=1\n\n# x\nB: 2\n", 4),
            (b"A='open\nB=1\n", 1),
            (b'A=1\nB="open\n', 2),
            (b"A='a' b\n", 1),
            (b"A=1\r\nB=\xff\r\n", 2),
            (b"A=1\nB=\0\n", 2),
            ("A=1\n".encode("utf-16"), 1),
            (b"1A=1", 1),
        ],
    )
    def test_what_is_not_understood_is_refused_with_its_line(self, data, number):
        with pytest.raises(DotenvError, match=f"^line {number}: ") as refusal:
            parse(data)
        assert "nonsense" not in str(refusal.value)

    @given(st.dictionaries(NAMES, PRINTABLE.filter(lambda text: "'" not in text), max_size=5))
    def test_whatever_stands_in_single_quotes_is_read_back(self, values):
        assert parse("\n".join(f"{name}='{value}'" for name, value in values.items()).encode()) == values

    @given(st.binary(max_size=200))
    def test_no_file_raises_anything_else(self, data):
        try:
            parse(data)
        except DotenvError as problem:
            assert "\n" not in str(problem)

    def test_the_settings_read_it(self, tmp_path):
        (tmp_path / "env").write_bytes(
            codecs.BOM_UTF8
            + f"export DJANGO_SECRET_KEY={KEY}  # ours\r\nTENCENTCLOUD_SECRET_KEY=$ecret\r\n"
            "DJANGO_ALLOWED_HOSTS=a.example, b.example\r\nLIVENESS_AUDIT_KEY='two words'\r\n".encode()
        )
        names = ("SECRET_KEY", "LIVENESS_SECRET_KEY", "ALLOWED_HOSTS", "LIVENESS_AUDIT_KEY")
        found = read(*names, DJANGO_ENV_FILE=str(tmp_path / "env"))
        assert list(found.values()) == [KEY, "$ecret", ["a.example", "b.example"], "two words"]

    def test_what_the_environment_says_comes_first(self, tmp_path):
        (tmp_path / "env").write_text(f"DJANGO_SECRET_KEY={'x' * 50}")
        found = read("SECRET_KEY", DJANGO_ENV_FILE=str(tmp_path / "env"), DJANGO_SECRET_KEY=KEY)
        assert found == {"SECRET_KEY": KEY}


class TestFiles:
    @pytest.mark.parametrize("content", ["secret\n", "secret\r\n", "secret", "\ufeffsecret\n"])
    def test_one_newline_at_the_end_is_not_part_of_the_value(self, tmp_path, content):
        (tmp_path / "value").write_bytes(content.encode())
        assert SecretFiles({"A_FILE": str(tmp_path / "value")})["A"] == "secret"

    @pytest.mark.parametrize("end", ["\n", "\r\n", ""])
    def test_nor_is_it_where_the_platform_has_read_the_file(self, end):
        assert SecretFiles({"A": f"secret{end}"})["A"] == "secret"

    def test_only_one(self, tmp_path):
        (tmp_path / "value").write_text("a\nb\n\n")
        assert SecretFiles({"A_FILE": str(tmp_path / "value")})["A"] == "a\nb\n"

    def test_every_variable_may_come_from_a_file(self, tmp_path):
        variables = {
            "TENCENTCLOUD_SECRET_ID": "LIVENESS_SECRET_ID",
            "TENCENTCLOUD_SECRET_KEY": "LIVENESS_SECRET_KEY",
            "LIVENESS_AUDIT_KEY": "LIVENESS_AUDIT_KEY",
            "LIVENESS_METRICS_TOKEN": "LIVENESS_METRICS_TOKEN",
            "LIVENESS_ENDPOINT": "LIVENESS_ENDPOINT",
        }
        for name in variables:
            (tmp_path / name).write_text(f"value-of-{name}\n")
        files = {f"{name}_FILE": str(tmp_path / name) for name in variables}
        found = read(*variables.values(), DJANGO_SECRET_KEY=KEY, **files)
        assert found == {setting: f"value-of-{name}" for name, setting in variables.items()}

    def test_one_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(ImproperlyConfigured, match=r"A_FILE \(/nowhere/at-all\) cannot be read: No such file"):
            SecretFiles({"A_FILE": "/nowhere/at-all"})["A"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("variables", "words"),
        [
            ({"DJANGO_SECRET_KEY": ""}, "DJANGO_SECRET_KEY is not set"),
            ({"DJANGO_ENV_FILE": "/nowhere/env"}, "DJANGO_ENV_FILE (/nowhere/env) cannot be read"),
            ({"DJANGO_ENV_FILE": "/"}, "DJANGO_ENV_FILE (/) cannot be read"),
            ({"LIVENESS_RATE_LIMIT": "canary"}, "LIVENESS_RATE_LIMIT is not a number."),
            ({"LIVENESS_RATE_LIMIT": "canary20"}, "LIVENESS_RATE_LIMIT is not a number."),
            ({"LIVENESS_RATE_LIMIT_SHARE": "nan"}, "LIVENESS_RATE_LIMIT_SHARE is not a number."),
            ({"LIVENESS_TOKEN_TTL": "9" * 15}, "LIVENESS_TOKEN_TTL must be less than 1,000,000,000."),
            ({"LIVENESS_ALERT_MINUTES": "1e300"}, "LIVENESS_ALERT_MINUTES must be less than 1,000,000,000."),
            ({"LIVENESS_TOKEN_TTL": "2 hours"}, "LIVENESS_TOKEN_TTL is not a whole number."),
            ({"LIVENESS_REVIEW_REQUIRE_OPENED": "canary"}, "LIVENESS_REVIEW_REQUIRE_OPENED is not 1 or 0."),
            ({"DATABASE_URL": "canary"}, "DATABASE_URL is no address of a database"),
            ({"DATABASE_URL": "oracel://u:canary@h/n"}, "DATABASE_URL is no address of a database"),
            ({"DATABASE_URL": "postgres://u:p@host:canary/n"}, "DATABASE_URL is no address of a database"),
            ({"DATABASE_URL": "sqlite://relative/canary"}, "DATABASE_URL is no address of a database"),
            ({"DJANGO_EMAIL_URL": "canary://x"}, "DJANGO_EMAIL_URL is no address of a mail server"),
            ({"DJANGO_LOG_LEVEL": "canary"}, "DJANGO_LOG_LEVEL must be one of"),
            ({"DJANGO_TIME_ZONE": "Mars/canary"}, "DJANGO_TIME_ZONE is no name of a time zone"),
            ({"LIVENESS_AUDIT_KEY_FILE": "/nowhere"}, "The file of LIVENESS_AUDIT_KEY_FILE (/nowhere) cannot be read"),
        ],
    )
    def test_one_line_and_exit_2(self, variables, words):
        done = python("manage.py", "liveness_show", "x", **({"DJANGO_SECRET_KEY": KEY} | variables))
        assert done.returncode == 2
        assert done.stderr.startswith(words) or words in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert "canary" not in done.stderr

    def test_bytes_that_are_no_text_are_refused(self):
        # As Python gives them in the environment.
        done = python("manage.py", "check", DJANGO_SECRET_KEY=KEY, LIVENESS_AUDIT_KEY="canary\udcff")
        assert (done.returncode, done.stderr) == (2, "LIVENESS_AUDIT_KEY is not UTF-8.\n")

    def test_a_database_whose_driver_is_not_installed_is_one_line(self):
        done = python("manage.py", "check", DJANGO_SECRET_KEY=KEY, DATABASE_URL="mysql://u:canary@127.0.0.1/n")
        assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
        assert "canary" not in done.stderr

    def test_settings_that_cannot_be_found_are_one_line(self):
        done = python("manage.py", "liveness_show", "x", DJANGO_SETTINGS_MODULE="nowhere.settings")
        assert (done.returncode, done.stderr) == (2, "DJANGO_SETTINGS_MODULE: there is no module nowhere.\n")

    @pytest.mark.parametrize("part", ["worker", "beat"])
    def test_celery_says_it_in_one_line_too(self, part):
        done = python("-m", "celery", "-A", "kyc_portal", part)
        assert done.returncode == 2
        assert done.stderr.startswith("DJANGO_SECRET_KEY is not set")
        assert len(done.stderr.strip().splitlines()) == 1

    def test_the_web_server_stops_instead_of_starting_the_next_worker_for_ever(self):
        options = ("--bind", "127.0.0.1:0", "--no-control-socket")
        done = python("-m", "gunicorn", "kyc_portal.wsgi", *options, PATH=os.environ["PATH"])
        assert done.returncode == 4
        assert "DJANGO_SECRET_KEY is not set" in done.stderr
        assert "Traceback" not in done.stderr


class TestValues:
    @pytest.mark.parametrize(
        ("text", "number"), [("20", 20.0), ("0.94", 0.94), ("0,94", 0.94), ("1e1", 10.0), (" 5 ", 5.0), ("-1", -1.0)]
    )
    def test_a_number(self, monkeypatch, text, number):
        assert environment(monkeypatch, A=text).float("A", default=1.0) == number

    @pytest.mark.parametrize(
        ("text", "flag"), [("1", True), ("yes", True), ("TRUE", True), ("0", False), ("off", False), ("", False)]
    )
    def test_a_flag(self, monkeypatch, text, flag):
        assert environment(monkeypatch, A=text).bool("A", default=False) is flag

    def test_a_name_after_a_dollar_is_a_reference_where_there_is_one(self, monkeypatch):
        found = environment(monkeypatch, A="$B", B="other", C="$none", D="$", E="$$B")
        assert [found.str(name) for name in "ACDE"] == ["other", "$none", "$", "$$B"]


def environment(monkeypatch, **variables: str) -> StrictEnv:
    monkeypatch.setattr(StrictEnv, "ENVIRON", SecretFiles(variables))
    return StrictEnv()


def test_a_misspelt_name_is_a_warning():
    meant_by = {
        "LIVENESS_RATE_LIMITS": "LIVENESS_RATE_LIMIT",
        "TENCENTCLOUD_SECRET_KEYS": "TENCENTCLOUD_SECRET_KEY",
        "DJANGO_SETTINGS_MODULES": "DJANGO_SETTINGS_MODULE",
    }
    done = python("manage.py", "check", DJANGO_SECRET_KEY=KEY, HOME="/", **dict.fromkeys(meant_by, "5"))
    assert done.returncode == 0
    for name, meant in meant_by.items():
        assert f"(kyc_portal.W001) {name} is no variable of the portal." in done.stderr
        assert f"Did you mean {meant}?" in done.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "postgres://portal:change-me@127.0.0.1:5432/portal"),
        ("TENCENTCLOUD_TOKEN", "change-me"),
        ("DJANGO_SECRET_KEY_FALLBACKS", "change-me"),
        ("LIVENESS_REDIS_URL", "redis://:CHANGE-ME@127.0.0.1:6379/2"),
        ("CELERY_BROKER_URL", "redis://:change-me@127.0.0.1:6379/2"),
        ("DJANGO_EMAIL_URL", "smtp+tls://user:change-me@mail.example.com:587"),
    ],
)
def test_a_placeholder_is_refused_in_every_variable(variable, value):
    done = python("manage.py", "check", **({"DJANGO_SECRET_KEY": KEY, variable: value}))
    assert done.returncode == 1
    assert "liveness.E007" in done.stderr


@pytest.mark.parametrize(
    ("url", "name"), [("sqlite:///var/a.sqlite3", f"{ROOT}/var/a.sqlite3"), ("sqlite:////a/b", "/a/b")]
)
def test_a_database_file_is_the_same_one_wherever_a_process_is_started(url, name, tmp_path):
    found = read("DATABASES", DJANGO_SECRET_KEY=KEY, DATABASE_URL=url, PYTHONPATH=str(ROOT), directory=tmp_path)
    assert found["DATABASES"]["default"]["NAME"] == name


def test_a_new_database_is_for_its_user_alone(tmp_path):
    script = "import os; os.umask(0); import django; django.setup(); from django.core.management import call_command;"
    python("-c", script + "call_command('migrate', verbosity=0)", DJANGO_SECRET_KEY=KEY, **database(tmp_path))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}
    assert "db.sqlite3" in modes


def test_a_database_that_others_can_read_is_a_warning(tmp_path):
    path = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(path)) as own:
        own.execute("CREATE TABLE t (x)")
    for file in (path, tmp_path / "db.sqlite3-pace"):
        file.touch()
        file.chmod(0o644)
    done = python("manage.py", "check", DJANGO_SECRET_KEY=KEY, **database(tmp_path))
    assert "liveness.W021" in done.stderr
    [hint] = [line for line in done.stderr.splitlines() if "Run: chmod 600" in line]
    assert {str(path), f"{path}-pace"} <= set(hint.split())


def database(directory) -> dict[str, str]:
    return {"DATABASE_URL": f"sqlite:///{directory}/db.sqlite3"}
