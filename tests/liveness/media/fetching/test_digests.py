import hashlib

from hypothesis import given
from hypothesis import strategies as st

from liveness.media.fetching.digests import AHEAD, Digests


@given(st.lists(st.binary(max_size=5000), max_size=4 * AHEAD), st.lists(st.binary(), max_size=3))
def test_both_digests_are_of_all_that_came_since_the_last_start(chunks, forgotten):
    content = b"".join(chunks)
    with Digests() as digests:
        for chunk in forgotten:
            digests.update(chunk)
        digests.restart()
        for chunk in chunks:
            digests.update(chunk)
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        assert digests.hex() == (md5, hashlib.sha256(content).hexdigest())
