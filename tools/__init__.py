"""Tools of those who work on Xueqiao; nothing here is installed with it."""
