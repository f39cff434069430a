"""Service points as flat rows for the lake. No names and no reasons of visits."""

from __future__ import annotations

from xueqiao.kernel import flat
from xueqiao.service.models import Appointment, CounterSession, ServiceNode, Ticket

NODES = flat.Export(
    ServiceNode.objects.all(),
    {"node_id": "pk"}
    | flat.same(
        "code", "kind", "parent_id", "institution_id", "place_id", "is_sample", "valid_from",
        "valid_to",
    ),
    key="node_id",
)  # fmt: skip
APPOINTMENTS = flat.Export(
    Appointment.objects.all(),
    {
        "appointment_id": "pk", "node_id": "slot__node_id", "kind": "slot__kind",
        "starts_at": "slot__starts_at",
    }
    | flat.same("person_id", "state", "booked_at", "state_since"),
    key="appointment_id",
)  # fmt: skip
TICKETS = flat.Export(
    Ticket.objects.all(),
    {"ticket_id": "pk", "node_id": "queue__node_id", "day": "queue__day"}
    | flat.same(
        "kind", "person_id", "appointment_id", "due_at", "drawn_at", "state", "state_since", "calls"
    ),
    key="ticket_id",
)
COUNTER_SESSIONS = flat.Export(
    CounterSession.objects.all(),
    {"counter_session_id": "pk"}
    | flat.same("node_id", "person_id", "ticket_id", "started_at", "ended_at"),
    key="counter_session_id",
)
