"""The tables of governance, a module for each noun."""
