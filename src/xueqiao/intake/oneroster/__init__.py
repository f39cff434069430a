"""OneRoster 1.2 CSV: rosters of schools, as one zip file.

A package describes orgs, people, courses, classes and who is in which class. Its rows are kept as
they are (``models/rosters.py``); what changes in the enrolments of students becomes statements.
Source: OneRoster 1.2 CSV binding (1EdTech).
"""
