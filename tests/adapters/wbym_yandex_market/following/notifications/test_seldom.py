from wbym_yandex_market.following.notifications.seldom import Seldom


def test_the_same_is_said_once_a_period() -> None:
    seldom = Seldom(60, 10)
    assert [seldom.due("a", now) for now in (0, 1, 59.9, 60, 61, 119, 120)] == [
        True,
        False,
        False,
        True,
        False,
        False,
        True,
    ]
    assert seldom.due("b", 120)


def test_no_more_than_so_many_things_are_said_and_remembered() -> None:
    seldom = Seldom(60, 3)
    assert sum(seldom.due(number, number / 100) for number in range(1000)) == 3
    assert not seldom.due("new", 59)
    assert seldom.due("new", 60)
    assert len(seldom._said) <= 3
