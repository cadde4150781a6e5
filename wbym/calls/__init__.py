"""How one call is made: endpoints as data, pure building and judging, a pipeline over aiohttp."""

from wbym.calls.dialect import Dialect
from wbym.calls.endpoint import Endpoint, Endpoints, Method, build_path, build_query
from wbym.calls.group import ApiGroup
from wbym.calls.judge import Answer
from wbym.calls.messages import Part, QueryValue, Request, Response, TransportError, Upload
from wbym.calls.pipeline import DEFAULT_MAX_WAIT, HALF_A_CHARACTER, Download, Pipeline
from wbym.calls.replies import Binary, Json, Nothing, Refusal, Refused, Reply, Unreadable
from wbym.calls.retry import Fate, RetryPolicy
from wbym.calls.transport import AiohttpTransport, Exchange, Transport

__all__ = [
    "DEFAULT_MAX_WAIT",
    "HALF_A_CHARACTER",
    "AiohttpTransport",
    "Answer",
    "ApiGroup",
    "Binary",
    "Dialect",
    "Download",
    "Endpoint",
    "Endpoints",
    "Exchange",
    "Fate",
    "Json",
    "Method",
    "Nothing",
    "Part",
    "Pipeline",
    "QueryValue",
    "Refusal",
    "Refused",
    "Reply",
    "Request",
    "Response",
    "RetryPolicy",
    "Transport",
    "TransportError",
    "Unreadable",
    "Upload",
    "build_path",
    "build_query",
]
