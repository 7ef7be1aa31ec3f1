"""What a campaign brought, counted once for the pages, the files to take away, and whoever asks in chat."""
