"""The rulebook 规则库: agreements, the making of conversion rules, and the numbers of measures.

Agreements are signed by both sides (``agreements``). A rule version is drafted (``drafting``),
checked (``lint``), put to public consultation (``consultation``), run over past conversions
(``simulation``), signed by both sides and published by a second person (``publication``). Each rule
says itself in one Chinese and one English sentence (``sentences``). Numbers of a measure are
proposed and published here too (``measures``).
"""
