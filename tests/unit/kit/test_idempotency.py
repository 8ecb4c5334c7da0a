import pytest

from kit.errors import NotFound
from kit.idempotency import Outcome, answered


def test_an_outcome_gives_its_answer_or_raises_its_refusal() -> None:
    refusal = NotFound("no such jar")

    assert answered(3).unwrap() == 3
    assert not answered(3).replayed
    with pytest.raises(NotFound) as raised:
        Outcome[int](None, refusal, replayed=True).unwrap()
    assert raised.value is refusal
