"""The arithmetic of service points. Plain Python."""
