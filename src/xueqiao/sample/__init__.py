"""The data of ``make demo``, with notices. Files only; read by the ``load_*`` commands."""
