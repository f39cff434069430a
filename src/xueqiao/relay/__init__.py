"""What goes out again, and what is said about what came in.

Destinations get statements that pass their filter: other learning record stores (forwarding) and
services (webhooks). Reactions write a statement when several others have come together. Profiles
are contracts of a source: its statements are checked against their templates and reported.
"""
