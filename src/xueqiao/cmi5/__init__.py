"""cmi5, Quartz 1st edition, on the side of the platform that launches.

Course packages are imported as versions of a course, learners are registered, assignable units are
launched in sessions with a credential of their own, what a unit says is held against the profile
before it is believed, and blocks and courses become satisfied. The store itself is ``records``.
"""
