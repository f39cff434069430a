"""The credit bank: accounts, ledger, recognition, conversion, certificates."""
