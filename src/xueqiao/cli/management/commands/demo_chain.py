"""``xueqiao demo_chain``: a certificate, a class, work and a module become one qualification."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from xueqiao.creditbank import demo, demo_chain
from xueqiao.kernel import credit
from xueqiao.people import rights


class Command(BaseCommand):
    help = (
        "Walk one sample learner from four ways of learning to a qualification. Safe to run again."
    )
    policy = rights.SHELL

    def handle(self, **options: object) -> None:
        who = {name: demo.person(name) for name in ("learner", "helper", "assessor", "province")}
        demo_chain.learn(learner=who["learner"], by=demo.person("institution"))
        demo_chain.recognise_certificate(**who)
        made = demo_chain.convert(learner=who["learner"], province=who["province"])
        done = demo_chain.award(learner=who["learner"], province=who["province"])
        demo_chain.certify(conversions=made)
        text = _("{title}: {credits} credits, {n} conversions, {state}")
        shown = text.format(
            title=done.qualification.title_zh, credits=credit.show(done.total_hundredths),
            n=len(made), state=done.get_state_display(),
        )  # fmt: skip
        self.stdout.write(shown)
