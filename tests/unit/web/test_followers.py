"""The places of followers."""

from __future__ import annotations

from hookserver.web.followers import MAX_FOLLOWERS, MAX_FOLLOWERS_OF_AN_APP, Followers


def take_all(followers: Followers, app: str) -> int:
    taken = 0
    while followers.acquire(app):
        taken += 1
    return taken


def test_followers_of_one_app_leave_places_for_the_others() -> None:
    followers = Followers()
    assert take_all(followers, "shop") == MAX_FOLLOWERS_OF_AN_APP
    assert take_all(followers, "blog") == MAX_FOLLOWERS_OF_AN_APP


def test_followers_of_many_apps_have_a_limit_together() -> None:
    followers = Followers()
    assert sum(take_all(followers, f"app{number}") for number in range(20)) == MAX_FOLLOWERS


def test_place_that_is_given_back_can_be_taken_again() -> None:
    followers = Followers()
    take_all(followers, "shop")
    followers.release("shop")
    assert followers.acquire("shop")
    assert not followers.acquire("shop")
