"""Course packages of cmi5: import, launch, sessions, and when an assignable unit is satisfied."""
