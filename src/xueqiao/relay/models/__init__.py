"""Tables of the relay, by noun: destinations, reactions, profiles."""

from xueqiao.relay.models.destinations import (
    Authentication,
    Destination,
    DestinationKind,
    Shipment,
    ShipmentState,
)
from xueqiao.relay.models.profiles import Breach, Profile, ProfileContract, TemplateTally
from xueqiao.relay.models.reactions import Reaction

__all__ = [
    "Authentication",
    "Breach",
    "Destination",
    "DestinationKind",
    "Profile",
    "ProfileContract",
    "Reaction",
    "Shipment",
    "ShipmentState",
    "TemplateTally",
]
