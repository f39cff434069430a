"""What is done to an agreement of two sides from its page, whatever the two agree about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from xueqiao.kernel import clock, errors
from xueqiao.people import bothsides
from xueqiao.web import access
from xueqiao.web.console.agreements import SignForm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import QuerySet
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse

    Verb = Callable[..., Any]


class Page(Protocol):
    """Shows an agreement, with a refusal or a form that was filled in wrongly."""

    def __call__(
        self,
        request: HttpRequest,
        pk: int,
        *,
        why: errors.Refusal | None = None,
        bound: Form | None = None,
    ) -> HttpResponse: ...


@dataclass(frozen=True)
class Actions:
    """The actions of the pages of one kind of agreement.

    Attributes:
        kept: the agreements that somebody may act on; others are not found.
        page: shows one of them.
        address: name of the address that a done action leads to.
    """

    kept: Callable[[HttpRequest], QuerySet[Any]]
    page: Page
    address: str

    def do(self, request: HttpRequest, pk: int, verb: Verb, **more: Any) -> HttpResponse:
        """Let a verb act on an agreement, and show it again; or why it was refused."""
        row = get_object_or_404(self.kept(request), pk=pk)
        try:
            verb(agreement=row, by=access.signed_in(request), at=clock.now(), **more)
        except errors.Refusal as why:
            return self.page(request, pk, why=why)
        return redirect(self.address, pk)

    def filled(self, request: HttpRequest, pk: int, form: Form, verb: Verb) -> HttpResponse:
        """The same with what a form holds; or the page with what is wrong in it."""
        get_object_or_404(self.kept(request), pk=pk)
        if not form.is_valid():
            return self.page(request, pk, bound=form)
        return self.do(request, pk, verb, **form.cleaned_data)

    def send_back(self, request: HttpRequest, pk: int, verb: Verb) -> HttpResponse:
        """Return an offered text for a change, with the reason."""
        return self.do(request, pk, verb, reason=request.POST.get("reason", ""))

    def sign(self, request: HttpRequest, pk: int, verb: Verb) -> HttpResponse:
        """Sign for one side; who signs last reads that both have."""
        form = SignForm(request.POST, prefix=request.POST.get("for", ""))
        answer = self.filled(request, pk, form, verb)
        row = get_object_or_404(self.kept(request), pk=pk)
        if answer.status_code == 302 and bothsides.is_signed(row):  # noqa: PLR2004
            messages.success(request, _("Both sides have signed."))
        return answer


def signing(forms: Iterable[Form], bound: Form | None) -> list[Form]:
    """The forms of signature, that which was filled in wrongly in place of its like."""
    return [bound if bound and bound.prefix == each.prefix else each for each in forms]


def status(why: errors.Refusal | None, bound: Form | None) -> int:
    """The status of a page with a refusal or a form."""
    return why.status if why else 422 if bound and bound.errors else 200
