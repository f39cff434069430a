"""Pages, one module for each app; every view names its policy through ``web.access``."""
