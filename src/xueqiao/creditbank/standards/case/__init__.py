"""CASE 1.1: standards and frameworks as packages of the 1EdTech exchange standard, out and in.

A version is a CFDocument; its units or levels are CFItems, learning outcomes and assessment
criteria are children of their unit; ``hasSkillLevel`` leads from a unit to its level,
``replacedBy`` from a unit to its successor. What CASE has no word for (credit, hours) stands in the
extensions.
"""
