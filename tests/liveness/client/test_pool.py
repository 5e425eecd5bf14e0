import os

import pytest

from liveness.client.pool import Pool


@pytest.fixture
def pool():
    return Pool(lambda key: object())


def borrowed(pool, key="a"):
    with pool.borrow(key) as item:
        return item


def test_an_idle_item_is_lent_again(pool):
    assert borrowed(pool) is borrowed(pool)


def test_an_item_comes_back_after_a_failure(pool):
    with pytest.raises(ZeroDivisionError), pool.borrow("a") as first:
        raise ZeroDivisionError
    assert borrowed(pool) is first


def test_two_at_once_never_share_an_item(pool):
    with pool.borrow("a") as first, pool.borrow("a") as second:
        assert first is not second


def test_items_of_different_keys_differ(pool):
    assert borrowed(pool, "a") is not borrowed(pool, "b")


def test_nothing_crosses_a_fork(pool, monkeypatch):
    parents = borrowed(pool)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert borrowed(pool) is not parents
