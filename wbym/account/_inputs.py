"""Checks of an account's arguments before any request, the same for every marketplace.

The facts of the capabilities are the bounds. The outbox makes the same checks before it saves.
"""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final, TypeAlias

from wbym.account._capabilities import Capabilities, Capability
from wbym.account._hooks import Filters
from wbym.calls import (
    Count,
    Each,
    FileType,
    Length,
    MaxSize,
    NotEmpty,
    Range,
    Upload,
    is_blank,
    require,
)
from wbym.domain import (
    Chat,
    Decision,
    Feedback,
    Message,
    Money,
    Noun,
    Question,
    Record,
    Ref,
    Return,
)
from wbym.errors import InvalidInput, RefError, Unsupported

__all__ = ["Inputs", "find_decision", "ref_of", "require_decision_arguments"]

_KINDS: Final[dict[Noun, type[Record]]] = {
    Noun.CHAT: Chat,
    Noun.MESSAGE: Message,
    Noun.QUESTION: Question,
    Noun.FEEDBACK: Feedback,
    Noun.RETURN: Return,
}
_ANSWER: Final = {
    Noun.QUESTION: Capability.ANSWER_QUESTION,
    Noun.FEEDBACK: Capability.ANSWER_FEEDBACK,
}
_EDIT: Final = {
    Noun.QUESTION: Capability.EDIT_QUESTION_ANSWER,
    Noun.FEEDBACK: Capability.EDIT_FEEDBACK_ANSWER,
}


_Facts: TypeAlias = Mapping[str, str | int | float | bool]
_EARLIEST: Final = datetime.fromtimestamp(0, UTC)
_VISIBLE: Final = Annotated[str, NotEmpty()]
_RATINGS: Final = Annotated[Collection[Annotated[int, Range(1, 5)]], Count(1)]


def ref_of(method: str, item: object) -> Ref:
    """Return the ref of a record, or the ref itself.

    Raises:
        InvalidInput: ``item`` is neither a record nor a ref, or a part of the ref has a wrong type.
    """
    ref = item if isinstance(item, Ref) else getattr(item, "ref", None)
    if not isinstance(ref, Ref):
        raise InvalidInput(method, "item", "must be a record or its Ref", item)
    require(method, "ref", ref, Ref)
    return ref


class Inputs:
    """Checks the arguments of one account's methods.

    Args:
        marketplace: The account's marketplace.
        account: The account's name.
        capabilities: What the marketplace supports, with its bounds.
        id_rule: Returns the rule that an id breaks, or None; without it, any id is valid.
    """

    def __init__(
        self,
        marketplace: str,
        account: str,
        capabilities: Capabilities,
        id_rule: Callable[[str], str | None] | None,
    ) -> None:
        self._marketplace = marketplace
        self._account = account
        self._capabilities = capabilities
        self._present = {one for one, supported in capabilities.items() if supported.is_present}
        self._id_rule = id_rule

    def require(
        self, capability: Capability, method: str, argument: str = "account", value: object = None
    ) -> None:
        """Check that a capability is present.

        Args:
            capability: What is needed.
            method: The operation's name, for the error.
            argument: The argument that needs it, for the error.
            value: The argument's value, for the error.

        Raises:
            Unsupported: The marketplace lacks it, or wbym does not support it yet.
        """
        if capability not in self._present:
            shown = self._account if argument == "account" else value
            raise Unsupported(self._marketplace, method, argument, shown)

    def own_ref(self, method: str, item: Record | Ref, *nouns: Noun) -> Ref:
        """Return the ref of a record of this account, or the ref itself.

        Args:
            method: The operation's name, for the error.
            item: The record or ref.
            nouns: The nouns that it may be of.

        Raises:
            RefError: The ref is of another account or noun, or its id cannot be the marketplace's.
            InvalidInput: ``item`` is neither a record of these nouns nor a ref, or a part of the
                ref has a wrong type.
        """
        given: object = item
        if isinstance(given, Ref):
            ref = given
        elif isinstance(given, tuple(_KINDS[noun] for noun in nouns)):
            ref = getattr(given, "ref")  # noqa: B009 - each record has a ref
        else:
            rule = f"must be a {' or a '.join(nouns)} or its Ref"
            raise InvalidInput(method, "item", rule, item)
        require(method, "ref", ref, Ref)
        if (ref.marketplace, ref.account) != (self._marketplace, self._account):
            rule = f"must be of the account {self._marketplace}/{self._account}"
            raise RefError(str(ref), rule, method=method)
        if ref.noun not in nouns:
            rule = f"must be the ref of a {' or a '.join(nouns)}"
            raise RefError(str(ref), rule, method=method)
        if self._id_rule is not None and (broken := self._id_rule(ref.id)) is not None:
            raise RefError(str(ref), broken, method=method)
        if is_blank(ref.id) or ref.id in {".", ".."}:
            raise RefError(str(ref), "must have an id", method=method)
        return ref

    # Reading.

    def flag(self, capability: Capability, method: str, argument: str, value: bool | None) -> None:
        """Check an argument that is True, False or None.

        Args:
            capability: What a value other than None needs.
            method: The operation's name, for the error.
            argument: The argument's name.
            value: Its value.

        Raises:
            InvalidInput: It has a wrong type.
            Unsupported: It is given but not supported by the marketplace.
        """
        require(method, argument, value, bool | None)
        if value is not None:
            self.require(capability, method, argument, value)

    def since(self, capability: Capability, method: str, moment: datetime | None) -> None:
        """Check the start of a period; errors as for :meth:`flag`.

        Args:
            capability: What a time needs.
            method: The operation's name, for the error.
            moment: The start; aware, or None.
        """
        _require_period(method, moment, None)
        if moment is not None:
            self.require(capability, method, "since", moment)

    def filters(
        self,
        noun: Capability,
        *,
        answered: bool | None,
        since: datetime | None,
        until: datetime | None,
        product: str | None,
        rating: Collection[int] | None = None,
    ) -> Filters:
        """Check the filters of questions or feedbacks.

        Args:
            noun: ``QUESTIONS`` or ``FEEDBACKS``.
            answered: Whether the record has an answer.
            since: The start of the period; aware.
            until: The end of the period; aware, inclusive.
            product: The marketplace's article.
            rating: Stars, 1 to 5.

        Returns:
            The checked filters.

        Raises:
            InvalidInput: A filter has a wrong type, a time is naive, ``since`` is after ``until``,
                or a rating is not from 1 to 5.
            Unsupported: The marketplace lacks the noun or one of the filters.
        """
        method = noun.value
        self.require(noun, method)
        if answered is not None:
            require(method, "answered", answered, bool)
        if since is not None or until is not None:
            _require_period(method, since, until)
        if product is not None:
            require(method, "product", product, _VISIBLE)
        ratings = None if rating is None else _require_ratings(method, rating)
        for argument, value, part in (
            ("answered", answered, "answered"),
            ("since", since, "period"),
            ("until", until, "period"),
            ("product", product, "product"),
            ("rating", rating, "rating"),
        ):
            if value is not None:
                self.require(Capability(f"{method}.{part}"), method, argument, value)
        return Filters(answered, since, until, ratings, product)

    # Replies.

    def send(self, chat: Chat | Ref, text: str, files: Sequence[Upload]) -> Chat:
        """Check a message; return the chat, which may have only its ref.

        Args:
            chat: The chat, or its ref.
            text: The text.
            files: The files.

        Raises:
            InvalidInput: The text or a file breaks a rule.
            RefError: The chat is not of this account.
            Unsupported: The marketplace accepts no messages, or no files.
        """
        self.require(Capability.SEND, "send")
        ref = self.own_ref("send", chat, Noun.CHAT)
        require("send", "text", text, str)
        require("send", "files", files, Sequence[Upload])
        if files:
            self.require(Capability.SEND_FILES, "send", "files", files)
            _require_files("send", files, self._capabilities[Capability.SEND_FILES].facts)
        if text or not files:
            _require_text("send", "text", text, self._capabilities[Capability.SEND].facts)
        return Chat(ref=ref) if isinstance(chat, Ref) else chat

    def answer(self, item: Question | Feedback | Ref, text: str) -> Ref:
        """Check an answer.

        Args:
            item: The question or feedback, or its ref.
            text: The answer.

        Returns:
            The item's ref.

        Raises:
            InvalidInput: The text breaks a rule.
            RefError: The item is not of this account.
            Unsupported: The marketplace accepts no answers to it.
        """
        return self._answer(_ANSWER, "answer", item, text)

    def edit_answer(self, item: Question | Feedback | Ref, text: str) -> Ref:
        """Check a new text for an answer; errors as for :meth:`answer`.

        Args:
            item: The question or feedback, or its ref.
            text: The new answer.

        Returns:
            The item's ref.
        """
        return self._answer(_EDIT, "edit_answer", item, text)

    def reject(self, question: Question | Ref, reason: str) -> Ref:
        """Check a rejection; errors as for :meth:`answer`.

        Args:
            question: The question, or its ref.
            reason: The reason.

        Returns:
            The question's ref.
        """
        self.require(Capability.REJECT_QUESTION, "reject")
        ref = self.own_ref("reject", question, Noun.QUESTION)
        facts = self._capabilities[Capability.REJECT_QUESTION].facts
        _require_text("reject", "reason", reason, facts)
        return ref

    def decide(
        self,
        item: Return | Ref,
        decision: Decision | str,
        *,
        comment: str | None,
        reason: str | None,
        amount: Money | None,
    ) -> Ref:
        """Check a decision as far as possible before the available decisions are known.

        Args:
            item: The return, or its ref.
            decision: The decision, or its name.
            comment: The text for the buyer.
            reason: The marketplace's name of a reason.
            amount: The amount to refund.

        Returns:
            The return's ref.

        Raises:
            InvalidInput: The decision has a wrong type, or the comment breaks a rule.
            RefError: The return is not of this account.
            Unsupported: The marketplace accepts no decisions, no reason or no amount.
        """
        self.require(Capability.DECIDE, "decide")
        ref = self.own_ref("decide", item, Noun.RETURN)
        require("decide", "decision", decision, Decision | str)
        chosen = decision.id if isinstance(decision, Decision) else decision
        require("decide", "decision", chosen, _VISIBLE)
        facts = self._capabilities[Capability.DECIDE].facts
        if comment is not None:
            _require_text("decide", "comment", comment, facts, "comment")
        require("decide", "reason", reason, str | None)
        require("decide", "amount", amount, Money | None)
        for argument, value in (("reason", reason), ("amount", amount)):
            if value is not None and not facts.get(argument):
                raise Unsupported(self._marketplace, "decide", argument, value)
        return ref

    def _answer(
        self,
        capabilities: dict[Noun, Capability],
        method: str,
        item: Question | Feedback | Ref,
        text: str,
    ) -> Ref:
        ref = self.own_ref(method, item, Noun.QUESTION, Noun.FEEDBACK)
        capability = capabilities[ref.noun]
        self.require(capability, method, "item", str(ref))
        _require_text(method, "text", text, self._capabilities[capability].facts)
        return ref


def find_decision(ref: Ref, decision: Decision | str, offered: Sequence[Decision]) -> Decision:
    """Find a decision among those that are available now.

    Raises:
        InvalidInput: It is not available.
    """
    wanted = decision if isinstance(decision, str) else decision.id
    for one in offered:
        if one.id == wanted:
            return one
    names = ", ".join(one.id for one in offered) or "none is"
    rule = f"must be available for {ref} now: {names}"
    raise InvalidInput("decide", "decision", rule, wanted)


def require_decision_arguments(
    decision: Decision, comment: str | None, reason: str | None, amount: Money | None
) -> None:
    """Check that a decision has the arguments it requires, and no others.

    Raises:
        InvalidInput: An argument is missing or not accepted; the error names it.
    """
    about = decision.id
    if comment is None and decision.comment_required:
        raise InvalidInput("decide", "comment", f"must be given with {about}", None)
    if comment is not None and not decision.comment_allowed:
        raise InvalidInput("decide", "comment", f"must not be given with {about}", comment)
    needs_reason = decision.reason_required or bool(decision.reasons)
    if reason is None and needs_reason:
        options = f", one of {list(decision.reasons)}" if decision.reasons else ""
        raise InvalidInput("decide", "reason", f"must be given with {about}{options}", None)
    if reason is not None and not needs_reason:
        raise InvalidInput("decide", "reason", f"must not be given with {about}", reason)
    if reason is not None and decision.reasons and reason not in decision.reasons:
        raise InvalidInput("decide", "reason", f"must be one of {list(decision.reasons)}", reason)
    _require_amount(decision, amount)


def _require_amount(decision: Decision, amount: Money | None) -> None:
    bounds = [bound for bound in (decision.min_amount, decision.max_amount) if bound is not None]
    limits = f", from {bounds[0]} to {bounds[-1]}" if len(bounds) > 1 else ""
    if amount is None:
        if decision.amount_required or bounds:
            rule = f"must be given with {decision.id}{limits}"
            raise InvalidInput("decide", "amount", rule, None)
        return
    if not (decision.amount_required or bounds):
        raise InvalidInput("decide", "amount", f"must not be given with {decision.id}", amount)
    if any(bound.currency != amount.currency for bound in bounds):
        raise InvalidInput("decide", "amount", f"must be in {bounds[0].currency}", amount)
    lowest, highest = decision.min_amount, decision.max_amount
    if (
        not amount.amount.is_finite()
        or amount.amount < (Decimal(0) if lowest is None else lowest.amount)
        or (highest is not None and amount.amount > highest.amount)
    ):
        raise InvalidInput("decide", "amount", f"must be within its bounds{limits}", amount)


def _require_period(method: str, since: datetime | None, until: datetime | None) -> None:
    """Check that times are aware datetimes, and that a period does not end before it begins.

    Raises:
        InvalidInput: A time is naive, before 1970 or not a datetime, or ``since`` is after
            ``until``.
    """
    for argument, moment in (("since", since), ("until", until)):
        require(method, argument, moment, datetime | None)
        if moment is not None and moment < _EARLIEST:
            raise InvalidInput(method, argument, "must not be before 1970", moment)
    if since is not None and until is not None and since > until:
        raise InvalidInput(method, "since", "must not be after until", since)


def _require_ratings(method: str, ratings: Collection[int]) -> frozenset[int]:
    """Check ratings.

    Raises:
        InvalidInput: The collection is empty, or a rating is not from 1 to 5.
    """
    require(method, "rating", ratings, _RATINGS)
    return frozenset(ratings)


def _require_text(method: str, argument: str, text: str, facts: _Facts, what: str = "text") -> None:
    """Check that a text is visible and within the bounds of a capability.

    Args:
        method: The method's name, for errors.
        argument: The argument's name, for errors.
        text: The text.
        facts: The capability's facts; ``min_text_length`` and ``max_text_length`` are the bounds.
        what: ``comment`` for ``min_comment_length`` and ``max_comment_length``.

    Raises:
        InvalidInput: The text is blank or breaks the bounds.
    """
    require(method, argument, text, _VISIBLE)
    lowest, highest = facts.get(f"min_{what}_length", 0), facts.get(f"max_{what}_length")
    bounds = Length(int(lowest), sys.maxsize if highest is None else int(highest))
    if (rule := bounds.violation(text)) is not None:
        raise InvalidInput(method, argument, rule, text)


def _require_files(method: str, files: Sequence[Upload], facts: _Facts) -> None:
    """Check that files are within the bounds of ``send.files``.

    Args:
        method: The method's name, for errors.
        files: The files.
        facts: ``max_files``, ``max_file_size`` and ``max_total_size`` in bytes, and ``file_types``,
            separated by spaces; a missing fact is no bound.

    Raises:
        InvalidInput: The files break the bounds, or one is not an ``Upload``.
    """
    require(method, "files", files, Sequence[Upload])
    marks: list[object] = []
    if (max_files := facts.get("max_files")) is not None:
        marks.append(Count(0, int(max_files)))
    if (file_types := facts.get("file_types")) is not None:
        marks.append(Each(FileType(tuple(str(file_types).split()))))
    if (max_file_size := facts.get("max_file_size")) is not None:
        marks.append(Each(MaxSize(int(max_file_size))))
    if (max_total_size := facts.get("max_total_size")) is not None:
        marks.append(MaxSize(int(max_total_size)))
    if marks:
        require(method, "files", files, Annotated[(Sequence[Upload], *marks)])
