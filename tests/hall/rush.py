"""Run as a program by test_seat_law: prepares a class, presses for its seats, counts them."""

import sys

import django

django.setup()

from django.conf import settings  # noqa: E402 - needs the setup

from tests import schema  # noqa: E402
from tests.hall import factories  # noqa: E402
from xueqiao.hall import enrolment  # noqa: E402
from xueqiao.hall.models import Bucket, Enrolment, Offering, SeatMove  # noqa: E402
from xueqiao.people.models import Person  # noqa: E402
from xueqiao.records.models import LogEntry  # noqa: E402


def say(*words):
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def prepare(seats, count):
    schema.lay(settings.HOME)
    factories.offering(factories.county(), seats=int(seats))
    factories.people(int(count))


def press(number):
    offering = Offering.objects.get()
    for person in Person.objects.filter(pk__gt=0).order_by("pk"):
        if person.pk % 4 != int(number):
            continue
        enrolment.enrol(
            offering_id=offering.pk,
            person_id=person.pk,
            by_person_id=person.pk,
            at=factories.AT,
            request_key=f"press:{person.pk}",
        )
        say(f"press:{person.pk}")


def check():
    say(f"taken={Bucket.objects.get().taken}")
    for state in ("active", "waiting"):
        say(f"{state}={Enrolment.objects.filter(state=state).count()}")
    say(f"moves={sum(SeatMove.objects.values_list('amount', flat=True))}")
    say(f"log={LogEntry.objects.filter(kind='hall.enrolled').count()}")


def keys():
    say(*Enrolment.objects.values_list("request_key", flat=True))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
