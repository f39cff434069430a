"""Console: the moves of a recognition case. Each is one verb of the credit bank."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from xueqiao.creditbank import recognition
from xueqiao.creditbank.models import Application, Objection
from xueqiao.kernel import clock, credit, errors
from xueqiao.people import rights
from xueqiao.web import access
from xueqiao.web.pages import console_recognition as cases

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


class NotCredits(errors.Refusal):
    """What was typed as credits is no number with at most two decimals."""

    code = "console.not_credits"
    status = 422
    text_for = _(
        "“{text}” is no number of credits. Write one with at most two decimals, such as 1.5."
    )


def parse(text: str) -> int:
    """Credits that a person typed, in hundredths.

    Raises:
        NotCredits: not a number with at most two decimals.
    """
    try:
        return credit.parse(text)
    except ValueError:
        raise NotCredits(str(NotCredits.text_for).format(text=text)) from None


def move(request: HttpRequest, pk: int, name: str, verb: Callable[..., Any]) -> HttpResponse:
    """Make one move; a refusal comes back beside its button with what was typed."""
    application = cases.find(request, pk)
    try:
        verb(application=application, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return cases.page(request, cases.find(request, pk), why, name)
    if request.headers.get("HX-Target") == "case":
        return cases.page(request, cases.find(request, pk))
    return redirect("console-case", pk)


def amounts(request: HttpRequest, application: Application) -> dict[int, int]:
    """The credits typed for each unit of a case."""
    typed = {
        item.unit_id: request.POST.get(f"unit-{item.unit_id}", "0")
        for item in application.items.all()
    }
    return {unit: parse(text) for unit, text in typed.items()}


@require_POST
@access.page(rights.RECOGNITION_QUEUE)
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a waiting case up."""
    return move(request, pk, "take", recognition.take)


@require_POST
@access.page(rights.RECOGNITION_QUEUE)
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a case that was taken up back to all."""
    return move(request, pk, "take", recognition.release)


@require_POST
@access.page(rights.RECOGNITION_QUEUE)
def declare(request: HttpRequest, pk: int) -> HttpResponse:
    """Declare ties to the applicant, or that there are none."""
    verb = partial(
        recognition.declare,
        is_kin=request.POST.get("kin") == "yes",
        is_employer=request.POST.get("employer") == "yes",
        other=request.POST.get("other", ""),
    )
    answer = move(request, pk, "declare", verb)
    if answer.status_code == HTTPStatus.FOUND:
        messages.success(request, _("Your declaration is kept with the case."))
    return answer


@require_POST
@access.page(rights.RECOGNITION_ACCEPT)
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept a complete application."""
    verb = partial(recognition.accept, note=request.POST.get("note", ""))
    return move(request, pk, "accept", verb)


@require_POST
@access.page(rights.RECOGNITION_QUEUE)
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Return an application and say what is missing: the service point, or the first review."""
    verb = partial(recognition.return_for_more, note=request.POST.get("note", ""))
    return move(request, pk, "return", verb)


@require_POST
@access.page(rights.RECOGNITION_SCREEN)
def screen(request: HttpRequest, pk: int) -> HttpResponse:
    """Pass the first review."""
    verb = partial(recognition.screen, note=request.POST.get("note", ""))
    return move(request, pk, "screen", verb)


@require_POST
@access.page(rights.RECOGNITION_ASSESS)
def assess(request: HttpRequest, pk: int) -> HttpResponse:
    """Record what the assessor found."""
    return move(request, pk, "assess", partial(_assess, request))


def _assess(request: HttpRequest, *, application: Application, **who: Any) -> Application:
    method = request.POST.get("method", "")
    prefix = f"{method}-"
    details = {
        name.removeprefix(prefix): str(text)
        for name, text in request.POST.items()
        if name.startswith(prefix)
    }
    return recognition.assess(
        application=application,
        method=method,
        amounts=amounts(request, application),
        findings=request.POST.get("findings", ""),
        no_conflict_declared=request.POST.get("no_conflict") == "yes",
        details=details,
        **who,
    )


@require_POST
@access.page(rights.RECOGNITION_ASSESS)
def vote(request: HttpRequest, pk: int) -> HttpResponse:
    """Vote on what stands proposed."""
    verb = partial(
        recognition.vote,
        in_favour=request.POST.get("vote") == "yes",
        reasons=request.POST.get("reasons", ""),
    )
    return move(request, pk, "vote", verb)


@require_POST
@access.page(rights.RECOGNITION_ASSESS)
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the assessment on for decision."""
    verb = partial(recognition.propose, note=request.POST.get("note", ""))
    return move(request, pk, "propose", verb)


@require_POST
@access.page(rights.RECOGNITION_DECIDE)
def rule_on(request: HttpRequest, pk: int, objection_id: int) -> HttpResponse:
    """Rule on an objection."""
    found = get_object_or_404(Objection, pk=objection_id, application=cases.find(request, pk))

    def verb(*, application: Application, **who: Any) -> object:
        del application
        return recognition.rule_on(
            objection=found,
            upheld=request.POST.get("upheld") == "yes",
            reasons=request.POST.get("reasons", ""),
            **who,
        )

    return move(request, pk, f"objection-{objection_id}", verb)


def reasoned(name: str, verb: Callable[..., Any], policy: rights.Policy) -> access.View:
    """A page for a move that needs reasons and nothing else."""

    @require_POST
    @access.page(policy)
    def page(request: HttpRequest, pk: int) -> HttpResponse:
        return move(request, pk, name, partial(verb, reasons=request.POST.get("reasons", "")))

    return page


@require_POST
@access.page(rights.RECOGNITION_REVIEW)
def take_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the review of an appeal."""
    return move(request, pk, "take-up", recognition.take_up)


@require_POST
@access.page(rights.RECOGNITION_REVIEW)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a decision in the applicant's favour."""

    def verb(*, application: Application, **who: Any) -> Application:
        return recognition.change(
            application=application,
            amounts=amounts(request, application),
            reasons=request.POST.get("reasons", ""),
            **who,
        )

    return move(request, pk, "change", verb)


@require_POST
@access.page(rights.RECOGNITION_REVOKE)
def ask_revocation(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a decided case to be undone."""
    verb = partial(
        recognition.ask_revocation,
        ground=request.POST.get("ground", ""),
        reasons=request.POST.get("reasons", ""),
    )
    return move(request, pk, "ask-revocation", verb)


CASE = "console/recognition/<int:pk>"
decide = reasoned("decide", recognition.decide, rights.RECOGNITION_DECIDE)
reject = reasoned("reject", recognition.reject, rights.RECOGNITION_DECIDE)
send_back = reasoned("send-back", recognition.send_back, rights.RECOGNITION_DECIDE)
uphold = reasoned("uphold", recognition.uphold, rights.RECOGNITION_REVIEW)
revoke = reasoned("revoke", recognition.revoke, rights.RECOGNITION_REVOKE)
keep = reasoned("keep", recognition.keep, rights.RECOGNITION_REVOKE)

urlpatterns = [
    path(f"{CASE}/take/", take, name="console-case-take"),
    path(f"{CASE}/release/", release, name="console-case-release"),
    path(f"{CASE}/declare/", declare, name="console-case-declare"),
    path(f"{CASE}/accept/", accept, name="console-case-accept"),
    path(f"{CASE}/return/", give_back, name="console-case-return"),
    path(f"{CASE}/screen/", screen, name="console-case-screen"),
    path(f"{CASE}/assess/", assess, name="console-case-assess"),
    path(f"{CASE}/vote/", vote, name="console-case-vote"),
    path(f"{CASE}/propose/", propose, name="console-case-propose"),
    path(f"{CASE}/objections/<int:objection_id>/", rule_on, name="console-case-objection"),
    path(f"{CASE}/decide/", decide, name="console-case-decide"),
    path(f"{CASE}/send-back/", send_back, name="console-case-send-back"),
    path(f"{CASE}/reject/", reject, name="console-case-reject"),
    path(f"{CASE}/take-up/", take_up, name="console-case-take-up"),
    path(f"{CASE}/change/", change, name="console-case-change"),
    path(f"{CASE}/uphold/", uphold, name="console-case-uphold"),
    path(f"{CASE}/ask-revocation/", ask_revocation, name="console-case-ask-revocation"),
    path(f"{CASE}/revoke/", revoke, name="console-case-revoke"),
    path(f"{CASE}/keep/", keep, name="console-case-keep"),
]
