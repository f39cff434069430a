"""How good the data are: rules in the six dimensions of GB/T 36344, scores, held batches.

Each statement is looked at once, when it arrives. ``quality.score`` keeps how many rows each rule
asked and how many broke it, by source and day, and beside that the batches in which it was broken;
``quality.held`` follows from these, from the contracts, and from what people decided.
"""

from xueqiao.lake.quality.scoring import follow

__all__ = ["follow"]
