"""The superior bank 上级学分银行: what we report to it, and the daily comparison."""
