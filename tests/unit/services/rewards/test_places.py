"""Places by reward."""

from __future__ import annotations

import uuid

import pytest

from services.rewards.domain.errors import RewardBusy
from services.rewards.handlers import RewardPlaces

PROGRAM, HOT, OTHER = (uuid.UUID(int=number) for number in range(3))


def test_a_reward_that_many_want_leaves_places_for_another() -> None:
    places = RewardPlaces(2)
    with places.held(PROGRAM, HOT), places.held(PROGRAM, HOT):
        with pytest.raises(RewardBusy), places.held(PROGRAM, HOT):
            pass
        with places.held(PROGRAM, OTHER), places.held(OTHER, HOT):
            pass
    with places.held(PROGRAM, HOT):
        pass


def test_a_place_is_given_back_however_the_redemption_ends() -> None:
    places = RewardPlaces(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), places.held(PROGRAM, HOT):
            raise ZeroDivisionError
    with places.held(PROGRAM, HOT):
        pass
