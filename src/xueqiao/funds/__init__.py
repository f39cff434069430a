"""Money for learning, in whole fen: approved budgets by place and year."""
