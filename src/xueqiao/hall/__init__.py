"""The service hall: class offerings, seats, enrolment, completion."""
