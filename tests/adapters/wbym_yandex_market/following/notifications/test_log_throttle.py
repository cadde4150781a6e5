from wbym_yandex_market._following.notifications.log_throttle import LogThrottle


def test_message_is_logged_once_per_period() -> None:
    throttle = LogThrottle(60, 10)
    assert [throttle.is_due("a", now) for now in (0, 1, 59.9, 60, 61, 119, 120)] == [
        True,
        False,
        False,
        True,
        False,
        False,
        True,
    ]
    assert throttle.is_due("b", 120)


def test_number_of_messages_is_bounded() -> None:
    throttle = LogThrottle(60, 3)
    assert sum(throttle.is_due(number, number / 100) for number in range(1000)) == 3
    assert not throttle.is_due("new", 59)
    assert throttle.is_due("new", 60)
    assert len(throttle._logged) <= 3
