"""What HTTP says about an action beside its arguments: versions, pages, conditions, and the shape of its answer."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import msgspec
from starlette.responses import Response

from crm_lab.connection import ARROW
from crm_lab.errors import ChangedMeanwhile, CrmError, InvalidInput
from crm_lab.i18n import _
from crm_lab.services.actions import arguments_of, find_action
from crm_lab.services.catalogue import SERVICES

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams
    from starlette.requests import Request

LARGEST_BODY = 8 << 20
LARGEST_PAGE = 10_000
PAGING = ("limit", "cursor")
KEYS = ("id", "number")
"""The columns that a page of a frame may be counted by, the first that it has."""
VERSION = re.compile(r'(?:W/)?"?([0-9]{1,9})(?:-[0-9a-f]+)?"?')
JSON = "application/json"
NOT_MODIFIED, PRECONDITION_FAILED = 304, 412


class OnlyReads(CrmError):
    """GET asked for an action that changes something."""

    status = 405


def answer(value: Any, status: int = 200) -> Response:
    """A value as a response: Arrow for frames, JSON for the rest."""
    if hasattr(value, "to_pandas"):
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, value.schema) as stream:
            stream.write_table(value)
        return Response(sink.getvalue().to_pybytes(), media_type=ARROW)
    return Response(msgspec.json.encode(value), status, media_type=JSON)


def refusal(error: CrmError, request: Request) -> Response:
    """An error of ours as a response; what changed meanwhile is 412 for who said which version was meant (RFC 9110, 13.1.1)."""
    is_stale = isinstance(error, ChangedMeanwhile) and "if-match" in request.headers
    return answer(error.to_wire(), PRECONDITION_FAILED if is_stale else error.status)


async def body_of(request: Request) -> bytes:
    """The body. Raises `InvalidInput` above 8 MB."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise InvalidInput(_("The request is too large."))
    return body


def arguments_in(body: bytes) -> dict[str, Any]:
    """A body's arguments. Raises `InvalidInput`."""
    try:
        return msgspec.json.decode(body or b"{}", type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise InvalidInput(_("The request is not a JSON object.")) from None


def arguments_of_query(request: Request) -> dict[str, Any]:
    """The arguments in an address: texts as they are, lists and objects as JSON.

    Raises
    ------
    OnlyReads
        Where the action changes something, or waits for somebody outside.
    NotFound, InvalidInput
    """
    method, action = find_action(SERVICES, request.path_params["service"], request.path_params["action"])
    if action.writes:
        raise OnlyReads(_("This action changes something: send it with POST."))
    known = set(arguments_of(method).__struct_fields__)
    return {name: _value(text) for name, text in request.query_params.items() if name in known or name not in PAGING}


def _value(text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return text


def with_version(request: Request, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with the version that If-Match names.

    Raises
    ------
    InvalidInput
        Where the header is no version, the action has none, or the arguments name another.
    """
    given = request.headers.get("if-match")
    if given is None:
        return arguments
    found = VERSION.fullmatch(given.strip())
    method, _action = find_action(SERVICES, request.path_params["service"], request.path_params["action"])
    if found is None or "version" not in arguments_of(method).__struct_fields__:
        raise InvalidInput(_("If-Match names no version that this action knows. Send the ETag of the record, or leave it out."), "version")
    version = int(found[1])
    if arguments.get("version", version) != version:
        raise InvalidInput(_("If-Match and the version in the request differ."), "version")
    return arguments | {"version": version}


def bearer_of(request: Request) -> str:
    """The token of a request, or nothing."""
    scheme, _space, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def request_id_of(request: Request) -> UUID:
    """The number of a request, its sender's or a new one. Raises `InvalidInput`."""
    given = request.headers.get("idempotency-key")
    try:
        return UUID(given) if given else uuid4()
    except ValueError:
        raise InvalidInput(_("The Idempotency-Key must be a UUID.")) from None


def respond(request: Request, value: Any) -> Response:
    """An answer in the shape that was asked for: frames as JSON with pages, and with its ETag where it can be asked for again.

    Raises
    ------
    InvalidInput
        Where the page that is asked for cannot be.
    """
    headers: dict[str, str] = {}
    if hasattr(value, "to_pandas") and _wants_json(request):
        value, headers = _page(request, value)
    response = answer(value)
    response.headers.update(headers)
    version = getattr(value, "version", None)
    if request.method == "GET" or version is not None:
        digest = hashlib.sha256(bytes(response.body)).hexdigest()[:20]
        tag = f'"{version}-{digest}"' if version is not None else f'"{digest}"'
        if request.method == "GET" and tag in request.headers.get("if-none-match", ""):
            return Response(status_code=NOT_MODIFIED, headers={"ETag": tag})
        response.headers["ETag"] = tag
    if request.method == "GET":
        response.headers["Cache-Control"] = "private, no-cache"
    return response


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return JSON in accepted or (request.method == "GET" and ARROW not in accepted)


def _page(request: Request, frame: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The rows after the cursor in the order of their key: who comes and goes meanwhile moves no other row to another page."""
    limit, cursor = _limit(request.query_params), request.query_params.get("cursor", "")
    key = next((name for name in KEYS if name in frame.column_names), "")
    if limit is None and not cursor:
        return {"rows": frame.to_pylist(), "next": None}, {}
    if not key:
        raise InvalidInput(_("This list has no pages."), "limit")
    import pyarrow.compute as pc

    if cursor:
        frame = frame.filter(pc.greater(frame[key], _key_in(cursor, frame[key].type)))
    frame = frame.sort_by(key)
    rows = frame.slice(0, limit).to_pylist()
    if limit is None or len(frame) <= limit:
        return {"rows": rows, "next": None}, {}
    after = base64.urlsafe_b64encode(str(rows[-1][key]).encode()).decode().rstrip("=")
    link = request.url.include_query_params(cursor=after)
    return {"rows": rows, "next": after}, {"Link": f'<{link.path}?{link.query}>; rel="next"'}


def _limit(query: QueryParams) -> int | None:
    text = query.get("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= LARGEST_PAGE):
        raise InvalidInput(_("limit is a number from 1 to {n}.", n=LARGEST_PAGE), "limit")
    return int(text)


def _key_in(cursor: str, kind: Any) -> Any:
    import pyarrow as pa

    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return pa.scalar(text).cast(kind)
    except (binascii.Error, ValueError, pa.ArrowException):
        raise InvalidInput(_("This cursor is none of ours. Begin again without one."), "cursor") from None
