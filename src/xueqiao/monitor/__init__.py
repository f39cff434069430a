"""Indicators: numerator, denominator, register, date, roll-up."""
