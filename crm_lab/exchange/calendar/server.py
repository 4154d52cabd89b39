"""A calendar server by CalDAV (RFC 4791): which calendars it has, what is in one, and how that is changed without overwriting others' work."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin, urlsplit

import httpx
from lxml import etree

from crm_lab.errors import Conflict, InvalidInput, Unavailable
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from lxml.etree import _Element

PATIENCE = 30.0
AT_A_TIME = 50
LARGEST_ANSWER, LARGEST_OBJECT = 64 << 20, 1 << 20
MOST_REDIRECTS = 5
NAMES = {"d": "DAV:", "c": "urn:ietf:params:xml:ns:caldav", "s": "http://calendarserver.org/ns/"}
ASKED = "<d:resourcetype/><d:displayname/><d:current-user-principal/><c:calendar-home-set/><c:supported-calendar-component-set/>"
ROOT = '<d:{name} xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/">{inner}</d:{name}>'
MULTIGET = '<c:calendar-multiget xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop><d:getetag/><c:calendar-data/></d:prop>{hrefs}</c:calendar-multiget>'
OK = re.compile(r"HTTP/\S+ 2\d\d")


class CalendarRefused(InvalidInput):
    """The server does not let one in."""

    def __init__(self, host: str) -> None:
        super().__init__(_("{host} does not accept the user name and password.", host=host), "secret")


class NoSuchCalendar(InvalidInput):
    """An address at which there is no calendar."""

    def __init__(self, url: str) -> None:
        super().__init__(_("There is no calendar at {url}. Copy its CalDAV address from the settings of the calendar.", url=url[:200]), "url")


class CalendarAway(Unavailable):
    """The server does not answer, or not in a way that can be understood."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(_("The calendar server {host} cannot be reached: {reason}", host=host, reason=reason[:200]), "url")


class ChangedThere(Conflict):
    """The other calendar has another version of it by now."""

    def __init__(self) -> None:
        super().__init__(_("It was changed in the other calendar meanwhile."))


class NotTaken(InvalidInput):
    """The server does not take this one object."""

    def __init__(self, host: str, status: str) -> None:
        super().__init__(_("{host} does not take the appointment: {reason}", host=host, reason=status))


@dataclass(frozen=True, slots=True)
class CalendarChoice:
    """A calendar that a server has."""

    url: str
    name: str

    def shown(self) -> str:
        """How it is called."""
        return self.name or self.url.rstrip("/").rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class CalendarObject:
    """What stands at one address of a calendar: an appointment, or a series with its changed times."""

    etag: str
    body: bytes


class CalendarServer:
    """One calendar of a server, or the server itself. Everything may raise `CalendarAway` and `CalendarRefused`."""

    def __init__(self, url: str, user_name: str, secret: str) -> None:
        self.url, self._login = url, (user_name, secret)
        self._host = urlsplit(url).netloc
        self._client = httpx.Client(timeout=PATIENCE, auth=httpx.BasicAuth(*self._login), headers={"User-Agent": "crm_lab"}, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def calendars(self) -> list[CalendarChoice]:
        """The calendars for appointments that one finds from the address: itself, or those of the user. Raises `NoSuchCalendar`."""
        for start in (self.url, urljoin(self.url, "/.well-known/caldav")):
            found = self._from(start)
            if found:
                return found
        raise NoSuchCalendar(self.url)

    def token(self) -> str:
        """What changes when anything in the calendar does; "" where the server tells no such thing."""
        for _href, props in self._look(self.url, "<s:getctag/><d:sync-token/>", depth=0):
            return _text(props, "s:getctag") or _text(props, "d:sync-token")
        return ""

    def etags(self) -> dict[str, str]:
        """The addresses of all that is in the calendar, with the version of each. Raises `NoSuchCalendar`."""
        found = {}
        for href, props in self._look(self.url, "<d:getetag/><d:resourcetype/>", depth=1):
            if (etag := _text(props, "d:getetag")) and props.find("d:resourcetype/d:collection", NAMES) is None:
                found[href] = etag
        return found

    def fetch(self, hrefs: Sequence[str]) -> Iterator[dict[str, CalendarObject]]:
        """What stands at these addresses, some at a time; what is too large or gone meanwhile is left out."""
        for n in range(0, len(hrefs), AT_A_TIME):
            wanted = "".join(f"<d:href>{_escaped(href)}</d:href>" for href in hrefs[n : n + AT_A_TIME])
            answer = self._ask("REPORT", self.url, MULTIGET.format(hrefs=wanted), depth=1)
            part = {}
            for href, props in self._read(answer):
                body, etag = _text(props, "c:calendar-data").encode(), _text(props, "d:getetag")
                if body and etag and len(body) <= LARGEST_OBJECT:
                    part[href] = CalendarObject(etag, body)
            yield part

    def put(self, href: str, body: bytes, etag: str = "") -> CalendarObject:
        """Write what stands at an address, over that version or where nothing is yet; what stands there then. Raises `ChangedThere`, `NotTaken`."""
        condition = {"If-Match": etag} if etag else {"If-None-Match": "*"}
        answer = self._send("PUT", self._at(href), body, {"Content-Type": "text/calendar; charset=utf-8"} | condition)
        self._require_taken(answer)
        if (made := answer.headers.get("ETag", "")) and not made.startswith("W/"):
            return CalendarObject(made, body)
        for part in self.fetch([href]):
            if href in part:
                return part[href]
        raise ChangedThere

    def take_away(self, href: str, etag: str) -> None:
        """Take away what stands at an address, unless it changed. Raises `ChangedThere`, `NotTaken`."""
        answer = self._send("DELETE", self._at(href), b"", {"If-Match": etag})
        if answer.status_code not in {httpx.codes.NOT_FOUND, httpx.codes.GONE}:
            self._require_taken(answer)

    def address_of(self, name: str) -> str:
        """The address of a new object."""
        return urlsplit(urljoin(self.url.rstrip("/") + "/", name)).path

    def _from(self, start: str) -> list[CalendarChoice]:
        """The calendars that one finds from there (RFC 6764 section 6)."""
        at, seen = start, set[str]()
        while at and at not in seen:
            seen.add(at)
            try:
                looked = self._look(at, ASKED, depth=0)
            except NoSuchCalendar:
                return []
            for href, props in looked:
                if _is_calendar(props):
                    return [CalendarChoice(self._at(href), _text(props, "d:displayname"))]
                home = _text(props, "c:calendar-home-set/d:href")
                if home:
                    return [CalendarChoice(self._at(url), _text(one, "d:displayname")) for url, one in self._look(home, ASKED, depth=1) if _is_calendar(one)]
                at = _text(props, "d:current-user-principal/d:href")
        return []

    def _look(self, url: str, asked: str, depth: int) -> list[tuple[str, _Element]]:
        return list(self._read(self._ask("PROPFIND", self._at(url), ROOT.format(name="propfind", inner=f"<d:prop>{asked}</d:prop>"), depth=depth)))

    def _ask(self, method: str, url: str, body: str, depth: int) -> bytes:
        answer = self._send(method, url, body.encode(), {"Depth": str(depth), "Content-Type": "application/xml; charset=utf-8"})
        self._require(answer)
        if answer.status_code != httpx.codes.MULTI_STATUS:
            raise NoSuchCalendar(url)
        return answer.content

    def _send(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """One request; the password follows to no other server, and without encryption only to this machine."""
        try:
            for _n in range(MOST_REDIRECTS):
                with self._client.stream(method, url, content=body, headers=headers) as answer:
                    size, parts = 0, []
                    for part in answer.iter_bytes():
                        size += len(part)
                        if size > LARGEST_ANSWER:
                            raise CalendarAway(self._host, _("its answer is too large"))
                        parts.append(part)
                whole = httpx.Response(answer.status_code, headers=_plain_headers(answer), content=b"".join(parts), request=answer.request)
                if answer.status_code == httpx.codes.UNAUTHORIZED and "digest" in answer.headers.get("WWW-Authenticate", "").lower() and not self._is_digest:
                    self._client.auth = httpx.DigestAuth(*self._login)
                    continue
                if not answer.has_redirect_location:
                    return whole
                url = self._at(urljoin(url, answer.headers["Location"]))
        except httpx.HTTPError as error:
            raise CalendarAway(self._host, str(error) or type(error).__name__) from None
        raise CalendarAway(self._host, _("it sends one from address to address"))

    @property
    def _is_digest(self) -> bool:
        return isinstance(self._client.auth, httpx.DigestAuth)

    def _require(self, answer: httpx.Response) -> None:
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise CalendarRefused(self._host)
        if answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.GONE, httpx.codes.METHOD_NOT_ALLOWED}:
            raise NoSuchCalendar(str(answer.request.url))
        if not answer.is_success:
            raise CalendarAway(self._host, f"{answer.status_code} {answer.reason_phrase}")

    def _require_taken(self, answer: httpx.Response) -> None:
        """One object is refused, not the calendar."""
        if answer.status_code == httpx.codes.PRECONDITION_FAILED:
            raise ChangedThere
        if answer.is_client_error and answer.status_code not in {httpx.codes.UNAUTHORIZED, httpx.codes.TOO_MANY_REQUESTS}:
            raise NotTaken(self._host, f"{answer.status_code} {answer.reason_phrase}")
        self._require(answer)

    def _at(self, href: str) -> str:
        """The whole address; one of another company's server is refused."""
        url = urljoin(self.url, href)
        here, there = urlsplit(self.url), urlsplit(url)
        is_near = here.scheme == there.scheme == "https" and there.netloc.endswith("." + ".".join(here.netloc.split(".")[-2:]))
        if (there.scheme, there.netloc) != (here.scheme, here.netloc) and not is_near:
            raise CalendarAway(self._host, _("it sends one to another server"))
        return url

    def _read(self, answer: bytes) -> Iterator[tuple[str, _Element]]:
        """The address and properties of each part of an answer (RFC 4918 section 13)."""
        try:
            root = etree.fromstring(answer, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
        except etree.XMLSyntaxError as error:
            raise CalendarAway(self._host, str(error)) from None
        for response in root.findall("d:response", NAMES):
            href = _text(response, "d:href")
            for found in response.findall("d:propstat", NAMES):
                if href and OK.match(_text(found, "d:status")) and (props := found.find("d:prop", NAMES)) is not None:
                    yield urlsplit(urljoin(self.url, href)).path, props


def _plain_headers(answer: httpx.Response) -> list[tuple[str, str]]:
    """Without those that speak of how the answer was packed."""
    return [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in {"content-encoding", "content-length", "transfer-encoding"}]


def _is_calendar(props: _Element) -> bool:
    """Whether it is a calendar that takes appointments."""
    kinds = [str(one.get("name")) for one in props.findall("c:supported-calendar-component-set/c:comp", NAMES)]
    return props.find("d:resourcetype/c:calendar", NAMES) is not None and (not kinds or "VEVENT" in kinds)


def _text(element: Any, path: str) -> str:
    return (element.findtext(path, "", NAMES) or "").strip()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
