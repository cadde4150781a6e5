"""What must be true after a case."""

from collections.abc import Iterator

import msgspec

from tests.fuzz.damage import Kind, Must, Scope
from tests.fuzz.outcome import Outcome, Shop
from tests.fuzz.world import Record
from wbym.calls import Row
from wbym.domain import DeliveryState
from wbym.errors import AccountsFailed, DeliveryUnknown, InvalidInput, UnreadableReply, WbymError

__all__ = ["Ran", "judge_list", "judge_read", "judge_write"]


class Ran(msgspec.Struct):
    """What became of a case."""

    kind: Kind
    row: Row | None
    shop: Shop
    outcome: Outcome
    with_key: bool = False


def judge_read(ran: Ran) -> Iterator[str]:
    """Of what brings no list, or not one that is known."""
    yield from _always(ran)
    error = ran.outcome.error
    if error is None:
        return
    if ran.kind.scope is Scope.NOTHING:
        yield f"honest answers fail: {type(error).__name__} :: {error}"
    if ran.kind.scope is Scope.HEADERS:
        yield f"odd headers fail a success: {type(error).__name__} :: {error} {_heads(ran)}"
    if ran.kind.scope is Scope.STATUS and ran.kind.must is Must.ALL and not _is_single(ran):
        yield f"a gateway's page ends a read: {type(error).__name__} :: {error}"


def _is_single(ran: Ran) -> bool:
    return ran.row is not None and ran.row.endpoint.single_attempt


def _heads(ran: Ran) -> str:
    return ", ".join(f"{one.row.name} {one.headers}" for one in ran.shop.transport.sent[-3:])


def _always(ran: Ran) -> Iterator[str]:
    error = ran.outcome.error
    if isinstance(error, AccountsFailed):
        for inner in error.exceptions:
            if not isinstance(inner, WbymError):
                yield f"foreign exception in AccountsFailed: {type(inner).__name__} :: {inner!r}"
    if isinstance(error, InvalidInput) and ran.shop.transport.sent and not ran.with_key:
        yield f"an answer is called the caller's mistake: {type(error).__name__} :: {error}"


def judge_list(ran: Ran) -> Iterator[str]:
    """Of a list whose records are known."""
    yield from judge_read(ran)
    outcome, kind, error = ran.outcome, ran.kind, ran.outcome.error
    was_damaged = any(one.damaged for one in ran.shop.transport.sent)
    if not was_damaged and kind.scope is not Scope.NOTHING:
        return
    must = kind.must
    if must is Must.UNREADABLE:
        if error is None and outcome.listed is not None:
            yield f"what is broken is taken for empty :: {_delivered(ran)}"
        return
    if must is Must.EMPTY:
        if error is not None and not _is_bare_envelope(ran):
            yield f"null is not taken for empty: {type(error).__name__} :: {error}"
        return
    if must is Must.SAFE or outcome.listed is None:
        return
    if error is not None and must is Must.ALL and kind.scope in {Scope.RECORD, Scope.BODY}:
        yield f"one bad thing stops the list: {type(error).__name__} :: {error}"
        return
    if error is not None and outcome.is_atomic and kind.scope in {Scope.ENDLESS, Scope.LIST}:
        return  # it goes on from there the next time
    lost = [one for one in _records(ran) if one.is_good and not _is_delivered(ran, one)]
    if lost:
        told = (
            f"{len(lost)} of {len(_records(ran))} lost: {[one.id for one in lost]}; {error!r:.300}"
        )
        yield f"good records are lost :: {told}; {_delivered(ran)}"
    for record in _records(ran):
        if not record.is_good and not _is_accounted(ran, record):
            told = f"{record.raw!r:.800}; {error!r:.300}"
            yield f"a bad record is not accounted for :: {told}"


def _is_bare_envelope(ran: Ran) -> bool:
    """Whether the list is all that the envelope holds, so that null may be none as well."""
    reply = None if ran.row is None else ran.row.endpoint.reply
    return len(getattr(reply, "records", ())) < 2


def _records(ran: Ran) -> list[Record]:
    assert ran.outcome.listed is not None
    records = ran.shop.world.records(ran.outcome.listed)
    return [record for record in records if record.sent and ran.outcome.wanted(record)]


def _is_delivered(ran: Ran, record: Record) -> bool:
    if record.id is None:
        return len(ran.outcome.delivered) >= len(_records(ran)) - 1
    return str(record.id) in {str(one) for one in ran.outcome.delivered}


def _is_accounted(ran: Ran, record: Record) -> bool:
    if ran.outcome.is_partial or _is_delivered(ran, record):
        return True
    known = {str(one.id) for one in ran.shop.world.records(ran.outcome.listed or "")}
    if any(str(one) not in known for one in ran.outcome.delivered):
        return True  # its id was what changed
    return bool(ran.shop.undecodable)


def _delivered(ran: Ran) -> str:
    return f"delivered {ran.outcome.delivered[:8]}, undecodable {len(ran.shop.undecodable)}"


def judge_write(ran: Ran) -> Iterator[str]:
    """Of a write: it is made once, and is not called failed once it was taken."""
    yield from _always(ran)
    row, error = ran.row, ran.outcome.error
    assert row is not None
    sent = [one for one in ran.shop.transport.sent if one.row is row]
    taken = [one for one in sent if one.taken]
    is_idempotent = row.endpoint.idempotent
    if len(taken) > 1 and not is_idempotent:
        yield f"a write is made twice :: taken {len(taken)} times"
    if not ran.with_key and len(sent) > 1 and not is_idempotent:
        yield f"a write is sent again :: {[one.status for one in sent]}"
    if ran.with_key:
        yield from _with_key(ran, bool(taken))
        return
    if ran.kind.scope in {Scope.NOTHING, Scope.HEADERS} and error is not None:
        yield f"a write that was taken is called failed: {type(error).__name__} :: {error}"
    elif sent and error is not None and not _is_open(error, is_idempotent=is_idempotent):
        rule = "a gateway's page is taken for a refusal"
        if ran.kind.scope is Scope.WRITTEN:
            rule = "a write that was taken is called failed"
        yield f"{rule}: {type(error).__name__} :: {error}"
    if ran.kind.scope is Scope.STATUS and sent and error is None and not is_idempotent:
        yield f"a gateway's page is taken for a success :: {[one.status for one in sent]}"


def _is_open(error: WbymError, *, is_idempotent: bool) -> bool:
    if isinstance(error, DeliveryUnknown):
        return True
    return is_idempotent and (error.retryable or isinstance(error, UnreadableReply))


def _with_key(ran: Ran, was_taken: bool) -> Iterator[str]:
    delivery = ran.outcome.delivery
    if delivery is None:
        if was_taken:
            yield f"a reply that was taken has no delivery :: {ran.outcome.error!r:.300}"
        return
    told = msgspec.structs.asdict(delivery)
    state = delivery.state
    if state is DeliveryState.REJECTED:
        rule = "a reply that was taken" if was_taken else "a reply that nobody refused"
        yield f"{rule} is rejected :: {told}"
    elif was_taken and state is DeliveryState.PENDING:
        yield f"a reply that was taken is to be sent again :: {told}"
    elif not was_taken and state in {DeliveryState.ACCEPTED, DeliveryState.CONFIRMED}:
        yield f"a reply that was not taken is called accepted :: {told}"
    elif not was_taken and ran.kind.must is Must.ALL:
        yield f"a reply is never sent :: {told}"
