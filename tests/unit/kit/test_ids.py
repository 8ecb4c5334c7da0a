from kit.ids import derived_id, ordered_id, random_id


def test_random_ids_are_version_4() -> None:
    assert random_id().version == 4
    assert len({random_id() for _ in range(100)}) == 100


def test_ordered_ids_sort_by_the_time_they_were_made() -> None:
    ids = [ordered_id() for _ in range(1_000)]

    assert {each.version for each in ids} == {7}
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_derived_ids_are_the_same_for_good() -> None:
    # Stored ids depend on this value: it must never change.
    assert str(derived_id("jar", "1")) == str(derived_id("jar", "1")) == "62c22ab7-8ae4-8208-90ad-1f691de4bed4"
    assert derived_id("jar", "1").version == 8


def test_derived_ids_keep_their_parts_apart() -> None:
    assert derived_id("ab", "c") != derived_id("a", "bc")
    assert derived_id("ab") != derived_id("ab", "")
