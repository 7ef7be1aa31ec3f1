"""Mail people send us: by IMAP, or posted by a provider; one way a file, all read by `letters.py`."""
