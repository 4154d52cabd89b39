"""What every widget and screen shares: events by name, safe handlers, complete disposal."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import re
import secrets
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import anywidget
import ipywidgets

from crm_lab.errors import CrmError, Unavailable
from crm_lab.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

ASSETS = Path(__file__).parent / "assets"
TAKEN = {"open", "close", "send", "focus", "blur", "keys", "comm"}
log = logging.getLogger(__name__)


class Host(Protocol):
    """What a screen may ask of the page it stands in."""

    def toast(self, text: str, undo: bool = False) -> None:  # noqa: FBT001, FBT002
        """Say something; `undo` offers to take the last change back."""

    def store_lost(self) -> None:
        """The store does not answer: say so and try again."""

    def go(self, path: str) -> None:
        """Show another screen."""


def script(*names: str) -> str:
    """The last of our own modules, with those before it, which it imports, for anywidget.

    Our web server hands modules out one by one, and a browser keeps them. Elsewhere all are sent with every widget as one.
    """
    if address := os.environ.get("CRM_SCRIPTS"):
        return f"export default (await import(`${{location.origin}}{address}{names[-1]}.js`)).default;"
    text = "\n".join((ASSETS / f"{name}.js").read_text(encoding="utf-8") for name in names)
    text = re.sub(r"^import .* from '\./\w+\.js';\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^export (?!default)", "", text, flags=re.MULTILINE)


@cache
def plain_layout() -> ipywidgets.Layout:
    """The layout of everything that CSS alone places. One for all: each is a message when it is made, and one when it goes."""
    return ipywidgets.Layout()


class Stack(ipywidgets.VBox):
    """Regions below each other."""

    classes: ClassVar[tuple[str, ...]] = ()
    """Its CSS classes."""

    def __init__(self, children: Sequence[ipywidgets.Widget]) -> None:
        super().__init__(children, layout=plain_layout(), _dom_classes=self.classes)


class View(anywidget.AnyWidget):
    """An anywidget whose messages call the handlers given by name: `View(on_open=..., on_menu=...)`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if clash := TAKEN & set(vars(cls)):
            message = f"{cls.__name__} redefines {sorted(clash)}, which ipywidgets needs"
            raise TypeError(message)

    classes: ClassVar[tuple[str, ...]] = ()
    """Its CSS classes."""

    def __init__(self, **kwargs: Any) -> None:
        names = [name for name in kwargs if name.startswith("on_")]
        self._handlers: dict[str, Callable[..., Any]] = {name[3:]: kwargs.pop(name) for name in names}
        super().__init__(layout=plain_layout(), _dom_classes=self.classes, **kwargs)
        self.on_msg(self._receive)

    def _receive(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """A message from the browser, which anybody signed in can forge: unknown or misshapen ones are dropped."""
        if not isinstance(message, dict):
            return
        arguments = {str(k): v for k, v in message.items() if k != "event"}
        self.fire(str(message.get("event", "")), **arguments)

    def set_aside(self, *, is_aside: bool) -> None:
        """Hide it, or show it again. Its layout is everybody's: hiding that hides the page."""
        (self.add_class if is_aside else self.remove_class)("away")

    def fire(self, event: str, /, **arguments: Any) -> None:
        """What the browser does; tests call it too. Only named handlers can be reached."""
        handler = self._handlers.get(event)
        if handler is not None and fits(handler, arguments):
            handler(**arguments)


def fits(handler: Callable[..., Any], arguments: dict[str, Any]) -> bool:
    """Whether the handler takes these arguments; where not, somebody made the message up."""
    try:
        inspect.signature(handler).bind(**arguments)
    except TypeError:
        log.warning("refused a message with the arguments %s", sorted(arguments)[:10])
        return False
    return True


def guarded(host: Host, handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler, with errors turned into a sentence for the user; what we did not expect is logged."""

    @wraps(handler)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        except Unavailable:
            host.store_lost()
        except CrmError as error:
            host.toast(error.message)
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("handler failed, reference %s", reference)
            host.toast(_("Something went wrong. Reference {reference}.", reference=reference))
        return None

    return run


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The page's event loop; None in a test or a script."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


_under_way: set[asyncio.Task[None]] = set()


def aside(host: Host, ask: Callable[[], Any], then: Callable[[Any], None], failed: Callable[[str], None] | None = None) -> None:
    """Ask in a thread, so that the page stays alive; `then` gets the answer. Where nothing else runs, ask here.

    Errors of both become a sentence for the user; `failed` gets that of one of asking that people can do something about.
    """
    loop = running_loop()
    if loop is None:
        then(ask())
        return

    def hear(outcome: Any) -> None:
        if failed is not None and isinstance(outcome, CrmError):
            _tell(host, outcome, failed)
            return
        if isinstance(outcome, BaseException):
            raise outcome
        then(outcome)

    async def wait() -> None:
        outcomes = await asyncio.gather(asyncio.to_thread(ask), return_exceptions=True)
        guarded(host, hear)(outcomes[0])

    _keep_on(loop, wait())


def _keep_on(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
    """Do it beside the page; a task that nobody holds may be forgotten half done."""
    task = loop.create_task(work)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)


def _tell(host: Host, error: CrmError, failed: Callable[[str], None]) -> None:
    if isinstance(error, Unavailable):
        host.store_lost()
    failed(error.message)


def step_by_step(host: Host, steps: Iterator[None], failed: Callable[[str], None]) -> None:
    """Take the steps of something long one by one, off the kernel's main thread where there is one, so that Stop is heard.

    `failed` gets the sentence of an error that people can do something about.
    """
    loop = running_loop()
    if loop is None:
        for _step in steps:
            pass
        return

    def work() -> bool:
        return next(steps, host) is host

    async def all_of_it() -> None:
        done = False
        while not done:
            try:
                done = await asyncio.to_thread(work)
            except CrmError as error:
                guarded(host, _tell)(host, error, failed)
                return

    _keep_on(loop, all_of_it())


def close_all(widget: Any) -> None:
    """Free a widget for good: ipywidgets keeps every model, its Layout and its Style until each is closed."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    for part in (getattr(widget, "layout", None), getattr(widget, "style", None)):
        if isinstance(part, ipywidgets.Widget) and part is not plain_layout():
            part.close()
    widget.close()
