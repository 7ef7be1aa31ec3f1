"""What is remembered: CRM tables, journal, decisions, proposals, outbox, audit chain, contact history."""
