"""Claims of one cabinet, and the rules of deciding on them."""

from __future__ import annotations

import random

from wbym.testing import JsonObject
from wbym_wildberries.simulator.context import Context
from wbym_wildberries.simulator.data_claims import (
    WINDOW,
    claim_time,
    draw_actions,
    new_claim,
)

_COMMENTED = ("rejectcustom", "approvecc1")


class Claims:
    """The claims of one cabinet, newest first."""

    def __init__(self, claims: list[tuple[float, JsonObject]], context: Context) -> None:
        self._claims = claims
        self._by_id = {str(claim["id"]): claim for _, claim in claims}
        self._context = context
        self._rng = random.Random(f"claims at work {context.options.seed}")
        self.decisions: list[tuple[str, str, str | None]] = []
        """Every decision: claim, action, comment."""

    def __len__(self) -> int:
        return len(self._claims)

    def get(self, identifier: str) -> JsonObject | None:
        """A claim of any age."""
        return self._by_id.get(identifier)

    def select(
        self, *, archived: bool, identifier: str | None = None, nm_id: int | None = None
    ) -> list[JsonObject]:
        """The claims of the last 14 days that match; decided ones are in the archive."""
        oldest = self._context.now() - WINDOW
        return [
            claim
            for made_at, claim in self._claims
            if made_at >= oldest
            and (claim["status"] != 0) == archived
            and (identifier is None or claim["id"] == identifier)
            and (nm_id is None or claim["nm_id"] == nm_id)
        ]

    def decide(self, identifier: str, action: str, comment: str | None) -> str | None:
        """Takes a decision; returns the reason if it is rejected."""
        claim = self._by_id.get(identifier)
        if claim is None:
            return "Claim not found."
        actions = claim["actions"]
        if not isinstance(actions, list) or action not in actions:
            return f"The action '{action}' is not available for the claim."
        if comment is not None and action not in _COMMENTED:
            return f"The Comment field is not allowed for the action '{action}'."
        if action == "rejectcustom" and comment is None:
            return "The Comment field is required."
        if comment is not None and not 10 <= len(comment) <= 1000:
            return "The field Comment must be a string with a length between 10 and 1000."
        rejected = action.startswith("reject")
        claim.update(
            status=1 if rejected else 2,
            status_ex=10 if rejected else 5,
            actions=[],
            dt_update=claim_time(self._context.now()),
            wb_comment=comment or claim["wb_comment"],
        )
        self._context.write("decision", identifier, action)
        self.decisions.append((identifier, action, comment))
        return None

    def arrive(
        self,
        *,
        actions: list[str] | None = None,
        srid: str | None = None,
        imei_check: str | None = None,
    ) -> str:
        """Adds an open claim; returns its id."""
        now = self._context.now()
        claim = new_claim(
            self._rng,
            made_at=now,
            srid=srid or f"v5o_{self._rng.randrange(10**19)}.0.0",
            imei_check=imei_check,
        )
        if actions is not None:
            claim["actions"] = list(actions)
        self._claims.insert(0, (now, claim))
        self._by_id[str(claim["id"])] = claim
        return str(claim["id"])

    def draw_actions(self) -> list[str]:
        """Random actions of an open claim, at least one: WB offers none for some claims."""
        return draw_actions(self._rng, at_least_one=True)

    def reopen(self, identifier: str) -> None:
        """The buyer opens a rejected claim again.

        Raises:
            KeyError: The claim does not exist.
        """
        self._by_id[identifier].update(
            status=0,
            status_ex=0,
            actions=["approve1", "rejectcustom"],
            dt_update=claim_time(self._context.now()),
        )
