"""What the console shows: what waits for me (``worklist``), a case and its moves (``case``)."""
