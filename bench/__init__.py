"""One file for each bar; `python -m bench` runs them all."""
