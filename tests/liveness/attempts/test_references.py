"""Subject references as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.attempts import references
from liveness.exceptions import RegistrationError


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Anna\u00a0Berg", "Anna Berg"),
        ("山田\u3000太郎", "山田 太郎"),
        ("Jean\u2009\u202fPaul", "Jean Paul"),
        ("a  b", "a b"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("ශ්\u200dරී", "ශ්\u200dරී"),
        ("👩\u200d💼-25", "👩\u200d💼-25"),
        ("👩🏽\u200d❤️\u200d👨🏿", "👩🏽\u200d❤️\u200d👨🏿"),
        ("Nguyễn Thị Ánh", "Nguyễn Thị Ánh"),
        ("O’Brien-Smith", "O’Brien-Smith"),
        ("\ue000", "\ue000"),
        ("  C-1\n", "C-1"),
        ("C-\u200b1\ufeff", "C-1"),
        ("Mül\u00adler", "Müller"),
        ("\u200fمحمد\u200e", "محمد"),
        ("C\u200d-\u200c17\u200d", "C-17"),
        ("م\u200c\u200c\u200cخ", "م\u200cخ"),
        ("x" * 128, "x" * 128),
    ],
)
def test_names_of_people_are_kept_with_plain_blanks(text, stored):
    assert references.clean(text) == stored
    assert references.clean(stored) == stored


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\x00b", "control character"),
        ("a\tb", "control character"),
        ("a\nb", "control character"),
        ("a\x1b[31mb", "control character"),
        ("a\x85b", "control character"),
        ("a\ud800b", "half of a character"),
        ("M\udcfcller", "another encoding than UTF-8"),
        ("a\ufffdb", "conversion lost"),
        ("a\u202eb", "reverses"),
        ("a\u2066b\u2069", "reverses"),
        ("a\ufff9b", "invisible"),
        ("a\U000e0041", "invisible"),
        ("a\ufffe", "no character"),
        ("", "1 to 128"),
        ("\u3000\u00a0", "1 to 128"),
        ("\u200b\u200d", "1 to 128"),
        ("x" * 129, "1 to 128"),
    ],
)
def test_what_could_spoof_or_was_lost_is_refused_by_its_place_alone(text, words):
    with pytest.raises(RegistrationError, match=words) as refusal:
        references.clean(text)
    assert str(refusal.value).isascii() and str(refusal.value).isprintable()


@given(st.text(max_size=60))
def test_what_is_accepted_is_stored_once_and_for_all(text):
    try:
        stored = references.clean(text)
    except RegistrationError:
        return
    assert references.clean(stored) == stored
    assert stored.encode() and "\x00" not in stored
