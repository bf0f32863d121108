"""Jobs have ids of their own, also where many are made at once."""

from concurrent.futures import ThreadPoolExecutor

from studio.core.jobs import new_id


def test_a_hundred_thousand_ids_are_different_and_sort_by_age():
    ids = [new_id() for _number in range(100_000)]
    assert len(set(ids)) == len(ids)
    assert {len(name) for name in ids} == {17}
    milliseconds = [name[:11] for name in ids]
    assert milliseconds == sorted(milliseconds)


def test_threads_draw_different_ids():
    with ThreadPoolExecutor(4) as pool:
        drawn = pool.map(lambda _thread: [new_id() for _number in range(20_000)], range(4))
    ids = [name for some in drawn for name in some]
    assert len(set(ids)) == 80_000
