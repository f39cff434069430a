"""What the cockpit shows, put together from stored values: ``board`` reads, ``words`` says it."""
