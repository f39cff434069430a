"""What goes out again: forwarding, webhooks, reactions, and profiles as contracts of a source."""
