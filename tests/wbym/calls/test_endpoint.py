"""Tables of endpoints."""

import pytest

from wbym.calls import Endpoints, Nothing
from wbym.limits import Cost
from wbym.paging import ByOffset

PAGES = ByOffset(size="take", offset="skip", max_size=10)


class TestEndpoints:
    def test_rows_take_what_the_table_says_once(self) -> None:
        table = Endpoints(
            "shelf", host="main", scope="goods", buckets=("all",), cost=Cost(by_class={4: 10})
        )

        read = table.add("GET", "list", "/shelf", Nothing(), pages=PAGES)
        write = table.add("PUT", "fill", "/shelf/{id}", Nothing())

        assert table.rows == (read, write)
        assert (read.name, write.name) == ("shelf.list", "shelf.fill")
        for row in table.rows:
            assert (row.host, row.scope, row.buckets) == ("main", "goods", ("all",))
            assert row.cost == Cost(by_class={4: 10})
        assert (read.path, read.pages, write.pages) == ("/shelf", PAGES, None)

    def test_a_row_has_a_bucket_of_its_own_when_the_table_names_none(self) -> None:
        table = Endpoints("shelf", host="main", scope="goods")

        assert table.add("GET", "list", "/shelf", Nothing()).buckets == ("shelf.list",)
        assert table.add("GET", "get", "/one", Nothing(), buckets=("b",)).buckets == ("b",)

    @pytest.mark.parametrize(
        ("method", "writes", "idempotent"), [("GET", False, True), ("DELETE", True, False)]
    )
    def test_what_is_no_get_writes_and_is_not_repeated(
        self,
        method: str,
        writes: bool,
        idempotent: bool,
    ) -> None:
        table = Endpoints("shelf", host="main", scope="goods")

        row = table.add(method, "act", "/shelf", Nothing())  # type: ignore[arg-type]

        assert (row.writes, row.idempotent) == (writes, idempotent)

    def test_what_a_row_says_goes_first(self) -> None:
        table = Endpoints("shelf", host="main", scope="goods")

        search = table.add("POST", "search", "/search", Nothing(), writes=False)
        mark = table.add("POST", "mark", "/mark", Nothing(), idempotent=True)

        assert (search.writes, search.idempotent) == (False, True)
        assert (mark.writes, mark.idempotent) == (True, True)
        assert not mark.single_attempt
        assert table.add("GET", "ping", "/ping", Nothing(), single_attempt=True).single_attempt
