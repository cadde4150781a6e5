"""Rows: documented operations as decorated methods, which every tool sees as plain methods.

::

    class Feedbacks(Group, host="feedbacks", bucket="feedbacks-and-questions", scope="feedbacks"):

        @get("/api/v1/feedbacks", pages=ByOffset("take", "skip", 5000), page=FeedbacksPage)
        def list(self, *, is_answered: bool, nm_id: int | None = None) -> Listing[Feedback]:
            '''Feedbacks.'''
            ...

        @post("/api/v1/feedbacks/answer")
        async def answer(self, id: str, text: Annotated[str, Length(2, 5000)]) -> None:
            '''Answer a feedback.'''
            ...

GET and DELETE write their arguments into the address, POST, PUT and PATCH into the body, and places
in braces into the path; ``Annotated`` overrides that (:mod:`wbym.calls._annotations`). An argument
that is None is omitted. The return annotation determines the reply: a
:class:`wbym.paging.Listing`, an async context manager of a :class:`wbym.calls.Download`, or the
content of the group's ``envelope``.

An operation's signature is analyzed at its first call, so importing costs nothing and later calls
inspect nothing. Modules of rows switch off mypy's ``empty-body`` and ruff's PIE790. A row may be
called ``list``, so such a module writes ``Sequence[X]``, never ``list[X]``; a row called ``get`` or
``delete`` shadows that decorator for the rest of the class, so it comes last.
"""

import inspect
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from copy import deepcopy
from datetime import datetime
from enum import Enum
from functools import cached_property, wraps
from types import NoneType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    Protocol,
    TypeAlias,
    TypeVar,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from wbym._reprs import SecretText, reveal
from wbym.calls._annotations import (
    Body,
    Commas,
    Encode,
    Form,
    Header,
    Joint,
    Name,
    Query,
    Secret,
    WholeBody,
    utc_text,
)
from wbym.calls._endpoint import Endpoint, Method, path_parameters
from wbym.calls._http import Part, QueryValue, Upload
from wbym.calls._lists import Arguments, PageShape, RowSource, Total
from wbym.calls._outcomes import Answer
from wbym.calls._pipeline import Download, Pipeline
from wbym.calls._replies import Binary, Reply
from wbym.calls._validation import RuleViolation, Validator, validator_of
from wbym.errors import InvalidInput
from wbym.limits import Cost, Priority
from wbym.paging import Listing, Scheme, listing_of

__all__ = [
    "Envelope",
    "Group",
    "Parameter",
    "Row",
    "delete",
    "get",
    "patch",
    "post",
    "put",
    "row",
    "rows_of",
]

F = TypeVar("F", bound=Callable[..., object])

Spelling: TypeAlias = Literal["camel"] | None
"""How a marketplace spells its parameters: ``nmId`` for ``nm_id``, or None for unchanged names."""


class Envelope(Protocol):
    """Creates the reply of an operation from the type of the envelope's content."""

    def __call__(
        self,
        data: Any,  # noqa: ANN401 - a type
        /,
        *,
        records: tuple[str, ...] = (),
        record: type | None = None,
    ) -> Reply[Any]:
        """The reply.

        Args:
            data: The type of the content; ``NoneType`` for an answer that only acknowledges.
            records: The path to the list of records inside a page.
            record: The type of one record. Without ``records``, ``data`` is the list of records.
        """
        ...


Location = Literal["path", "query", "body", "whole body", "header", "form", "host"]


class Parameter(msgspec.Struct, frozen=True):
    """One argument of an operation."""

    name: str
    wire: str
    """The marketplace's name."""
    location: Location
    hint: object
    """The annotation."""
    annotations: tuple[object, ...]
    default: object
    """``UNSET`` for a required argument."""
    check: Validator
    write: Callable[[Any], Any]

    @property
    def is_secret(self) -> bool:
        """Whether errors must not show its value."""
        return any(isinstance(annotation, Secret) for annotation in self.annotations)


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a row's decorator; None means the group's."""

    reads: bool | None = None
    idempotent: bool | None = None
    single_attempt: bool = False
    pages: Scheme | None = None
    page: object = None
    total: Total | None = None
    envelope: Envelope | None = None
    reply: Reply[Any] | None = None
    body: Callable[..., object] | None = None
    rules: tuple[Joint, ...] = ()
    host: str | None = None
    hosts: Mapping[str, str] | None = None
    scope: str | None = None
    buckets: tuple[str, ...] = ()
    cost: Cost | None = None
    not_found: tuple[int, ...] = ()
    refusal: object = None
    deprecated: str | None = None


class Row:
    """The description of an operation.

    Args:
        method: The HTTP method.
        path: The path, with parameters in braces.
        function: The decorated method.
        options: The decorator's options.
    """

    def __init__(
        self, method: Method, path: str, function: Callable[..., object], options: Options
    ) -> None:
        self.method: Final = method
        self.path: Final = path
        self.function: Final = function
        self.options: Final = options
        self._group: type[Group] | None = None

    @property
    def group(self) -> "type[Group]":
        """The group that the row is in.

        Raises:
            TypeError: The class is not a group.
        """
        if self._group is None:
            raise self._wrong("be in a Group")
        return self._group

    @group.setter
    def group(self, group: "type[Group]") -> None:
        self._group = group

    def _wrong(self, must_be: str) -> TypeError:
        return TypeError(f"the operation {self.function.__qualname__} must {must_be}")

    @property
    def name(self) -> str:
        """The path of the method below ``api``, such as ``feedbacks.list``.

        A private row has the name of the public method that uses it.
        """
        return f"{self.group.noun}.{self.function.__name__.lstrip('_')}"

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.function, include_extras=True)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The arguments, in the order of the signature."""
        return tuple(map(self._parameter, self._signature))

    @cached_property
    def _signature(self) -> list[inspect.Parameter]:
        return list(inspect.signature(self.function).parameters.values())[1:]

    @cached_property
    def _positional(self) -> list[str]:
        return [one.name for one in self._signature if one.kind is not one.KEYWORD_ONLY]

    def _parameter(self, argument: inspect.Parameter) -> Parameter:
        name = argument.name
        if name not in self._hints:
            raise self._wrong(f"annotate {name} with a type")
        hint = self._hints[name]
        annotations = tuple(_annotations(hint))
        wire = self._spelled(name)
        for annotation in annotations:
            if isinstance(annotation, Name | Header | Form):
                wire = annotation.name
        write = next(
            (annotation.write for annotation in annotations if isinstance(annotation, Encode)),
            _written,
        )
        if any(isinstance(annotation, Commas) for annotation in annotations):
            write = _with_commas
        return Parameter(
            name,
            wire,
            self._locate(name, wire, annotations),
            hint,
            annotations,
            msgspec.UNSET if argument.default is argument.empty else argument.default,
            validator_of(hint),
            write,
        )

    def _spelled(self, name: str) -> str:
        if self.group.spelling is None:
            return name
        head, *tail = name.rstrip("_").split("_")
        return head + "".join(word.capitalize() for word in tail)

    def _locate(self, name: str, wire: str, annotations: Sequence[object]) -> Location:
        if name == "host" and self.options.hosts is not None:
            return "host"
        locations: dict[type, Location] = {
            Query: "query",
            Body: "body",
            WholeBody: "whole body",
            Header: "header",
            Form: "form",
        }
        for annotation in annotations:
            if type(annotation) in locations:
                return locations[type(annotation)]
        if wire in self._path_parameters:
            return "path"
        return "query" if self.method in {"GET", "DELETE"} else "body"

    @cached_property
    def _path_parameters(self) -> tuple[str, ...]:
        return tuple(path_parameters(self.path))

    @cached_property
    def _unfilled(self) -> tuple[str, ...]:
        """Path parameters that no argument fills."""
        given = {one.wire for one in self.parameters if one.location == "path"}
        return tuple(name for name in self._path_parameters if name not in given)

    @cached_property
    def _has_body(self) -> bool:
        in_body = any(one.location == "body" for one in self.parameters)
        return in_body or self.options.body is not None

    @cached_property
    def returns(self) -> object:
        """The return annotation.

        Raises:
            TypeError: There is none.
        """
        if "return" not in self._hints:
            raise self._wrong("have a return annotation")
        return self._hints["return"]

    @cached_property
    def is_download(self) -> bool:
        """Whether the operation downloads a file."""
        return get_origin(self.returns) is AbstractAsyncContextManager

    @cached_property
    def shape(self) -> PageShape | None:
        """How to read its pages; None if it is not a list."""
        options = self.options
        if options.pages is None:
            return None
        found = self._records_in_page
        return PageShape(options.pages, found and found[0], options.total)

    @cached_property
    def _record(self) -> type:
        return cast(type, get_args(self.returns)[0])

    @cached_property
    def _records_in_page(self) -> tuple[str, str] | None:
        """The attribute of the page that holds the records, and its name in the body."""
        page = self.options.page
        if page is None:
            return None
        for field in msgspec.structs.fields(cast(type[msgspec.Struct], page)):
            for kind in (field.type, *get_args(field.type)):
                if get_origin(kind) is list and get_args(kind)[0] is self._record:
                    return field.name, field.encode_name
        raise TypeError(f"{self.name}: {page} has no list of {self._record}")

    @cached_property
    def endpoint(self) -> Endpoint[Any]:
        """The endpoint for the pipeline; with several hosts, that of the first."""
        return next(iter(self.endpoints.values()))

    @cached_property
    def endpoints(self) -> Mapping[str, Endpoint[Any]]:
        """The endpoints by host; usually one."""
        options, group = self.options, self.group
        if options.hosts is None:
            host = options.host or group.host
            return {host: self._on(host, options.scope or group.scope, self.name)}
        return {
            host: self._on(host, scope, f"{self.name}.{host}")
            for host, scope in options.hosts.items()
        }

    def _on(self, host: str, scope: str, name: str) -> Endpoint[Any]:
        options, group = self.options, self.group
        reads = self.method == "GET" if options.reads is None else options.reads
        return Endpoint(
            name=name,
            method=self.method,
            host=host,
            path=self.path,
            reply=self._reply,
            buckets=options.buckets or ((group.bucket,) if group.bucket else (name,)),
            scope=scope,
            writes=not reads,
            idempotent=reads if options.idempotent is None else options.idempotent,
            cost=options.cost or group.cost,
            single_attempt=options.single_attempt,
            not_found=options.not_found,
            refusal=options.refusal,
        )

    @cached_property
    def _reply(self) -> Reply[Any]:
        options = self.options
        if options.reply is not None:
            return options.reply
        if self.is_download:
            return Binary()
        envelope = options.envelope or self.group.envelope
        if options.pages is not None:
            found = self._records_in_page
            if found is None:
                return envelope(list[self._record], record=self._record)  # type: ignore[name-defined]
            return envelope(options.page, records=(found[1],), record=self._record)
        kinds = [kind for kind in get_args(self.returns) if kind is not NoneType]
        if get_origin(self.returns) is Sequence:
            record = kinds[0]
            is_struct = isinstance(record, type) and issubclass(record, msgspec.Struct)
            return envelope(list[record], record=record if is_struct else None)  # type: ignore[valid-type]
        if NoneType in get_args(self.returns) and len(kinds) == 1:
            return envelope(kinds[0])
        return envelope(self.returns)

    @cached_property
    def secrets(self) -> frozenset[str]:
        """The arguments whose values nothing may show."""
        return frozenset(one.name for one in self.parameters if one.is_secret)

    def hidden(
        self, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> tuple[tuple[object, ...], dict[str, object]]:
        """The arguments with the secret ones as :class:`SecretText`.

        Args:
            args: Positional arguments of the method, without ``self``.
            kwargs: Its keyword arguments.
        """
        names = [*self._positional, *[""] * len(args)]
        args = tuple(self._hidden(name, value) for name, value in zip(names, args, strict=False))
        return args, {name: self._hidden(name, value) for name, value in kwargs.items()}

    def _hidden(self, name: str, value: object) -> object:
        return SecretText(value) if name in self.secrets and isinstance(value, str) else value

    def values(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> dict[str, Any]:
        """Check the arguments and return them by name, with defaults.

        Args:
            args: Positional arguments of the method, without ``self``.
            kwargs: Its keyword arguments.

        Raises:
            TypeError: An argument is missing, unexpected or given twice.
            InvalidInput: A value has the wrong type, or breaks a rule.
        """
        given = dict(zip(self._positional, args, strict=False))
        given.update(kwargs)
        values: dict[str, Any] = {}
        for name, default, check in self._checks:
            value = values[name] = given.get(name, default)
            if value is default:
                if value is msgspec.UNSET:
                    break
                continue
            try:
                check(value)
            except RuleViolation as violation:
                raise self._invalid(name, violation) from None
        else:
            if len(given) == len(args) + len(kwargs) and given.keys() <= values.keys():
                for rule in self.options.rules:
                    found = rule(values)
                    if found is not None:
                        name, text = found
                        raise self._invalid(name, RuleViolation(text, values.get(name)))
                return values
        raise self._type_error(args, kwargs)

    @cached_property
    def _checks(self) -> list[tuple[str, object, Validator]]:
        return [(one.name, one.default, one.check) for one in self.parameters]

    def _invalid(self, name: str, broken: RuleViolation) -> InvalidInput:
        is_secret = any(one.is_secret for one in self.parameters if one.name == name)
        shown = "(not shown)" if is_secret else broken.value
        return InvalidInput(self.name, f"{name}{broken.path}", broken.rule, shown)

    def _type_error(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> TypeError:
        """The TypeError that Python raises for these arguments."""
        try:
            unwanted = self.function(None, *args, **kwargs)
        except TypeError as error:
            return error
        if inspect.iscoroutine(unwanted):
            unwanted.close()
        return TypeError(f"{self.name} does not take UNSET")

    def arguments(self, values: Mapping[str, Any]) -> Arguments:
        """Checked values, encoded and sorted by location."""
        path: dict[str, str | int] = {}
        query: dict[str, QueryValue] = {}
        fields: dict[str, object] = {}
        headers: dict[str, str] = {}
        parts: Sequence[Part] = ()
        body: object = msgspec.UNSET
        for parameter in self.parameters:
            value = values[parameter.name]
            if value is None:
                continue
            location, wire = parameter.location, parameter.wire
            if location == "form":
                parts = [*parts, *_parts(parameter, value)]
                continue
            if isinstance(value, SecretText) and location != "header":
                value = reveal(value)
            if not isinstance(value, SecretText):
                value = parameter.write(value)
            if location == "query":
                query[wire] = value
            elif location == "body":
                fields[wire] = value
            elif location == "path":
                path[wire] = value
            elif location == "header":
                headers[wire] = value if isinstance(value, str) else str(value)
            elif location == "whole body":
                body = value
        if self.options.body is not None:
            body = self.options.body(**values)
        elif self._has_body:
            body = fields
        return Arguments(path, query, body, parts, headers, self._unfilled)

    def call(
        self, group: "Group", args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> Coroutine[object, object, Answer[Any]]:
        """Check the input and return the call; it is made when awaited.

        Args:
            group: The group that the method is called on.
            args: Positional arguments of the method, without ``self``.
            kwargs: Its keyword arguments.

        Raises:
            InvalidInput: An argument breaks a rule.
        """
        values = self.values(args, kwargs)
        endpoint = self.endpoint
        if self.options.hosts is not None:
            host = values["host"]
            if host not in self.endpoints:
                rule = f"must be one of {', '.join(self.endpoints)}"
                raise InvalidInput(self.name, "host", rule, host)
            endpoint = self.endpoints[host]
        arguments = self.arguments(values)
        if arguments.unfilled:
            return group._fill_and_call(endpoint, arguments)  # noqa: SLF001
        return group._call(endpoint, arguments)  # noqa: SLF001

    def list(
        self, group: "Group", args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> Listing[Any]:
        """Create the listing; nothing is sent before it is read.

        Args:
            group: The group that the method is called on.
            args: Positional arguments of the method, without ``self``.
            kwargs: Its keyword arguments.
        """
        values = self.values(args, kwargs)
        assert self.shape is not None  # noqa: S101 - the row is a list
        arguments = self.arguments(values)
        if arguments.body is not msgspec.UNSET:
            # The body is sent later and repeatedly, so later changes by the caller must not show.
            arguments = msgspec.structs.replace(arguments, body=deepcopy(arguments.body))
        source: RowSource[Any] = RowSource(
            self.endpoint,
            self.shape,
            arguments,
            values,
            group._pipeline,  # noqa: SLF001
            group._priority,  # noqa: SLF001
            group._filled if self._unfilled else None,  # noqa: SLF001
        )
        return listing_of(source)

    def open(
        self, group: "Group", args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> AbstractAsyncContextManager[Download]:
        """Open a download.

        Args:
            group: The group that the method is called on.
            args: Positional arguments of the method, without ``self``.
            kwargs: Its keyword arguments.

        Raises:
            TypeError: The operation is not a download.
        """
        if not self.is_download:
            raise self._wrong("be async, a list or a download")
        arguments = self.arguments(self.values(args, kwargs))
        return group._pipeline.download(  # noqa: SLF001
            self.endpoint,
            path=arguments.path,
            query=arguments.query,
            priority=group._priority,  # noqa: SLF001
        )


def _annotations(hint: object) -> Iterator[object]:
    """The metadata of ``Annotated`` types, also inside of ``X | None``."""
    if get_origin(hint) is Annotated:
        base, *annotations = get_args(hint)
        yield from annotations
        yield from _annotations(base)
    elif NoneType in get_args(hint):
        for one in get_args(hint):
            yield from _annotations(one)


_PLAIN: Final = {str, int, float, bool}


def _written(value: object) -> object:
    """The default encoding of a value; a collection is copied."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, Collection) and not isinstance(value, Mapping):
        return list(value)
    return value


def _with_commas(values: Collection[object]) -> str | None:
    return ",".join(str(_written(value)) for value in values) or None


def _parts(parameter: Parameter, value: str | Upload | Collection[Upload]) -> list[Part]:
    annotation = next(
        annotation for annotation in parameter.annotations if isinstance(annotation, Form)
    )
    if isinstance(value, str):
        return [Part(annotation.name, value)] if value else []
    files = [value] if isinstance(value, Upload) else value
    return [
        Part(
            annotation.name,
            file.content,
            file.name,
            annotation.content_type(file) or "application/octet-stream",
        )
        for file in files
    ]


def _operation(method: Method, path: str, options: Options) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        known = Row(method, path, function, options)
        wrapper: Callable[..., object]
        if options.pages is not None:

            @wraps(function)
            def list_records(self: Group, *args: object, **kwargs: object) -> object:
                return known.list(self, args, kwargs)

            wrapper = list_records
        elif inspect.iscoroutinefunction(function):

            @wraps(function)
            async def call_once(self: Group, *args: object, **kwargs: object) -> object:
                if known.secrets:
                    args, kwargs = known.hidden(args, kwargs)
                return (await known.call(self, args, kwargs)).value

            wrapper = call_once
        else:

            @wraps(function)
            def open_file(self: Group, *args: object, **kwargs: object) -> object:
                return known.open(self, args, kwargs)

            wrapper = open_file
        vars(wrapper)["row"] = known
        return cast(F, wrapper)

    return decorate


class Group:
    """The operations of one noun, such as ``api.feedbacks``, and their common options.

    Args:
        pipeline: Makes the calls.
        priority: The priority at the limits; None for each operation's default.
    """

    noun: ClassVar[str]
    host: ClassVar[str]
    scope: ClassVar[str]
    bucket: ClassVar[str | None] = None
    cost: ClassVar[Cost | None] = None
    spelling: ClassVar[Spelling] = "camel"
    envelope: ClassVar[Envelope]

    def __init_subclass__(
        cls,
        *,
        noun: str | None = None,
        host: str | None = None,
        scope: str | None = None,
        bucket: str | None = None,
        cost: Cost | None = None,
        spelling: Spelling | msgspec.UnsetType = msgspec.UNSET,
        envelope: Envelope | None = None,
    ) -> None:
        """Set the common options of the operations; options not given are inherited.

        Inherited operations use the options and the noun of the inheriting group.

        Args:
            noun: The name of the group below ``api``; by default the class's name in lower case.
            host: A name from the adapter's table of hosts.
            scope: The token category or access scope that the calls need.
            bucket: A name from the adapter's table of limits. By default each operation has its
                own bucket.
            cost: How many calls an answer counts as; one by default.
            spelling: How the marketplace spells parameters; ``"camel"`` by default.
            envelope: The envelope of the answers.
        """
        super().__init_subclass__()
        cls.noun = noun or cls.__name__.lower()
        if host is not None:
            cls.host = host
        if scope is not None:
            cls.scope = scope
        if envelope is not None:
            cls.envelope = staticmethod(envelope)
        cls.bucket = bucket or cls.bucket
        cls.cost = cost or cls.cost
        if spelling is not msgspec.UNSET:
            cls.spelling = spelling
        for name, method in _inherited(cls):
            known = row(method)
            again = _operation(known.method, known.path, known.options)(known.function)
            setattr(cls, name, again)
        for known in _rows_in(cls):
            known.group = cls

    def __init__(self, pipeline: Pipeline, priority: Priority | None = None) -> None:
        self._pipeline = pipeline
        self._priority = priority

    async def _known(self, parameter: str) -> str | int:
        """The account's value for a path parameter that no argument fills.

        Raises:
            TypeError: The account has no such value.
        """
        raise TypeError(f"{self.noun}: nothing fills {{{parameter}}}")

    def _call(
        self, endpoint: Endpoint[Any], arguments: Arguments
    ) -> Coroutine[object, object, Answer[Any]]:
        return self._pipeline.call(
            endpoint,
            path=arguments.path,
            query=arguments.query,
            body=arguments.body,
            parts=arguments.parts,
            headers=arguments.headers,
            priority=self._priority,
        )

    async def _fill_and_call(self, endpoint: Endpoint[Any], arguments: Arguments) -> Answer[Any]:
        return await self._call(endpoint, await self._filled(arguments))

    async def _filled(self, arguments: Arguments) -> Arguments:
        path = dict(arguments.path)
        for name in arguments.unfilled:
            path[name] = await self._known(name)
        return msgspec.structs.replace(arguments, path=path, unfilled=())


class _Verb:
    """A decorator for operations of one HTTP method."""

    def __init__(self, method: Method) -> None:
        self._method: Final[Method] = method

    def __call__(
        self,
        path: str,
        *,
        pages: Scheme | None = None,
        page: type[msgspec.Struct] | None = None,
        total: Total | None = None,
        reply: Reply[Any] | None = None,
        envelope: Envelope | None = None,
        body: Callable[..., object] | None = None,
        rules: Sequence[Joint] = (),
        reads: bool | None = None,
        idempotent: bool | None = None,
        single_attempt: bool = False,
        host: str | None = None,
        hosts: Mapping[str, str] | None = None,
        scope: str | None = None,
        buckets: Sequence[str] = (),
        cost: Cost | None = None,
        not_found: Sequence[int] = (),
        refusal: object = None,
        deprecated: str | None = None,
    ) -> Callable[[F], F]:
        """Make a method the row of an operation.

        Args:
            path: The path; its parameters in braces are arguments, or known to the account.
            pages: The page scheme of a list operation, whose method returns a ``Listing``.
            page: The Struct of a page, which has exactly one list of the listing's record type.
                Without it, a page is a list of records.
            total: How to find the total number of records in a page.
            reply: How to decode an answer, instead of by the return annotation and the envelope.
            envelope: Overrides the group's.
            body: Builds the body from the arguments, if it is nested or has constants.
            rules: Rules over several arguments.
            reads: Whether a read-only token is enough; by default for GET.
            idempotent: Whether making the call twice has the same effect as making it once; by
                default for reads. A call that sends something to a buyer is not idempotent.
            single_attempt: Whether the call is attempted only once, either immediately or not at
                all (``QuotaExhausted``): for methods that the marketplace forbids to automate.
            host: Overrides the group's.
            hosts: Hosts that all have this operation, with the scope that each needs; the argument
                ``host`` chooses one.
            scope: Overrides the group's.
            buckets: Override the group's bucket; the call counts in all of them.
            cost: Overrides the group's.
            not_found: Statuses besides 404 that mean that the object does not exist.
            refusal: The type of an error body, decoded into the error's ``details``.
            deprecated: Until when the operation exists, and its replacement.
        """
        return _operation(
            self._method,
            path,
            Options(
                pages=pages,
                page=page,
                total=total,
                reply=reply,
                envelope=envelope,
                body=body,
                rules=tuple(rules),
                reads=reads,
                idempotent=idempotent,
                single_attempt=single_attempt,
                host=host,
                hosts=hosts,
                scope=scope,
                buckets=tuple(buckets),
                cost=cost,
                not_found=tuple(not_found),
                refusal=refusal,
                deprecated=deprecated,
            ),
        )


get: Final = _Verb("GET")
"""Decorator of a method of a `Group` whose operation is a GET request."""
post: Final = _Verb("POST")
"""Decorator of a method of a `Group` whose operation is a POST request."""
patch: Final = _Verb("PATCH")
"""Decorator of a method of a `Group` whose operation is a PATCH request."""
put: Final = _Verb("PUT")
"""Decorator of a method of a `Group` whose operation is a PUT request."""
delete: Final = _Verb("DELETE")
"""Decorator of a method of a `Group` whose operation is a DELETE request."""


def row(method: Callable[..., object]) -> Row:
    """The row of a method, such as ``row(Feedbacks.list)``.

    Raises:
        TypeError: The method is not an operation.
    """
    found = getattr(method, "row", None)
    if not isinstance(found, Row):
        raise TypeError(f"{method!r} is not an operation")
    return found


def rows_of(*groups: type[Group]) -> Iterator[Row]:
    """The operations of groups, in the order of definition, the inherited ones last."""
    for group in groups:
        yield from _rows_in(group)


def _inherited(cls: type) -> Iterator[tuple[str, Callable[..., object]]]:
    """The operations inherited from the bases of a class, by name."""
    for base in cls.__mro__[1:]:
        for name, it in vars(base).items():
            if isinstance(getattr(it, "row", None), Row) and getattr(cls, name) is it:
                yield name, it


def _rows_in(cls: type) -> Iterator[Row]:
    return (
        found for it in vars(cls).values() if isinstance(found := getattr(it, "row", None), Row)
    )
