"""The six-layer board 六层看板: how each layer of the platform stands, from what it last did."""
