"""What the console shows, put together for its pages: what waits for me, and a case with its moves."""
