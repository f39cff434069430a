"""The lake: extract, stage, marts; the same answer on every engine."""
