import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.client.redaction import (
    HIDDEN,
    MAX_DEPTH,
    MAX_LEDGER,
    MAX_STRING,
    TOO_DEEP,
    clean_text,
    ledger,
    one_line,
    without_secrets,
    without_url_secrets,
)

CANARY = "canary0123456789"
TOKEN = "D2B55F0C-FB5D-4FB6-8765-3E931EBBFC79"

words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
paths = st.text(st.sampled_from("abcXYZ019-_.~/%:@"), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("https://host.example/a/b.mp4?q-ak=x&q-signature=y", "https://host.example/a/b.mp4"),
        ("https://host.example/a#part", "https://host.example/a"),
        ("https://user:pass@host.example/a", "https://host.example/a"),
        ("HTTPS://host.example/?x=1", "HTTPS://host.example/"),
        (
            "see https://host.example/a?x=1 and http://b.example/c?y=2 too",
            "see https://host.example/a and http://b.example/c too",
        ),
        ('{"Url":"https:\\/\\/host.example\\/a?x=1"}', '{"Url":"https:\\/\\/host.example\\/a"}'),
        ("https%3A%2F%2Fhost.example%2Fa%3Fx%3D1", "https%3A%2F%2Fhost.example%2Fa"),
        (
            "https://outer.example/u:p@x/https://user:pass@inner.example/a",
            "https://outer.example/u:p@x/https://inner.example/a",
        ),
        ("//host.example/a?x=1", "//host.example/a"),
        ("host.example/a?sign=1", "host.example/a"),
        ("https://host.example/a?x=1 2\t3", "https://host.example/a"),
        ("Did it fail? Yes = no", "Did it fail? Yes = no"),
        ("user@host.example", "user@host.example"),
        ("", ""),
    ],
)
def test_it_removes_query_fragment_and_user_of_urls(text: str, cleaned: str) -> None:
    assert without_url_secrets(text) == cleaned


@given(
    before=words,
    after=words,
    scheme=st.sampled_from(["http", "HTTPS", "cos", "ftp"]),
    path=paths,
    mark=st.sampled_from("?#"),
)
def test_it_finds_signed_urls_anywhere_in_a_text(before: str, after: str, scheme: str, path: str, mark: str) -> None:
    url = f"{scheme}://{CANARY}:{CANARY}@host.example/{path}{mark}q-signature={CANARY}"
    for text in (f"{before} {url} {after}", f"{before}({url})", f'{before}"{url}"{after}', f"{url}&{after}"):
        assert CANARY not in without_url_secrets(text)


@given(value=json_values, path=st.lists(st.sampled_from(["list", "dict", "key"]), max_size=8))
def test_it_finds_signed_urls_at_any_depth(value: object, path: list[str]) -> None:
    nested: object = f"https://host.example/a?q-signature={CANARY}"
    for step in path:
        if step == "key":
            nested = {f"https://host.example/k?s={CANARY}": nested}
        else:
            nested = [value, nested] if step == "list" else {"x": value, "y": nested}
    cleaned = ledger({"Result": "0", "Extra": nested}, ("Result",), ())
    assert CANARY not in json.dumps(cleaned)


@given(json_values)
def test_it_makes_answers_that_postgresql_can_store(value: object) -> None:
    text = json.dumps(ledger({"Extra": value}, (), ()), ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in text
    text.encode("utf-8")


def test_it_replaces_nul_and_lone_surrogates() -> None:
    assert clean_text("a\x00b\ud800c\U0001f600", ()) == "a�b�c\U0001f600"


def test_it_masks_our_own_secrets_in_any_case() -> None:
    text = f"token {TOKEN} and {TOKEN.lower()} in https://host.example/{TOKEN}/x?y={TOKEN}"
    assert TOKEN.lower() not in clean_text(text, (TOKEN,)).lower()
    assert clean_text(text, (TOKEN,)).count(HIDDEN) == 3


def test_it_masks_a_secret_written_in_letters_of_other_alphabets() -> None:
    assert clean_text("\u017fe\u017f\u017fion-\u212aey is it", ("session-key",)) == f"{HIDDEN} is it"


@given(text=st.text(st.sampled_from("aAkK\u212asS\u017f-1 ")), secret=st.text("akKsS-1", min_size=8, max_size=9))
def test_it_masks_as_a_plain_search_would(text: str, secret: str) -> None:
    text += secret.swapcase() if len(text) % 2 else ""
    searched = re.sub(re.escape(secret), HIDDEN, text, flags=re.IGNORECASE)
    assert without_secrets(text, (secret,)) == searched


@given(st.text(st.sampled_from("aZ%23fF:/\\?#=@. \n")))
def test_it_leaves_a_text_without_a_url_or_query_as_it_is(text: str) -> None:
    if without_url_secrets(text) != text:
        assert "/" in text or "?" in text or "%2f" in text.lower()


def test_it_does_not_mask_by_chance() -> None:
    assert clean_text("1001", ("1", "")) == "1001"


def test_it_masks_before_it_cuts() -> None:
    text = "x" * (MAX_STRING - 10) + TOKEN
    assert TOKEN[:8] not in clean_text(text, (TOKEN,))


@pytest.mark.parametrize("noise", ["://", "%3a%2f%2f", "https://a@", "a", ":\\/\\/", "?", "\x00", '"', "://x@y?"])
def test_it_needs_no_more_than_linear_time(noise: str) -> None:
    text = (noise * 1_000_000)[:1_000_000]
    started = time.process_time()
    clean_text(text, (TOKEN,))
    assert time.process_time() - started < 2.0


def test_it_keeps_the_ledger_small_and_the_known_fields_first() -> None:
    video = {"Url": "u" * 500}
    answer = {f"Noise{number}": "n" * (number % 7) for number in range(5_000)} | {"Result": "0", "Video": video}
    kept = ledger(answer, ("Result", "Video"), ())
    assert kept["Result"] == "0"
    assert kept["Video"] == video
    assert kept["[dropped]"] == len(answer) + 1 - len(kept)
    assert MAX_LEDGER - 100 < len(json.dumps(kept)) <= MAX_LEDGER + 100


def test_it_leaves_a_small_answer_whole() -> None:
    answer = {"Result": "0", "Extra": {"Tags": ["01", 2, None, 1.5, True]}}
    assert ledger(answer, ("Result",), ()) == answer


def test_it_keeps_the_rest_of_an_answer_that_is_nested_too_deeply() -> None:
    nested: object = "x"
    for _ in range(50):
        nested = [nested]
    kept = ledger({"Result": "0", "Extra": nested}, (), ())
    assert kept["Result"] == "0"
    assert json.dumps(kept["Extra"]).count("[") == MAX_DEPTH + 1
    assert TOO_DEEP in json.dumps(kept)


def test_it_writes_control_characters_as_spaces() -> None:
    assert one_line("a\r\nb\x1b[31mc\x85d ") == "a b [31mc d"
