"""Results as files: asked for, written part by part by a job that may be killed, then fetched.

``asking`` decides whether rows may leave, ``writing`` is the job, ``links`` hands files to programs
that cannot sign in, such as a notebook.
"""
