"""Edge: pages, endpoints, templates. Translates, calls one verb, translates back."""
