"""Loading of the registers, change events, census and boundaries, and of the sample institutions.

``places.load_places`` and ``sample_institutions.load_institutions`` are the verbs. Each step is one
transaction and notes itself as finished in it: stopped at any moment, a second run goes on with the
step that was not finished and repeats nothing.
"""
