"""xAPI profiles as contracts of a source: loaded, agreed, checked, reported.

Source: xAPI Profiles 1.0, part two (structure) and part three (matching of templates).
"""
